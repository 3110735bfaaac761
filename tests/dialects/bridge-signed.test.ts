import { describe, expect, test } from 'bun:test'
import { Bridge, HOLD_MS } from '../../src/dialects/bridge.ts'
import type { Words } from '../../src/dialects/words.ts'

/** What one of ours says comes by every network that two bridges share: who said it is told by the one in which it is signed. */

const FELLOW = 'aaaa'

function words(text: string, more: Partial<Words>): Words {
  const origin = Buffer.from(text.padEnd(16).slice(0, 16)).toString('hex')
  const common = { isExact: true, bridge: null, author: null, kind: 'text', room: 'general' } as const
  return { ...common, origin, from: 'native', name: 'nora', text, ...more }
}

/** As another bridge has put it into a network of another protocol. */
const copy = (text: string, name = 'nora (hearsay)') => words(text, { bridge: FELLOW, name })
const signed = (text: string) => words(text, { author: 'nora' })

function between(): Bridge {
  const bridge = new Bridge('bbbb')
  for (const network of ['native', 'framed', 'mesh'] as const) bridge.open({ key: network, network })
  bridge.open({ key: 'line 1', network: 'line' })
  for (const side of ['native', 'framed', 'mesh']) bridge.fellows(side, [FELLOW])
  return bridge
}

const onLine = (bridge: Bridge) =>
  bridge
    .takeOutputs()
    .filter(({ side }) => side === 'line 1')
    .map(({ words: { name, text } }) => `${name}: ${text}`)

describe('words of one of ours', () => {
  test.each(['framed', 'mesh'])('whose copy in %s comes first are said by the name they are signed with', (network) => {
    const bridge = between()
    bridge.heard(network, copy('hi'), 0)
    expect(onLine(bridge)).toEqual([])
    bridge.heard('native', signed('hi'), 40)
    expect(onLine(bridge)).toEqual(['nora (hearsay): hi'])
    bridge.wake(10 * HOLD_MS)
    expect(onLine(bridge)).toEqual([])
  })

  test('are said by that name too while it is still looked who else is there', () => {
    const bridge = new Bridge('bbbb', 1_000)
    bridge.open({ key: 'native', network: 'native' })
    bridge.open({ key: 'framed', network: 'framed' })
    bridge.open({ key: 'line 1', network: 'line' })
    bridge.fellows('native', [FELLOW])
    bridge.heard('framed', copy('hi'), 900)
    bridge.heard('native', signed('hi'), 950)
    bridge.wake(1_000)
    expect(onLine(bridge)).toEqual(['nora (hearsay): hi'])
  })

  test('keep their name where they wait for another to say them', () => {
    const bridge = between()
    bridge.heard('framed', copy('hi'), 20_000)
    bridge.heard('native', signed('hi'), 20_040)
    bridge.wake(20_000 + 10 * HOLD_MS)
    const inMesh = bridge.takeOutputs().filter(({ side }) => side === 'mesh')
    expect(inMesh.map(({ words: { name } }) => name)).toEqual(['nora (hearsay)'])
  })

  test('that are signed by nobody are said with the mark of the network they came by, and no other', () => {
    const bridge = between()
    bridge.heard('framed', copy('hi'), 0)
    bridge.wake(HOLD_MS - 1)
    expect(onLine(bridge)).toEqual([])
    bridge.wake(HOLD_MS)
    expect(onLine(bridge)).toEqual(['nora (framed): hi'])
    bridge.heard('native', signed('hi'), HOLD_MS + 10)
    bridge.wake(20 * HOLD_MS)
    expect(onLine(bridge)).toEqual([])
  })

  test('stay in the order in which they were said, whichever way each came first', () => {
    const bridge = between()
    bridge.heard('framed', copy('one'), 0)
    bridge.heard('native', signed('one'), 20)
    bridge.heard('native', signed('two'), 30)
    bridge.heard('mesh', copy('three'), 40)
    bridge.heard('native', signed('three'), 50)
    expect(onLine(bridge)).toEqual(['nora (hearsay): one', 'nora (hearsay): two', 'nora (hearsay): three'])
  })

  test('that come from where we hear no signed ones are said at once', () => {
    const bridge = between()
    bridge.fellows('native', [])
    bridge.heard('framed', copy('hi'), 0)
    expect(onLine(bridge)).toEqual(['nora (framed): hi'])
  })
})

describe('a stranger who claims to bring words of one of ours', () => {
  test('speaks under the mark of his own network, a moment later', () => {
    const bridge = between()
    bridge.heard('framed', copy('I am nora', 'nora'), 0)
    bridge.wake(20 * HOLD_MS)
    expect(onLine(bridge)).toEqual(['nora (framed): I am nora'])
  })

  test.each([
    ['before', 0, null],
    ['after', 30, null],
    ['after, as if it were his own', 30, { bridge: null }],
  ] as const)('puts no other words in the place of those that are signed, sent %s', (_, atMs, more) => {
    const bridge = between()
    const forge = (): void => bridge.heard('framed', { ...copy('hi'), ...more, text: 'forged' }, atMs)
    if (atMs < 20) forge()
    bridge.heard('native', signed('hi'), 20)
    if (atMs > 20) forge()
    bridge.wake(20 * HOLD_MS)
    const texts = bridge.takeOutputs().map(({ words: { text } }) => text)
    expect(texts).toContain('hi')
    expect(texts).not.toContain('forged')
  })

  test('does not keep an original waiting who is called the same', () => {
    const bridge = between()
    bridge.heard('framed', copy('I am nora', 'nora'), 0)
    bridge.heard('framed', words('I was nora first', { from: 'framed' }), 10)
    expect(onLine(bridge)).toEqual(['nora (framed): I was nora first'])
  })
})
