import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { TrackerEvent } from '../../../src/app/events.ts'
import { type Program, removeHomes } from '../program.ts'
import { allHear, overTries, timesLine } from './crowd.ts'
import { Lan, type Machine } from './lan.ts'
import { networkTests } from './requirements.ts'

/** Machines on one bridge that find each other through a tracker alone, and what becomes of them when it is cut or lost. */

setDefaultTimeout(300_000)
afterEach(removeHomes)

const TRACKER_PORT = 5_000
/** How often the tracker is killed: HEARSAY_ELECTIONS=20 for what is promised, once in passing. */
const ELECTIONS = Number(process.env['HEARSAY_ELECTIONS'] ?? '1')
/** An answer that is due and does not come, and an election. */
const SILENT_MS_MAX = 30_000
const SUCCESSOR_MS_MAX = 5_000

function told(program: Program): TrackerEvent[] {
  return program.lines.filter((line) => line.event === 'tracker')
}

async function until(
  program: Program,
  fits: (event: TrackerEvent) => boolean,
  patienceMs = SILENT_MS_MAX,
): Promise<void> {
  await program.when(() => {
    const last = told(program).at(-1)
    return last !== undefined && fits(last)
  }, patienceMs)
}

/** `leader` serves, everybody else follows it. */
async function oneLeads(programs: readonly Program[], leader: Program, patienceMs: number): Promise<void> {
  await Promise.all(
    programs.map((program) => {
      const state = program === leader ? 'serving' : 'following'
      return until(program, (event) => event.state === state && event.by?.id === leader.id, patienceMs)
    }),
  )
}

function highest(programs: readonly Program[]): Program {
  return programs.reduce((best, program) => (program.port > best.port ? program : best))
}

/** A tracker on the first machine, and a node on each of the others, the highest port last. */
async function tracked(lan: Lan): Promise<{ tracker: Program; nodes: Program[] }> {
  const [first, ...others] = lan.machines as [Machine, ...Machine[]]
  const tracker = await first.start(['tracker', '--host', '0.0.0.0', '--port', String(TRACKER_PORT)])
  const nodes = await Promise.all(
    others.map(({ number }, i) => {
      const args = ['--host', '0.0.0.0', '--no-lan', '--tracker', `${first.four}:${TRACKER_PORT}`]
      return others[i]!.start([...args, '--port', String(8_000 + number)])
    }),
  )
  await oneLeads(nodes, tracker, SUCCESSOR_MS_MAX)
  await allHear(nodes, await sayAll(nodes, 'found'))
  return { tracker, nodes }
}

async function sayAll(programs: readonly Program[], what: string): Promise<string[]> {
  const texts = programs.map((_, i) => `${what} ${i}`)
  for (const [i, program] of programs.entries()) await program.say(texts[i]!)
  return texts
}

describe.skipIf(!networkTests)('nodes that know a tracker on another machine', () => {
  test('lose it: the highest port stands in where the others reach it, and the tracker takes over again', async () => {
    await using lan = await Lan.open(6)
    const { tracker, nodes } = await tracked(lan)
    const successor = highest(nodes)
    const times: number[] = []
    for (let round = 1, keeper = tracker; round <= ELECTIONS; round++) {
      const killedAt = performance.now()
      await keeper.kill('SIGKILL')
      await oneLeads(nodes, successor, SUCCESSOR_MS_MAX)
      times.push(performance.now() - killedAt)
      // It alone has served, and no oftener than the tracker was killed.
      const served = nodes.map((node) => told(node).filter((event) => event.state === 'serving').length)
      expect(served).toEqual(nodes.map((node) => (node === successor ? round : 0)))
      // The address of the tracker is another machine's: it serves at its own.
      const own = lan.machines.at(-1)!.addressOf(successor)
      for (const node of nodes) if (node !== successor) expect(told(node).at(-1)).toMatchObject({ address: own })
      keeper = await lan.machines[0]!.start(['tracker', '--host', '0.0.0.0', '--port', String(TRACKER_PORT)])
      await oneLeads(nodes, keeper, SILENT_MS_MAX)
      await allHear(nodes, await sayAll(nodes, `again ${round}`))
    }
    console.log(timesLine('successor', times))
  })

  test('are cut in two when it is lost: each half has its own, and rejoined there is one', async () => {
    const times: number[] = []
    await overTries(1, async () => {
      await using lan = await Lan.open(8)
      const { tracker, nodes } = await tracked(lan)
      const apart = [1, 3, 5, 7]
      const there = nodes.filter((_, i) => apart.includes(i + 1))
      const here = nodes.filter((node) => !there.includes(node))
      await lan.cut(apart.map((at) => lan.machines[at]!))
      await tracker.kill('SIGKILL')
      // Those who are cut off hear nothing, not even that it was killed.
      await Promise.all([oneLeads(here, highest(here), SILENT_MS_MAX), oneLeads(there, highest(there), SILENT_MS_MAX)])
      await lan.rejoin()
      const rejoinedAt = performance.now()
      await oneLeads(nodes, highest(nodes), 60_000)
      times.push(performance.now() - rejoinedAt)
      await allHear(nodes, await sayAll(nodes, 'one again'), 60_000)
      expect(nodes.filter((node) => told(node).at(-1)?.state === 'serving')).toHaveLength(1)
    })
    console.log(timesLine('one tracker after rejoining', times))
  })

  test('are cut off from it for a while: they elect one among themselves and go back to it', async () => {
    await using lan = await Lan.open(7)
    const { tracker, nodes } = await tracked(lan)
    const there = nodes.slice(0, 3)
    const here = nodes.slice(3)
    await lan.cut(lan.machines.slice(1, 4))
    await oneLeads(there, highest(there), SILENT_MS_MAX)
    expect(here.flatMap((node) => told(node).map((event) => event.state))).toEqual(here.map(() => 'following'))
    await lan.rejoin()
    await oneLeads(nodes, tracker, 30_000)
    await allHear(nodes, await sayAll(nodes, 'back'), 60_000)
  })

  test('find nobody there, and leave the address of another machine alone', async () => {
    await using lan = await Lan.open(3)
    const address = `${lan.machines[0]!.four}:${TRACKER_PORT}`
    const args = ['--host', '0.0.0.0', '--no-lan', '--tracker', address]
    const far = await lan.machines[1]!.start(args)
    await far.until((line) => line.event === 'notice' && line.code === 'no-tracker')
    expect(told(far)).toEqual([])
    // The one whose address it is becomes the tracker there, and the other finds it by trying again.
    const near = await lan.machines[0]!.start(args)
    await oneLeads([near, far], near, SILENT_MS_MAX)
    expect(told(near)).toMatchObject([{ state: 'serving', address }])
  })
})
