import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Original } from '../original.ts'
import { type Line, type Program, removeHomes, temporaryHome } from '../program.ts'
import { Lan, type Machine } from './lan.ts'
import { networkTests } from './requirements.ts'

/** Machines whose network comes after the program was started, or is another one later: as of a laptop that wakes up. */

setDefaultTimeout(60_000)
afterEach(removeHomes)

/** An interface is seen within 3 s of having come, and whoever is there says so every 5.5 s at the latest. */
const FOUND_MS_MAX = 10_000
const FOUR = ['--host', '0.0.0.0']

function notices(program: Program, code: string): string[] {
  return program.lines.flatMap((line) => (line.event === 'notice' && line.code === code ? [line.message] : []))
}

async function diagnosed(program: Program, about: string): Promise<string[]> {
  const { remarks } = await program.do({ do: 'doctor' })
  const all = remarks as { about: string; state: string; text: string }[]
  return all.filter((remark) => remark.about === about).map(({ state, text }) => `${state}: ${text}`)
}

/** Both are linked, so long after `sinceMs` at most. */
async function findEachOther([a, b]: readonly [Program, Program], sinceMs: number, how: string): Promise<void> {
  const up = (id: string) => (line: Line) => line.event === 'peer' && line.state === 'up' && line.id === id
  await Promise.all([a.until(up(b.id), FOUND_MS_MAX), b.until(up(a.id), FOUND_MS_MAX)])
  console.log(`${how}: found ${Math.round(performance.now() - sinceMs)} ms later`)
}

describe.skipIf(!networkTests)('where the network comes late', () => {
  test.each([
    ['by IPv4', '0.0.0.0'],
    ['by both', '::'],
  ])(
    'two that were started without one find each other once there is, %s; and say that they search now',
    async (how, host) => {
      await using lan = await Lan.open(2)
      await Promise.all(lan.machines.map((machine) => machine.goOffline()))
      const programs = await Promise.all(lan.machines.map((machine) => machine.start(['--host', host])))
      for (const program of programs) {
        const before = await diagnosed(program, 'lan')
        expect(before[0]).toBe(
          'problem: The local network cannot be searched through 239.192.72.83: there is no interface to join on.',
        )
        expect(before).toHaveLength(host === '::' ? 2 : 1)
      }
      await Promise.all(lan.machines.map((machine) => machine.goOnline()))
      await findEachOther(programs as [Program, Program], performance.now(), how)
      for (const program of programs) {
        expect(notices(program, 'lan')).toEqual([
          expect.stringMatching(/^The local network is searched now, through [^ ]+: it could not be at the start\.$/),
        ])
        expect(await diagnosed(program, 'lan')).toEqual([
          expect.stringMatching(/^ok: The local network is searched \(/),
        ])
      }
    },
  )

  test('one whose card was on when it was started, and its cable not in yet, finds the other', async () => {
    await using lan = await Lan.open(2)
    const [one, two] = lan.machines as [Machine, Machine]
    await lan.pullOut(one)
    const programs = [await one.start(FOUR), await two.start(FOUR)] as const
    expect(await diagnosed(programs[0], 'lan')).toEqual([expect.stringMatching(/^problem: .*no interface to join on/)])
    await lan.putIn(one)
    await findEachOther(programs, performance.now(), 'no cable at first')
  })

  test.each([
    ['another address', (_: Lan, machine: Machine) => machine.moveTo('10.72.83.101')],
    ['another card', (lan: Lan, machine: Machine) => lan.changeCard(machine, 'wlan0', '10.72.83.101')],
  ])('one whose machine has %s now is found there by whoever comes', async (how, change) => {
    await using lan = await Lan.open(2)
    const [one, two] = lan.machines as [Machine, Machine]
    const moved = await one.start(FOUR)
    await change(lan, one)
    const changedAtMs = performance.now()
    const other = await two.start(FOUR)
    await findEachOther([moved, other], changedAtMs, how)
    const { peers } = await other.do({ do: 'peers' })
    expect(peers).toMatchObject([{ address: `10.72.83.101:${moved.port}` }])
    expect(notices(moved, 'lan')).toEqual([])
  })

  test('one whose card was taken out and put in again, faster than anybody looks, is found again', async () => {
    await using lan = await Lan.open(2)
    const [one, two] = lan.machines as [Machine, Machine]
    await lan.changeCard(one, 'eth0', one.four)
    const moved = await one.start(FOUR)
    await lan.changeCard(one, 'eth0', one.four)
    const changedAtMs = performance.now()
    await findEachOther([moved, await two.start(FOUR)], changedAtMs, 'the same card again')
  })

  test('an original of the mesh is found too, and it is told why it was not before', async () => {
    await using lan = await Lan.open(2)
    const [one, two] = lan.machines as [Machine, Machine]
    const args = ['--id', 'original', '--username', 'Olga', '--interface', two.four]
    const original = await Original.start('mesh', args, temporaryHome(), two.via)
    try {
      await one.goOffline()
      const program = await one.start([...FOUR, '--no-lan', '--dialect', 'mesh'])
      await program.until((line) => line.event === 'notice' && line.code === 'mesh-group')
      expect(await diagnosed(program, 'mesh')).toEqual([
        'problem: Nobody is found by the mesh dialect through 224.0.0.1: there is no interface to join on.',
      ])
      await one.goOnline()
      const upAtMs = performance.now()
      const isOlga = (line: Line): boolean =>
        line.event === 'peer' && line.dialect === 'mesh' && line.state === 'up' && line.id === 'mesh:original'
      await program.until(isOlga, FOUND_MS_MAX)
      console.log(`mesh: found ${Math.round(performance.now() - upAtMs)} ms later`)
      expect(notices(program, 'mesh-group')).toEqual([
        "The mesh dialect's group 224.0.0.1 cannot be joined: there is no interface to join on. It is tried again as soon as that changes.",
        "The mesh dialect's group 224.0.0.1 is joined now: whoever is there is found.",
      ])
      expect(await diagnosed(program, 'mesh')).toEqual([])
      await program.say('late, and here')
      await original.until('chat', { content: 'late, and here' })
    } finally {
      await original.kill()
    }
  })
})
