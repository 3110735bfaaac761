import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileEvent } from '../../../src/app/events.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { freePort, type Program, removeHomes } from '../program.ts'
import { Lan, type Machine } from './lan.ts'
import { networkTests } from './requirements.ts'

/** Three machines: Anna and Ben are linked with Carol alone, and one or both of them are behind a firewall. */

setDefaultTimeout(150_000)
afterEach(removeHomes)

interface Place {
  readonly machine: Machine
  readonly program: Program
}

async function three(lan: Lan, blocked: (anna: Machine, ben: Machine, port: number) => Promise<void>) {
  const [anna, carol, ben] = lan.machines as [Machine, Machine, Machine]
  const port = await freePort()
  await blocked(anna, ben, port)
  const options = (name: string): string[] => [
    '--username',
    name,
    '--static',
    '--host',
    '0.0.0.0',
    '--port',
    String(port),
  ]
  const between = await carol.start(options('Carol'))
  const connect = ['--connect', carol.addressOf(between)]
  const giver: Place = { machine: anna, program: await anna.start([...options('Anna'), ...connect]) }
  const taker: Place = {
    machine: ben,
    program: await ben.start([...options('Ben'), '--accept-files', 'all', ...connect]),
  }
  await taker.program.until((line) => line.event === 'member' && line.state === 'joined' && line.name === 'Anna')
  return { giver, taker, carol: between, port }
}

async function fileEvent(
  program: Program,
  fits: (event: FileEvent) => boolean,
  patienceMs = 20_000,
): Promise<FileEvent> {
  const line = await program.until((each) => each.event === 'file' && fits(each), patienceMs)
  if (line.event !== 'file') throw new Error('not about a file')
  return line
}

async function offer({ program }: Place, megabytes: number): Promise<string> {
  const path = join(program.home, 'film.bin')
  writeFileSync(path, seededRng(1).bytes(megabytes * 1_000_000))
  expect(await program.do({ do: 'send', path })).toMatchObject({ ok: true })
  return path
}

const same = (one: string, other: string): boolean => readFileSync(one).equals(readFileSync(other))

describe.skipIf(!networkTests)('a file', () => {
  test('of somebody whom nobody can dial is brought by himself, for he is asked to dial', async () => {
    await using lan = await Lan.open(3)
    const { giver, taker } = await three(lan, (anna, ben, port) => ben.losePathTo(anna, port))
    const path = await offer(giver, 20)
    const done = await fileEvent(taker.program, ({ state }) => state === 'done')
    expect(same(done.path!, path)).toBe(true)
    expect(taker.program.lines.some((line) => line.event === 'file' && line.through !== undefined)).toBe(false)
  })

  test('between two whom nobody can dial goes through a third, until a direct way opens', async () => {
    await using lan = await Lan.open(3)
    const { giver, taker, carol, port } = await three(lan, async (anna, ben, port) => {
      await Promise.all([ben.losePathTo(anna, port), anna.losePathTo(ben, port)])
    })
    const path = await offer(giver, 150)
    const going = await fileEvent(taker.program, ({ through, done }) => through !== undefined && done > 4_000_000)
    expect(going.through).toEqual([{ id: carol.id, name: 'Carol' }])
    await taker.machine.findPathTo(giver.machine, port)
    const direct = await fileEvent(
      taker.program,
      ({ through, state, done }) => state === 'progress' && done > going.done && through === undefined,
      60_000,
    )
    expect(direct.done).toBeLessThan(direct.size)
    const done = await fileEvent(taker.program, ({ state }) => state === 'done', 60_000)
    expect(same(done.path!, path)).toBe(true)
  })
})
