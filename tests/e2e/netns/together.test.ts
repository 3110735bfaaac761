import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Rng } from '../../../src/base/rng.ts'
import { removeHomes } from '../program.ts'
import { allHear, neighboursOf, overTries, timesLine, tries } from './crowd.ts'
import { type Families, Lan } from './lan.ts'
import { networkTests } from './requirements.ts'

/**
 * Eight programs on one local network find each other with no address given, as soon as they run. The goal is two seconds after the last start;
 * how long each try took is printed, and one that takes more than ten is a failure.
 * `LAN_TRIES=10 bun test tests/e2e/netns/together.test.ts` tries ten times instead of three; `LAN_SEED=<n>` repeats one try.
 */

const NODES = 8
const STARTS_WITHIN_MS = 1_500
const GOAL_MS = 2_000
const TRY_MS_MAX = 25_000

setDefaultTimeout(tries(3).length * TRY_MS_MAX)
afterEach(removeHomes)

interface Took {
  /** From the last start, a new process, until each has heard each. */
  readonly fromStartMs: number
  /** From when the last one was ready: without what a busy machine takes to start a program. */
  readonly fromReadyMs: number
}

async function meet(rng: Rng, host: string, families: Families): Promise<Took> {
  await using lan = await Lan.open(NODES, families)
  const beganAtMs = performance.now()
  const moments = lan.machines.map(() => beganAtMs + rng.float() * STARTS_WITHIN_MS)
  let [startAtMs, readyAtMs] = [0, 0]
  const programs = await Promise.all(
    lan.machines.map(async (machine, i) => {
      await Bun.sleep(moments[i]! - performance.now())
      startAtMs = Math.max(startAtMs, performance.now())
      const program = await machine.start(['--host', host, '--username', `n${i}`])
      readyAtMs = Math.max(readyAtMs, performance.now())
      await program.say(`from ${i}`)
      return program
    }),
  )
  const texts = programs.map((_, i) => `from ${i}`)
  await allHear(programs, texts)
  const nowMs = performance.now()
  for (const program of programs) {
    const neighbours = neighboursOf(program)
    expect(neighbours.length).toBeGreaterThan(0)
    expect(new Set(neighbours).size).toBe(neighbours.length)
    expect(program.texts().toSorted()).toEqual(texts)
  }
  return { fromStartMs: nowMs - startAtMs, fromReadyMs: nowMs - readyAtMs }
}

async function tell(what: string, count: number, host: string, families: Families): Promise<void> {
  const all: Took[] = []
  await overTries(count, async (rng) => {
    all.push(await meet(rng, host, families))
  })
  const fromStart = all.map(({ fromStartMs }) => fromStartMs)
  console.log(timesLine(`${NODES} nodes over ${what}, one network after the last start`, fromStart))
  if (fromStart.every((ms) => ms <= GOAL_MS)) return
  const fromReady = all.map(({ fromReadyMs }) => fromReadyMs)
  console.log(timesLine(`that is beyond ${GOAL_MS} ms; after the last was ready`, fromReady))
}

describe.skipIf(!networkTests)('eight started at random moments, with no address given', () => {
  test('are one network', () => tell('IPv4', 3, '0.0.0.0', 'both'))
  test('are one network where there is nothing but IPv6', () => tell('IPv6', 1, '::', 'six'))
  test('are one network where they listen on both', () => tell('both', 1, '::', 'both'))
})
