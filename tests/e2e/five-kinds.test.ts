import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Original } from './original.ts'
import { freePort, type Line, type Program } from './program.ts'
import { Stage } from './stage.ts'

/** A network of all five kinds at once, around one hearsay and around two: what anybody says, everybody else sees once. */

setDefaultTimeout(120_000)

const stage = new Stage()
afterEach(() => stage.close())

/** One who takes part, of whatever kind. */
interface Party {
  readonly name: string
  /** Of who is no hearsay. */
  readonly peer?: Original
  say(text: string): void
  /** How often it has seen the text. */
  seen(text: string): number
  sees(text: string): Promise<unknown>
}

function native(name: string, program: Program): Party {
  return {
    name,
    say: (text) => void program.say(text),
    seen: (text) => program.texts().filter((each) => each === text).length,
    sees: (text) => program.hears(text),
  }
}

const FIELDS = {
  framed: ['chat', 'msg'],
  mesh: ['chat', 'content'],
  tracker: ['message', 'message'],
  line: ['message', 'text'],
} as const

function original(name: string, peer: Original): Party {
  const [event, field] = FIELDS[peer.program]
  return {
    name,
    peer,
    say: (text) => peer.do({ do: 'send', msg: text }),
    seen: (text) => peer.of(event).filter((report) => report[field] === text).length,
    sees: (text) => peer.until(event, { [field]: text }),
  }
}

interface Ports {
  readonly tracker: number
  readonly group: number
}

async function ports(): Promise<Ports> {
  return { tracker: await freePort(), group: await freePort() }
}

function dialects({ tracker, group }: Ports): string {
  return `framed,line,mesh@224.0.0.1:${group},tracker@127.0.0.1:${tracker}`
}

async function meshPeer(name: string, { group }: Ports, hearsays: readonly Program[]): Promise<Party> {
  const args = ['--id', `${name}_1`, '--username', name, '--group-port', group, '--every', 1]
  const peer = await stage.original('mesh', args)
  await peer.when(() => peer.of('peer').length === hearsays.length, 'its mesh peers')
  return original(name, peer)
}

async function trackerPeer(name: string, { tracker }: Ports, hearsays: readonly Program[]): Promise<Party> {
  const peer = await stage.original('tracker', ['--tracker-port', tracker, '--username', name, '--every', 1])
  for (const each of hearsays) {
    await each.until(
      (line) => line.event === 'peer' && line.dialect === 'tracker' && line.address.endsWith(`:${peer.port}`),
    )
    await peer.when(() => JSON.stringify(peer.of('peers').at(-1)).includes(String(each.port)), 'a hearsay on the list')
  }
  return original(name, peer)
}

async function linePeer(name: string, us: Program): Promise<Party> {
  const peer = await stage.original('line', ['connect', '127.0.0.1', us.port, '--name', name])
  peer.do({ do: 'send', msg: `${name} is here` })
  await us.hears(`${name} is here`)
  return original(name, peer)
}

async function framedPeer(name: string, hearsays: readonly Program[]): Promise<Party> {
  const connect = hearsays.flatMap((each) => ['--connect', each.address])
  const { original: peer } = await stage.framed(name, ...connect)
  await peer.when(() => peer.of('peer').length === hearsays.length, 'its framed peers')
  return original(name, peer)
}

/** Everybody speaks in turn, and then once more all together. */
async function everybodyHearsEverybodyOnce(parties: readonly Party[], round: string): Promise<void> {
  const texts = parties.map(({ name }) => `${name} says ${round}`)
  for (const [at, party] of parties.entries()) {
    party.say(texts[at]!)
    await Promise.all(parties.filter((each) => each !== party).map((each) => each.sees(texts[at]!)))
  }
  const together = parties.map(({ name }) => `${name} says ${round} again`)
  for (const [at, party] of parties.entries()) party.say(together[at]!)
  for (const text of together) {
    await Promise.all(parties.filter(({ name }) => !text.startsWith(name)).map((each) => each.sees(text)))
  }
  // What would come twice comes within the time that bridges wait for each other.
  await Bun.sleep(4_000)
  const wrong: string[] = []
  for (const [at, party] of parties.entries()) {
    for (const text of [...texts, ...together]) {
      const own = text.startsWith(parties[at]!.name)
      const times = party.seen(text)
      // Only our own kind sees what it says itself.
      if (own ? times > 1 : times !== 1) wrong.push(`${party.name} saw ${JSON.stringify(text)} ${times} times`)
    }
  }
  expect(wrong).toEqual([])
}

