import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Original } from '../original.ts'
import { type Line, type Program, removeHomes, temporaryHome } from '../program.ts'
import { VoicePerson } from '../voice-person.ts'
import { Lan, type Machine } from './lan.ts'
import { networkTests } from './requirements.ts'

/** The compiled program among originals of the framed network that run on other machines, where everybody likes the same ports best. */

setDefaultTimeout(90_000)
afterEach(removeHomes)

const PORT = 8_080
const FRED = 5_001

/** Three machines: an original on the second, reached by its address there. */
async function withFred(host: string): Promise<{ lan: Lan; fred: Original; machines: [Machine, Machine, Machine] }> {
  const lan = await Lan.open(3)
  const machines = lan.machines as [Machine, Machine, Machine]
  const args = ['--host', host === '' ? machines[1].four : host, '--port', String(FRED), '--username', 'Fred']
  const fred = await Original.start('framed', args, temporaryHome(), machines[1].via)
  return { lan, fred, machines }
}

/** Where somebody is, as its neighbour was told. */
function idsOf(fred: Original): unknown[] {
  return fred.of('peer').map(({ id }) => id)
}

async function once(programs: readonly Program[], fred: Original, round: string): Promise<void> {
  const [one, two] = programs as [Program, Program]
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    const text = `${from.pid} says ${round}`
    await from.say(text)
    await to.hears(text)
    await fred.until('chat', { msg: text })
  }
  fred.do({ do: 'send', msg: `Fred says ${round}` })
  for (const each of programs) await each.hears(`Fred says ${round}`)
  for (const each of programs) {
    const texts = each.texts()
    expect(texts.toSorted()).toEqual([...new Set(texts)].toSorted())
  }
}

describe.skipIf(!networkTests)('two of us on two machines at the same port, with an original between', () => {
  test.each([
    ['that listen for their own machine alone, as they do unless told otherwise', []],
    ['that listen everywhere', ['--host', '0.0.0.0']],
    ['that listen everywhere, by IPv6 too', ['--host', '::']],
  ])('%s: each has a name of its own there, and hears the others once', async (_, host) => {
    const { lan, fred, machines } = await withFred('')
    await using _lan = lan
    const where = `framed@${machines[1].four}:${FRED}`
    const args = [...host, '--port', String(PORT), '--no-lan', '--dialect', where]
    try {
      const [one, two] = [await machines[0].start(args), await machines[2].start(args)]
      await fred.when(() => fred.of('peer').length === 2, 'both')
      expect(idsOf(fred)).toEqual([`${machines[0].four}:${PORT}`, `${machines[2].four}:${PORT}`])
      await once([one, two], fred, 'one')
      // Again: it is another run, and the original has the former one's address in mind.
      await one.kill()
      await fred.until('peer', { state: 'down' })
      const again = await machines[0].start(args)
      await fred.when(() => fred.of('peer').filter(({ state }) => state === 'up').length === 3, 'it again')
      await once([again, two], fred, 'two')
    } finally {
      await fred.kill()
    }
  })

  test('that are dialled: by the address they were dialled at, also when one of their own machine came first', async () => {
    const { lan, fred, machines } = await withFred('')
    await using _lan = lan
    const own: Original[] = []
    try {
      const args = ['--host', '0.0.0.0', '--port', String(PORT), '--no-lan', '--dialect', 'framed']
      const programs = [await machines[0].start(args), await machines[2].start(args)]
      for (const machine of [machines[0], machines[2]]) {
        const near = ['--port', String(FRED), '--username', 'near', '--connect', `127.0.0.1:${PORT}`]
        own.push(await Original.start('framed', near, temporaryHome(), machine.via))
      }
      for (const [i, machine] of [machines[0], machines[2]].entries()) {
        await own[i]!.until('peer', { state: 'up', id: `${machine.four}:${PORT}` })
        fred.do({ do: 'connect', host: machine.four, port: PORT })
        await fred.until('peer', { state: 'up', id: `${machine.four}:${PORT}` })
      }
      await once(programs, fred, 'one')
      for (const each of own) expect(each.of('duplicate')).toEqual([])
      own[0]!.do({ do: 'send', msg: 'from the first machine' })
      await own[1]!.until('chat', { msg: 'from the first machine' })
    } finally {
      await Promise.all([fred, ...own].map((each) => each.kill()))
    }
  })
})

describe.skipIf(!networkTests)('where there is only IPv6', () => {
  test('two at the same port hear each other by a third between them, whatever order they come in', async () => {
    await using lan = await Lan.open(3, 'six')
    const [one, two, three] = lan.machines as [Machine, Machine, Machine]
    const common = ['--host', '::', '--port', String(PORT), '--no-lan', '--dialect']
    const between = await two.start([...common, 'framed'])
    const where = `framed@[${two.six}]:${PORT}`
    const ends = [await one.start([...common, where]), await three.start([...common, where])]
    const isUp = (line: Line): boolean => line.event === 'peer' && line.dialect === 'framed' && line.state === 'up'
    await between.when(() => between.lines.filter(isUp).length === 2)
    const ids = between.lines.filter(isUp).flatMap((line) => (line.event === 'peer' ? [line.id] : []))
    expect(ids.toSorted()).toEqual([one, three].map(({ six }) => `framed:[${six}]:${PORT}`))
    const all = [...ends, between]
    for (const each of all) {
      await each.say(`from ${each.pid}`)
      for (const other of all) await other.hears(`from ${each.pid}`)
    }
    for (const each of all) expect(each.texts()).toHaveLength(3)
  })
})

describe.skipIf(!networkTests)('voice in the framed network between machines', () => {
  test.each([
    ['by its address', ''],
    ['everywhere', '0.0.0.0'],
  ])('goes both ways with an original that listens %s, and between two of us who meet only there', async (_, host) => {
    const { lan, fred, machines } = await withFred(host)
    await using _lan = lan
    try {
      const where = `framed@${machines[1].four}:${FRED}`
      const args = ['--host', '0.0.0.0', '--port', String(PORT), '--no-lan', '--dialect', where]
      const alice = await VoicePerson.start('Alice', 440, args, machines[0].via)
      lan.programs.add(alice.program)
      const bob = await VoicePerson.start('Bob', 770, args, machines[2].via)
      lan.programs.add(bob.program)
      await fred.when(() => fred.of('peer').length === 2, 'both')
      fred.do({ do: 'voice', state: 'join' })
      for (const each of [alice, bob]) expect(await each.join()).toMatchObject({ ok: true })
      const senders = [machines[0], machines[2]].map(({ four }) => `${four}:${PORT}`)
      for (const sender of senders) {
        await fred.until('voice_join', { sender })
        const heard = () =>
          fred.of('sound').filter((sound) => sound['sender'] === sender && Number(sound['rms']) > 1_000)
        await fred.when(() => heard().length > 50, `a second of ${sender}`)
      }
      await alice.hears([bob], [alice, bob])
      await bob.hears([alice], [alice, bob])
      fred.do({ do: 'tone', frames: 250 })
      const speaks = (person: VoicePerson): boolean =>
        person.told?.peers.some(({ name, speaking }) => name === 'Fred (framed)' && speaking) === true
      for (const each of [alice, bob]) await each.program.when(() => speaks(each))
      fred.do({ do: 'voice', state: 'leave' })
      const isGone = ({ told }: VoicePerson): boolean =>
        told !== undefined && !told.peers.some(({ name }) => name === 'Fred (framed)')
      for (const each of [alice, bob]) await each.program.when(() => isGone(each))
    } finally {
      await fred.kill()
    }
  })
})
