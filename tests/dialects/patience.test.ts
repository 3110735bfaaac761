import { describe, expect, test } from 'bun:test'
import { type Bridge, HOLD_MS, LISTEN_FIRST_MS } from '../../src/dialects/bridge.ts'
import { Patience } from '../../src/dialects/patience.ts'
import type { Words } from '../../src/dialects/words.ts'
import { bridgeBetween, words } from './bridge-words.ts'

const STEP_MS = 50
const SAY_EVERY_MS = 1_000
const COMES_AT_MS = 20_000
const END_MS = 50_000
/** On a tracker's network of one machine. */
const ON_THE_WAY_MS = 50
/** How long after the one the other has come to know of it: before the newcomer passes on anything. */
const LATER_MS = [0, 400, LISTEN_FIRST_MS - STEP_MS]

const natively = (text: string): Words => words(text, { from: 'native', author: 'nora' })

interface Teller {
  readonly id: string
  readonly bridge: Bridge
}

interface Past {
  readonly gone: string
  readonly stays: string
  readonly comes: string
  readonly laterMs: number
  /** Nothing had been said before the second came, so the third was not missed yet. */
  readonly isQuiet: boolean
  /** The second does not know that there was a third. */
  readonly isForgotten: boolean
}

/**
 * Natives say something every second; what two bridges tell a tracker's peers of it. A third is gone, and whoever was there still has it on the
 * list of members; then the second comes.
 */
function told({ gone, stays, comes, laterMs, isQuiet, isForgotten }: Past): string[] {
  const texts: string[] = []
  const begin = (id: string, nowMs: number): Teller => {
    return { id, bridge: bridgeBetween(id, ['native', 'tracker'], nowMs + LISTEN_FIRST_MS) }
  }
  const all = [begin(stays, 0)]
  const underWay: { readonly atMs: number; readonly to: Teller; readonly words: Words }[] = []
  all[0]!.bridge.fellows('native', [gone], [], [], Number.NEGATIVE_INFINITY)
  all[0]!.bridge.introduced(gone, -10_000, 0)
  for (let nowMs = 0; nowMs < END_MS; nowMs += STEP_MS) {
    if (nowMs === COMES_AT_MS) {
      const comer = begin(comes, nowMs)
      all.push(comer)
      for (const { id, bridge } of all) bridge.introduced(id === comes ? stays : comes, id === comes ? 0 : nowMs, nowMs)
      comer.bridge.fellows('native', isForgotten ? [stays] : [gone, stays], [], [], nowMs)
    }
    if (nowMs === COMES_AT_MS + laterMs) all[0]!.bridge.fellows('native', [gone, comes], [], [], nowMs)
    const text = `word ${nowMs}`
    for (const each of all) {
      if (nowMs % SAY_EVERY_MS === 0 && (nowMs > COMES_AT_MS || !isQuiet))
        each.bridge.heard('native', natively(text), nowMs)
      for (const one of underWay)
        if (one.atMs === nowMs && one.to === each) each.bridge.heard('tracker', one.words, nowMs)
      each.bridge.wake(nowMs)
      for (const output of each.bridge.takeOutputs()) {
        texts.push(output.words.text)
        const passedOn = { ...output.words, bridge: each.id, author: null }
        for (const to of all) if (to !== each) underWay.push({ atMs: nowMs + ON_THE_WAY_MS, to, words: passedOn })
      }
    }
  }
  return texts
}

describe('two bridges, of which one has come after a third was gone that both still know of', () => {
  const ORDERS = [
    ['gone', 'comes', 'stays'],
    ['gone', 'stays', 'comes'],
    ['comes', 'gone', 'stays'],
    ['comes', 'stays', 'gone'],
    ['stays', 'gone', 'comes'],
    ['stays', 'comes', 'gone'],
  ]
  const PASTS = LATER_MS.flatMap((laterMs) =>
    [true, false].flatMap((isQuiet) => [true, false].map((isForgotten) => ({ laterMs, isQuiet, isForgotten }))),
  )
  test.each(ORDERS)('say everything once: %s before %s before %s', (...order) => {
    const idOf = (who: string): string => 'abc'[order.indexOf(who)]!.repeat(4)
    for (const past of PASTS) {
      const texts = told({ gone: idOf('gone'), stays: idOf('stays'), comes: idOf('comes'), ...past })
      const twice = texts.filter((text, i) => texts.indexOf(text) !== i)
      expect({ past, twice }).toEqual({ past, twice: [] })
      // The last may still wait for their turn.
      const saidForMs = past.isQuiet ? END_MS - COMES_AT_MS : END_MS
      expect(texts.length).toBeGreaterThan(saidForMs / SAY_EVERY_MS - 6)
    }
  })
})

