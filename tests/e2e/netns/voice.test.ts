import { afterEach, describe, setDefaultTimeout, test } from 'bun:test'
import { removeHomes } from '../program.ts'
import { VoicePerson } from '../voice-person.ts'
import { Lan, type Machine } from './lan.ts'
import { networkTests } from './requirements.ts'

setDefaultTimeout(90_000)

const NAMES = ['Alice', 'Bob', 'Carol'] as const
const HZ = [440, 770, 1_230] as const

afterEach(removeHomes)

async function person(lan: Lan, machine: Machine, first: VoicePerson | null): Promise<VoicePerson> {
  const at = machine.number - 1
  const connect = first === null ? [] : ['--connect', `${lan.machines[0]!.four}:${first.program.port}`]
  const args = ['--host', machine.four, '--port', '5000', '--no-lan', ...connect]
  const one = await VoicePerson.start(NAMES[at]!, HZ[at]!, args, machine.via)
  lan.programs.add(one.program)
  if (first !== null) await first.program.peerUp(one.program.id)
  return one
}

/** By which way `one` reaches `other`, as people are told. */
function wayTo(one: VoicePerson, other: VoicePerson): string {
  const peer = one.peer(other)
  return peer?.path === 'relayed' ? `through ${peer.through?.name}` : (peer?.path ?? 'unknown')
}

describe.skipIf(!networkTests)('voice between two whose datagrams do not reach each other', () => {
  test('goes through a third who is in voice with both, who says so; and straight on once that opens', async () => {
    await using lan = await Lan.open(NAMES.length)
    const [one, two] = lan.machines as [Machine, Machine, Machine]
    await one.loseDatagramsTo(two)
    await two.loseDatagramsTo(one)
    const alice = await person(lan, one, null)
    const bob = await person(lan, two, alice)
    await alice.join()
    await bob.join()
    await alice.program.when(() => wayTo(alice, bob) === 'none')
    await alice.hears([], [bob])

    const carol = await person(lan, lan.machines[2]!, alice)
    const all = [alice, bob, carol]
    await carol.join()
    for (const each of all) {
      await each.hears(
        all.filter((other) => other !== each),
        all,
      )
    }
    await alice.program.when(() => wayTo(alice, bob) === 'through Carol')
    await bob.program.when(() => wayTo(bob, alice) === 'through Carol')
    // Each is told once a second.
    for (const [from, to] of [
      [alice, carol],
      [bob, carol],
      [carol, alice],
    ] as const) {
      await from.program.when(() => wayTo(from, to) === 'direct')
    }

    await one.findDatagramsTo(two)
    await two.findDatagramsTo(one)
    await alice.program.when(() => wayTo(alice, bob) === 'direct')
    await bob.program.when(() => wayTo(bob, alice) === 'direct')
    await carol.program.do({ do: 'voice', action: 'leave' })
    await alice.hears([bob], all)
    await bob.hears([alice], all)
  })
})