describe('all five kinds', () => {
  test('around one hearsay: each sees each message once; killed and started again, once more', async () => {
    const where = await ports()
    const tracker = await stage.original('tracker', ['--serve', '--tracker-port', where.tracker])
    const port = await freePort()
    const args = ['--port', String(port), '--username', 'Ulla', '--dialect', dialects(where)]
    const us = await stage.hearsay(args)
    const nora = await stage.hearsay(['--username', 'Nora', '--connect', us.address])
    await nora.peerUp(us.id)
    const others = [
      await framedPeer('Fred', [us]),
      await meshPeer('Mia', where, [us]),
      await trackerPeer('Tom', where, [us]),
    ]
    const parties = [native('Ulla', us), native('Nora', nora), ...others, await linePeer('Lou', us)]
    await everybodyHearsEverybodyOnce(parties, 'one')
    const names = new Set(nora.messages().map((message) => message.from.name))
    expect([...names].sort()).toEqual(['Fred (framed)', 'Lou (line)', 'Mia (mesh)', 'Nora', 'Tom (tracker)', 'Ulla'])

    await us.kill()
    const again = await stage.hearsay(args, { home: us.home })
    await nora.peerUp(again.id)
    const back = [
      await framedPeer('Fritz', [again]),
      await trackerPeer('Tim', where, [again]),
      await linePeer('Liz', again),
    ]
    await again.until((line) => line.event === 'peer' && line.dialect === 'mesh' && line.state === 'up')
    const everybody = [native('Ulla', again), native('Nora', nora), others[1]!, ...back]
    await everybodyHearsEverybodyOnce(everybody, 'two')
    // Who told her name before the bridge was there still goes by it.
    expect(others[1]!.peer!.of('chat').find(({ content }) => content === 'Nora says two')!['username']).toBe(
      'Nora (hearsay)',
    )

    await tracker.kill()
    const peers = [others[2]!.peer!, back[1]!.peer!]
    const highest = Math.max(again.port, ...peers.map((peer) => peer.port))
    const successor = peers.find((peer) => peer.port === highest)
    const announcement = `👑 Node ${highest} elected leader. New tracker started.`
    if (successor !== undefined) await nora.hears(announcement)
    else await Promise.all(peers.map((peer) => peer.until('message', { message: announcement })))
    // A tracker of theirs knows nobody at its first moment: who asks it then knows nobody either, until it asks again.
    const listed = [again.port, ...peers.map((peer) => peer.port)]
    await Promise.all(peers.map((peer) => peer.listsAnew(listed)))
    await everybodyHearsEverybodyOnce(everybody, 'three')
    for (const peer of peers) expect(peer.of('elected')).toHaveLength(peer === successor ? 1 : 0)
    const servings = again.lines.filter((line) => line.event === 'notice' && line.code === 'tracker-serving')
    expect(servings).toHaveLength(successor === undefined ? 1 : 0)
  })

  test('around two hearsays that are linked: still once each', async () => {
    const where = await ports()
    await stage.original('tracker', ['--serve', '--tracker-port', where.tracker])
    const one = await stage.hearsay(['--username', 'Ulla', '--dialect', dialects(where)])
    const two = await stage.hearsay(['--username', 'Olga', '--dialect', dialects(where), '--connect', one.address])
    await two.peerUp(one.id)
    const both = [one, two]
    const parties = [native('Ulla', one), native('Olga', two), await framedPeer('Fred', both)]
    parties.push(await meshPeer('Mia', where, both), await trackerPeer('Tom', where, both))
    parties.push(await linePeer('Lou', one), await linePeer('Liz', two))
    await everybodyHearsEverybodyOnce(parties, 'one')
    // They are in the mesh and on the tracker's list too, and no strangers there.
    const { peers } = await one.do({ do: 'peers' })
    if (!Array.isArray(peers)) throw new Error('no peers')
    expect(peers.map(({ name, dialect }) => [dialect, dialect === 'tracker' ? '' : name]).sort()).toEqual([
      ['framed', 'Fred (framed)'],
      ['line', 'Lou (line)'],
      ['mesh', 'Mia (mesh)'],
      ['native', 'Olga'],
      ['tracker', ''],
    ])

    // Once they are linked, each is told of the other as what it is, and in no other way.
    for (const each of both) {
      const ups = new Set<string>()
      for (const line of each.lines) {
        if (line.event === 'peer' && line.state === 'up') ups.add(line.id)
        else if (line.event === 'peer') ups.delete(line.id)
      }
      expect([...ups].filter((id) => id.startsWith('mesh:hearsay_'))).toEqual([])
    }

    await one.kill()
    await two.until((line) => line.event === 'peer' && line.state === 'down' && line.id === one.id)
    const left = parties.filter(({ name }) => name !== 'Ulla' && name !== 'Lou')
    await everybodyHearsEverybodyOnce(left, 'two')
  })

  test('around two hearsays that know each other by the mesh alone: still once each', async () => {
    const where = await ports()
    await stage.original('tracker', ['--serve', '--tracker-port', where.tracker])
    const one = await stage.hearsay(['--username', 'Ulla', '--dialect', dialects(where)])
    const two = await stage.hearsay(['--username', 'Olga', '--dialect', dialects(where)])
    const both = [one, two]
    const isFellow = (line: Line): boolean =>
      line.event === 'peer' && line.state === 'up' && line.dialect === 'mesh' && line.id.startsWith('mesh:hearsay_')
    await Promise.all(both.map((each) => each.until(isFellow)))
    const parties = [native('Ulla', one), native('Olga', two), await framedPeer('Fred', both)]
    parties.push(await meshPeer('Mia', where, both), await trackerPeer('Tom', where, both))
    await everybodyHearsEverybodyOnce(parties, 'one')
  })

  test('around two hearsays that only share framed and the tracker, neither near the other: from the first word on, once each', async () => {
    const where = await ports()
    await stage.original('tracker', ['--serve', '--tracker-port', where.tracker])
    const only = ['--dialect', `framed,tracker@127.0.0.1:${where.tracker}`]
    const one = await stage.hearsay(['--username', 'Ulla', ...only])
    const two = await stage.hearsay(['--username', 'Olga', ...only])
    const both = [one, two]
    const tom = await trackerPeer('Tom', where, both)
    // The only way between them leads through Fred.
    const parties = [native('Ulla', one), native('Olga', two), tom, await framedPeer('Fred', both)]
    await everybodyHearsEverybodyOnce(parties.toReversed(), 'one')
  })

  test('around two hearsays that only share a tracker, and meet later: still once each, and from then on as well', async () => {
    const where = await ports()
    await stage.original('tracker', ['--serve', '--tracker-port', where.tracker])
    const only = ['--no-lan', '--dialect', `tracker@127.0.0.1:${where.tracker}`]
    const one = await stage.hearsay(['--username', 'Ulla', ...only])
    const two = await stage.hearsay(['--username', 'Olga', ...only])
    const nora = await stage.hearsay(['--username', 'Nora', '--no-lan', '--connect', one.address])
    const nils = await stage.hearsay(['--username', 'Nils', '--no-lan', '--connect', two.address])
    await nora.peerUp(one.id)
    await nils.peerUp(two.id)
    const tom = await trackerPeer('Tom', where, [one, two])
    const parties = [native('Ulla', one), native('Olga', two), native('Nora', nora), native('Nils', nils), tom]
    await everybodyHearsEverybodyOnce(parties, 'one')
    // By a third: they are in one room now, and no neighbours.
    expect(await nora.do({ do: 'connect', address: nils.address })).toMatchObject({ ok: true })
    await everybodyHearsEverybodyOnce(parties.toReversed(), 'two')
    expect(await one.do({ do: 'connect', address: two.address })).toMatchObject({ ok: true })
    await everybodyHearsEverybodyOnce(parties, 'three')
  })

  test('a second hearsay comes while everybody talks: nobody sees anything twice, and soon everybody everything', async () => {
    const where = await ports()
    await stage.original('tracker', ['--serve', '--tracker-port', where.tracker])
    const one = await stage.hearsay(['--username', 'Ulla', '--dialect', dialects(where)])
    const tim = await trackerPeer('Tim', where, [one])
    const mia = await meshPeer('Mia', where, [one])
    const fred = await framedPeer('Fred', [one])
    const talkers = [tim, mia, fred]
    let said = 0
    const talking = setInterval(() => talkers[said % 3]!.say(`word ${said++}`), 200)
    const two = await stage.hearsay(['--username', 'Olga', '--dialect', dialects(where), '--connect', one.address])
    await two.peerUp(one.id)
    await mia.peer!.when(() => mia.peer!.of('peer').length === 2, 'the second')
    await tim.peer!.when(() => JSON.stringify(tim.peer!.of('peers').at(-1)).includes(String(two.port)), 'the second')
    await Bun.sleep(8_000)
    clearInterval(talking)
    const parties = [native('Ulla', one), native('Olga', two), tim, mia, fred]
    await everybodyHearsEverybodyOnce(parties, 'one')
    const twice = parties.flatMap(({ name, seen }) =>
      Array.from({ length: said }, (_, i) => `word ${i}`).flatMap((text) =>
        seen(text) > 1 ? [`${name}: ${text}`] : [],
      ),
    )
    expect(twice).toEqual([])
    const missed = talkers.flatMap(({ name, seen }, who) =>
      Array.from({ length: said }, (_, i) => i).flatMap((i) =>
        i % 3 !== who && seen(`word ${i}`) === 0 ? [`${name}: ${i}`] : [],
      ),
    )
    expect(missed).toEqual([])
  })

  test('each of two hearsays is killed and begins again while everybody talks: nobody sees anything twice, or misses it', async () => {
    const where = await ports()
    await stage.original('tracker', ['--serve', '--tracker-port', where.tracker])
    const { original: fred, port } = await stage.framed('Fred')
    const all = dialects(where).replace('framed', `framed@127.0.0.1:${port}`)
    const beginnings = ['Ulla', 'Olga'].map((name) => ['--username', name, '--dialect', all])
    const one = await stage.hearsay(beginnings[0]!)
    const two = await stage.hearsay([...beginnings[1]!, '--connect', one.address])
    const nora = await stage.hearsay(['--username', 'Nora', '--connect', one.address, '--connect', two.address])
    for (const each of [one, two]) await nora.peerUp(each.id)
    await fred.when(() => fred.of('peer').length === 2, 'both hearsays')
    const parties = [original('Fred', fred), await meshPeer('Mia', where, [one, two])]
    parties.push(await trackerPeer('Tom', where, [one, two]), native('Nora', nora))
    await everybodyHearsEverybodyOnce(parties, 'one')

    let said = 0
    const by = (i: number): Party => parties[i % parties.length]!
    const talk = (words: number): Promise<void> =>
      new Promise((resolve) => {
        const end = said + words
        const talking = setInterval(() => {
          by(said).say(`word ${said++}`)
          if (said < end) return
          clearInterval(talking)
          resolve()
        }, 150)
      })
    for (const [i, dies] of [one, two].entries()) {
      await talk(8)
      // What is half said as one is killed may be lost with it.
      await Bun.sleep(2_000)
      await dies.kill()
      await talk(10)
      const talking = talk(50)
      const args = [...beginnings[i]!, '--port', String(dies.port), '--connect', [one, two][1 - i]!.address]
      const again = await stage.hearsay(args, { home: dies.home })
      await nora.peerUp(again.id)
      await talking
    }
    await Bun.sleep(8_000)
    const wrong = parties.flatMap(({ name, seen }, who) =>
      Array.from({ length: said }, (_, i) => i).flatMap((i) => {
        const times = seen(`word ${i}`)
        return by(i) === parties[who] || times === 1 ? [] : [`${name} saw word ${i} ${times} times`]
      }),
    )
    expect(wrong).toEqual([])
  })
})