test('two who wait for somebody who is gone speak in their turns where they do not know each other, and else the younger later', () => {
  const dueMs = (place: number, beganMs: number, other: number | null): number => {
    const bridge = bridgeBetween('bbbb', ['framed', 'tracker'], beganMs + LISTEN_FIRST_MS)
    bridge.fellows('framed', other === null ? ['aaaa'] : ['aaaa', 'cccc'])
    bridge.introduced('aaaa', -55_000, -40_000)
    if (other !== null) bridge.introduced('cccc', other, -30_000)
    bridge.unsure('tracker', { place, of: 3 })
    bridge.heard('framed', words('hi', { from: 'framed' }), 0)
    return bridge.nextWakeMs()!
  }
  expect(dueMs(0, -50_000, null)).toBeGreaterThanOrEqual(HOLD_MS)
  expect(dueMs(2, -50_000, null) - dueMs(0, -50_000, null)).toBeGreaterThanOrEqual(100)
  for (const [older, younger] of [
    [0, 2],
    [2, 0],
  ] as const)
    expect(dueMs(younger, -40_000, -50_000) - dueMs(older, -50_000, -40_000)).toBeGreaterThanOrEqual(250)
  // Before whoever waits for one more.
  expect(dueMs(2, -40_000, -50_000)).toBeLessThanOrEqual(2 * HOLD_MS - 500)
})

test('people who come and go do not keep a bridge waiting for one that is gone', () => {
  const bridge = bridgeBetween('cccc', ['native', 'tracker'])
  bridge.fellows('native', ['aaaa'])
  const waitedMs: number[] = []
  for (let i = 0; i < 60; i++) {
    const nowMs = i * 2_000
    if (i % 5 === 4) {
      bridge.fellows('tracker', [], [`bbb${i}`], [], nowMs)
      bridge.fellows('native', ['aaaa', `bbb${i}`], [], [], nowMs)
    }
    bridge.heard('native', natively(`${i}`), nowMs)
    waitedMs.push((bridge.nextWakeMs() ?? nowMs) - nowMs)
    bridge.wake(nowMs + 1_999)
    bridge.takeOutputs()
  }
  expect(waitedMs.slice(0, 3)).toEqual([HOLD_MS, HOLD_MS, HOLD_MS])
  expect(Math.max(...waitedMs.slice(3))).toBe(0)
})

describe('whoever is waited for', () => {
  const give = (patience: Patience, id: string, nowMs: number): void => {
    for (let i = 0; i < 3; i++) patience.missed('tracker', id, 'mesh', nowMs)
  }

  test('is given up after three times in vain, on that side and with words of that network alone, until it says such words', () => {
    const patience = new Patience()
    for (let i = 0; i < 2; i++) patience.missed('tracker', 'aaaa', 'mesh', i)
    expect(patience.hasGivenUp('tracker', 'aaaa', 'mesh')).toBe(false)
    patience.missed('tracker', 'aaaa', 'mesh', 2)
    expect(patience.hasGivenUp('tracker', 'aaaa', 'mesh')).toBe(true)
    expect(patience.hasGivenUp('tracker', 'aaaa', 'framed')).toBe(false)
    expect(patience.hasGivenUp('framed', 'aaaa', 'mesh')).toBe(false)
    patience.speaks('tracker', 'aaaa', 'framed')
    expect(patience.hasGivenUp('tracker', 'aaaa', 'mesh')).toBe(true)
    patience.speaks('tracker', 'aaaa', 'mesh')
    expect(patience.hasGivenUp('tracker', 'aaaa', 'mesh')).toBe(false)
  })

  test('is waited for again where it has come again, and nobody else is then', () => {
    const patience = new Patience()
    for (const id of ['aaaa', 'dddd']) give(patience, id, 0)
    patience.expect('aaaa', 1_000)
    expect(patience.hasGivenUp('tracker', 'aaaa', 'mesh')).toBe(false)
    expect(patience.hasGivenUp('tracker', 'dddd', 'mesh')).toBe(true)
  })

  test('is not given up while it may not be on everybody’s list yet', () => {
    const patience = new Patience()
    patience.expect('dddd', 0)
    give(patience, 'dddd', 9_999)
    expect(patience.hasGivenUp('tracker', 'dddd', 'mesh')).toBe(false)
    give(patience, 'dddd', 10_000)
    expect(patience.hasGivenUp('tracker', 'dddd', 'mesh')).toBe(true)
  })

  test('is forgotten with the side, and the oldest of very many', () => {
    const patience = new Patience()
    give(patience, 'aaaa', 0)
    for (let i = 0; i < 255; i++) patience.missed('tracker', `b${i}`, 'mesh', 0)
    expect(patience.hasGivenUp('tracker', 'aaaa', 'mesh')).toBe(true)
    patience.missed('tracker', 'one more', 'mesh', 0)
    expect(patience.hasGivenUp('tracker', 'aaaa', 'mesh')).toBe(false)
    give(patience, 'aaaa', 0)
    patience.forget('tracker')
    expect(patience.hasGivenUp('tracker', 'aaaa', 'mesh')).toBe(false)
  })
})
