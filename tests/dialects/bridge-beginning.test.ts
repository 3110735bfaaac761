import { describe, expect, test } from 'bun:test'
import { Bridge, LISTEN_FIRST_MS } from '../../src/dialects/bridge.ts'
import type { Words } from '../../src/dialects/words.ts'

const OWN = 'bbbb'
const FELLOW = 'cccc'
const BEGUN_MS = 5_000

/** Nora's, who is one of our own kind. */
function hi(more: Partial<Words> = {}): Words {
  const common = { from: 'native', isExact: true, bridge: null, author: null, kind: 'text', room: 'general' } as const
  return { ...common, origin: '11'.repeat(16), text: 'hi', name: 'nora', ...more }
}

/** As others pass it on in the framed network. */
const copyBy = (bridge: string) => hi({ bridge, name: 'nora (hearsay)' })

/** One that begins, and is not known yet in the framed network, which takes a long way. */
function begin(): Bridge {
  const between = new Bridge(OWN, BEGUN_MS + LISTEN_FIRST_MS)
  for (const network of ['native', 'framed', 'mesh'] as const) between.open({ key: network, network })
  return between
}

function meet(between: Bridge): void {
  for (const side of ['native', 'mesh']) between.fellows(side, [FELLOW])
  between.fellows('framed', [])
}

/** Where it has said what by then. */
function saidBy(between: Bridge, fromMs: number): string[] {
  for (let nowMs = fromMs; nowMs < fromMs + 15_000; nowMs += 100) between.wake(nowMs)
  return between.takeOutputs().map(({ side }) => side)
}

describe('what a bridge hears as it begins', () => {
  test('is left to who has said it, though that one is not known to be where it was heard first', () => {
    const between = begin()
    between.heard('framed', copyBy(FELLOW), BEGUN_MS + 300)
    meet(between)
    between.heard('native', hi({ author: 'nora' }), BEGUN_MS + 400)
    expect(saidBy(between, BEGUN_MS + LISTEN_FIRST_MS)).toEqual([])
  })

  test('is left to who was there before, though that one is known only where it was heard later', () => {
    const between = begin()
    between.heard('framed', copyBy('dddd'), BEGUN_MS + 350)
    meet(between)
    between.heard('native', hi({ author: 'nora' }), BEGUN_MS + 400)
    expect(saidBy(between, BEGUN_MS + LISTEN_FIRST_MS)).toEqual([])
  })

  test('was said elsewhere before it could hear that, where who passes it on has waited for others', () => {
    const heardAt = (atMs: number, act = (_: Bridge): void => {}): string[] => {
      const between = begin()
      meet(between)
      act(between)
      between.heard('framed', copyBy(FELLOW), atMs)
      return saidBy(between, atMs).filter((side) => side === 'mesh')
    }
    expect(heardAt(BEGUN_MS + LISTEN_FIRST_MS + 500)).toEqual([])
    // Who is as new, or not there, has not said it; nor has it what it passes on later.
    expect(heardAt(BEGUN_MS + 1_500, (between) => between.introduced(FELLOW, BEGUN_MS + 1, BEGUN_MS + 100))).toEqual([
      'mesh',
    ])
    expect(heardAt(BEGUN_MS + 1_500, (between) => between.fellows('mesh', []))).toEqual(['mesh'])
    expect(heardAt(BEGUN_MS + 30_000)).toEqual(['mesh'])
  })
})
