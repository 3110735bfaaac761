import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Line, type Program, removeHomes } from '../program.ts'
import { allSayAndHear, metBy, neighboursOf, startTogether } from './crowd.ts'
import { Lan, type Machine } from './lan.ts'
import { networkTests } from './requirements.ts'

/** Who is found on a local network, who is not, and how the others learn that somebody has left. */

setDefaultTimeout(30_000)
afterEach(removeHomes)

function start(machine: Machine | undefined, ...args: string[]): Promise<Program> {
  return machine!.start(['--host', '0.0.0.0', ...args])
}

async function peersOf(program: Program): Promise<unknown> {
  return (await program.do({ do: 'peers' }))['peers']
}

describe.skipIf(!networkTests)('on a local network', () => {
  test('who leaves is gone at once for everybody else, who hears why', async () => {
    await using lan = await Lan.open(4)
    const [leaver, ...others] = await startTogether(lan)
    await Promise.all(
      others.map((other) =>
        other.until((line) => line.event === 'member' && line.state === 'joined' && line.id === leaver!.id),
      ),
    )
    const linked = others.filter((other) => neighboursOf(other).includes(leaver!.id))
    expect(linked.length).toBeGreaterThan(0)
    const leftAtMs = performance.now()
    leaver!.write('{"do":"quit"}')
    await Promise.all([
      ...others.map((other) => other.until((line) => isAbout(line, leaver!) && line.state === 'left')),
      ...linked.map((other) =>
        other.until((line) => isAbout(line, leaver!) && line.state === 'down' && line.reason === 'left'),
      ),
    ])
    console.log(`one of four left: the others knew ${Math.round(performance.now() - leftAtMs)} ms later`)
    expect(await leaver!.exited).toBe(0)
    await allSayAndHear(others, 'without')
    for (const other of others) {
      const states = other.lines.filter((line) => isAbout(line, leaver!)).map(({ state }) => state)
      // Not every one of four is linked with him; whoever is hears of both, in either order, and nobody sees him come again.
      const isLinked = linked.includes(other) || states.at(-1) === 'down'
      expect(states.slice(isLinked ? -2 : -1).toSorted()).toEqual(isLinked ? ['down', 'left'] : ['left'])
    }
  })

  test('who asked not to look for others is not found either', async () => {
    await using lan = await Lan.open(4)
    const [one, two, three, four] = lan.machines
    const hidden = await start(one, '--no-lan')
    const a = await start(two)
    const b = await start(three)
    await Promise.all([a.peerUp(b.id), b.peerUp(a.id)])
    // By the time that somebody who came later is known to all, one who announced himself would be as well.
    const c = await start(four)
    await Promise.all([a.peerUp(c.id), b.peerUp(c.id), c.peerUp(a.id), c.peerUp(b.id)])
    expect(await peersOf(hidden)).toEqual([])
    for (const program of [a, b, c]) expect(metBy(program)).not.toContain(hidden.id)
    expect((await hidden.do({ do: 'connect', address: two!.addressOf(a) })).ok).toBe(true)
    await hidden.say('by hand it works')
    await c.hears('by hand it works')
  })

  test('those who look in one group find each other, and nobody who looks in another', async () => {
    await using lan = await Lan.open(5)
    const groups = ['239.192.1.1:7001', '239.192.1.1:7002', '239.192.1.2:7001'] as const
    const [a, b, c, d, e] = await Promise.all(
      [groups[0], groups[0], groups[1], groups[1], groups[2]].map((group, i) =>
        start(lan.machines[i], '--multicast', group),
      ),
    )
    await Promise.all([a!.peerUp(b!.id), b!.peerUp(a!.id), c!.peerUp(d!.id), d!.peerUp(c!.id)])
    expect([a!, b!, c!, d!, e!].map(metBy)).toEqual([[b!.id], [a!.id], [d!.id], [c!.id], []])
  })

  test('who looks in two groups brings them together', async () => {
    await using lan = await Lan.open(3)
    const groups = ['239.192.1.1:7001', '[ff15::7]:7001'] as const
    const [a, b] = await Promise.all(
      groups.map((group, i) => lan.machines[i]!.start(['--host', '::', '--multicast', group])),
    )
    const between = await lan.machines[2]!.start(['--host', '::', '--multicast', groups[0], '--multicast', groups[1]])
    await Promise.all([between.peerUp(a!.id), between.peerUp(b!.id)])
    await allSayAndHear([a!, b!, between], 'together')
  })

  test('several on one machine find each other, and the others', async () => {
    await using lan = await Lan.open(2)
    const [crowded, other] = lan.machines
    const programs = await Promise.all([crowded, crowded, crowded, other].map((machine) => start(machine)))
    expect(new Set(programs.slice(0, 3).map((program) => program.port)).size).toBe(3)
    await allSayAndHear(programs, 'hello')
    // So few are all linked with each other.
    await Promise.all(programs.map((program) => program.when(() => neighboursOf(program).length === 3)))
    for (const program of programs) {
      const others = programs.filter((each) => each !== program).map((other) => other.id)
      expect(neighboursOf(program).toSorted()).toEqual(others.toSorted())
    }
  })
})

type About = Extract<Line, { event: 'peer' | 'member' }>

/** A line on somebody's being linked or in the room. */
function isAbout(line: Line, { id }: Program): line is About {
  return (line.event === 'peer' || line.event === 'member') && line.id === id
}
