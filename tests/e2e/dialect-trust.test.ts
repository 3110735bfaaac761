import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { freePort } from './program.ts'
import { Stage } from './stage.ts'

/** What those of other dialects cannot do to the compiled program and the people who use it. */

setDefaultTimeout(90_000)

const stage = new Stage()
afterEach(() => stage.close())

describe('where no dialect is let in', () => {
  test.each([
    ['framed', '\0\0\0\x02{}'],
    ['mesh', '{"id":"1","type":"join","sender_id":"a"}\n'],
    ['tracker', '{"action":"register","port":41234}'],
    ['line', '[Lou] hello\n'],
  ])('the log says that a caller speaks %s, and how to let it in', async (dialect, says) => {
    const us = await stage.hearsay(['--debug'])
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const heard: string[] = []
    const socket = { data: (_: unknown, bytes: Buffer) => void heard.push(bytes.toString()), close: () => resolve() }
    const caller = await Bun.connect({ hostname: '127.0.0.1', port: us.port, socket })
    caller.write(says)
    caller.flush()
    await closed
    await us.when(() => us.stderr.includes('dialect-off'))
    expect(us.stderr).toContain(`speaks ${dialect}, which is not let in here: --dialect ${dialect} does that`)
    expect(us.stderr).not.toContain('a program that')
    expect(heard).toEqual([])
  })
})

describe('a dialect that is off', () => {
  test.each([
    ['framed', 'mesh', '\0\0\0\x02{}'],
    ['mesh', 'framed', '{"id":"1","type":"join","sender_id":"a"}\n'],
    ['tracker', 'line', '{"action":"register","port":41234}'],
    ['line', 'tracker', '[Lou] hello\n'],
  ])('%s is refused, and the log says which it is and how to let it in', async (dialect, other, says) => {
    const us = await stage.hearsay(['--dialect', other, '--debug'])
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const heard: string[] = []
    const socket = { data: (_: unknown, bytes: Buffer) => void heard.push(bytes.toString()), close: () => resolve() }
    const caller = await Bun.connect({ hostname: '127.0.0.1', port: us.port, socket })
    caller.write(says)
    caller.flush()
    await closed
    await us.when(() => us.stderr.includes('dialect-off'))
    expect(us.stderr).toContain(`speaks ${dialect}, which is not let in here: --dialect ${dialect} does that`)
    expect(heard).toEqual([])
  })

  test('is not let in by asking for others, and an original hears nothing', async () => {
    const us = await stage.hearsay(['--dialect', 'mesh', '--debug'])
    const peer = await stage.original('framed', ['--port', await freePort(), '--connect', us.address])
    await us.when(() => us.stderr.includes('dialect-off'))
    expect(peer.of('peer')).toEqual([])
  })
})

describe('whoever nobody vouches for', () => {
  test('is never seen under a name of ours: what names hide is taken away, and the mark stays', async () => {
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', 'framed'])
    const native = await stage.hearsay(['--username', 'Nora', '--connect', us.address])
    await native.peerUp(us.id)
    const { original } = await stage.framed('Eve', '--connect', us.address)
    await original.until('peer', { id: us.address })
    const names = [
      ['Nora', 'Nora (framed)'],
      ['No\u200bra', 'Nora (framed)'],
      ['\u202earoN', 'aroN (framed)'],
      ['\u2067Nora\u2069', 'Nora (framed)'],
      ['  Nora \t ', 'Nora (framed)'],
      ['Nora\u001b[8m', 'Nora (framed)'],
      ['Nora (hearsay)', 'Nora (hearsay) (framed)'],
      ['Nora (framed)', 'Nora (framed) (framed)'],
      ['N'.repeat(200), `${'N'.repeat(23)} (framed)`],
      ['N'.repeat(500), null],
      [`Nora${'\u0301'.repeat(300)}`, null],
      ['', null],
    ] as const
    for (const [at, [username]] of names.entries()) {
      const more = { room: 'general', msg: `I am number ${at}`, username }
      original.do({ do: 'raw', type: 'chat', more })
      await native.hears(`I am number ${at}`)
    }
    const seen = native.messages().filter(({ text }) => text.startsWith('I am number'))
    for (const [at, { from, relayed, self }] of seen.entries()) {
      expect([from.name.endsWith(' (framed)'), relayed, self, from.id.startsWith('framed:')]).toEqual([
        true,
        'framed',
        false,
        true,
      ])
      const shown = names[at]?.[1]
      if (shown !== null) expect(from.name).toBe(shown!)
      expect(from.name.length).toBeLessThan(80)
    }
    const peers = await us.do({ do: 'peers' })
    expect(peers['peers']).toContainEqual(expect.objectContaining({ dialect: 'framed', verified: false }))
  })

  test('never hears what was said to one person alone, or in rooms that the bridge is not in', async () => {
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', 'framed,line'])
    const native = await stage.hearsay([
      '--username',
      'Nora',
      '--connect',
      us.address,
      '--room',
      'general',
      '--room',
      'secret',
    ])
    await native.peerUp(us.id)
    const { original } = await stage.framed('Eve', '--connect', us.address)
    await original.until('peer', { id: us.address })
    const line = await stage.original('line', ['connect', '127.0.0.1', us.port, '--name', 'Lou'])
    line.do({ do: 'send', msg: 'I am here' })
    await native.hears('I am here')
    await native.do({ do: 'msg', peer: 'Ulla', text: 'for you alone' })
    await us.hears('for you alone')
    await us.do({ do: 'msg', peer: 'Nora', text: 'and for you' })
    await native.hears('and for you')
    await native.say('not for here', 'secret')
    original.do({ do: 'raw', type: 'chat', more: { room: 'secret', msg: 'let me in' } })
    await native.say('for everybody', 'general')
    await original.until('chat', { msg: 'for everybody' })
    await line.until('message', { text: 'for everybody' })
    await native.say('and more', 'general')
    await original.until('chat', { msg: 'and more' })
    expect(original.of('chat').map(({ msg }) => msg)).toEqual(['I am here', 'for everybody', 'and more'])
    expect(line.of('message').map(({ text }) => text)).not.toContain('for you alone')
    expect(native.texts()).not.toContain('let me in')
  })
})
