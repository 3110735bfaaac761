import { afterAll, expect, test } from 'bun:test'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { type Rng, seededRng } from '../../src/base/rng.ts'
import type { NodeIdentity } from '../../src/node/context.ts'
import { HOPS_MAX } from '../../src/wire/limits.ts'
import { Author, nameFeed, push } from '../node/author.ts'
import { Bench, identityOf } from '../node/bench.ts'
import { heapBytes } from '../node/heap.ts'
import { KeepingBench } from '../node/keeping-bench.ts'
import { openPeer, Peer } from '../node/peer.ts'
import { Attacker } from './attacker.ts'
import { readCorpus } from './corpus.ts'
import { wrongWith } from './honest-frames.ts'
import { failure, INPUTS, SEED } from './seed.ts'
import { Stock } from './stock.ts'
import { Watchdog } from './watchdog.ts'

const INPUT_MS_MAX = 3_000
const GROWTH_BYTES_MAX = 12 * 1024 * 1024
/** Some forty bundles: what is asked for has often left it. */
const WINDOW_BYTES = 16 * 1024
/** So many inputs, and the attackers come with other feeds. */
const CHAPTER_INPUTS = 500
const CHECK_EVERY = 250

const watchdog = new Watchdog('link')
afterAll(() => watchdog.end())

/** One of the attackers, on whatever link it has now. */
interface Seat {
  readonly identity: NodeIdentity
  readonly attacker: Attacker
  peer: Peer
}

/** A node between two attackers who work together and one honest neighbour, who says something from time to time and must be heard. */
class Siege {
  private readonly people = Array.from({ length: 8 }, (_, at) => identityOf(700 + at))
  private readonly seats: Seat[]
  private readonly witness: Peer
  private readonly honest = new Author(55)
  private links = 0
  private said = 0
  private readonly told = new Set<string>()
  /** The newest records, with the seat they came from. */
  private readonly recent: string[] = []

  constructor(
    private readonly rng: Rng,
    readonly bench = new Bench(1, { windowBytesMax: WINDOW_BYTES }),
  ) {
    for (const room of ['general', 'dev']) this.bench.run((node, now) => node.join(room, now))
    this.bench.run((node, now) => node.voiceAt(now).join('general'))
    this.bench.run((node, now) => node.voiceAt(now).reachable([{ host: '192.0.2.9', port: 5_000 }]))
    this.witness = openPeer(this.bench, { seed: 101 })
    nameFeed(this.witness, 1, this.honest, 1, 1)
    const stock = this.stock(0)
    this.seats = [66, 67].map((seed) => {
      const identity = identityOf(seed)
      return { identity, attacker: new Attacker(rng, stock), peer: this.link(identity) }
    })
  }

  /** Other feeds and passing events, of the same people. */
  chapter(number: number): void {
    const stock = this.stock(number)
    for (const { attacker } of this.seats) attacker.turnTo(stock)
  }

  /** One record from one of the two. */
  input(number: number): void {
    const seat = this.seats[this.rng.below(this.seats.length)]!
    if (!seat.peer.up) {
      if (seat.peer.link !== null) this.bench.vanish(seat.peer.link)
      seat.peer = this.link(seat.identity)
      seat.attacker.newLink()
    }
    const plaintext = seat.attacker.record()
    if (plaintext.length > 0) this.deliver(plaintext, number, seat.peer)
    if (this.rng.below(8) === 0) this.meanwhile(seat.peer)
    if (number % CHECK_EVERY === 0) this.hearsTheHonest(number)
  }

  deliver(plaintext: Uint8Array, number: number, peer: Peer = this.seats[0]!.peer): void {
    this.recent.push(`${peer.link} ${toHex(plaintext)}`)
    if (this.recent.length > 20) this.recent.shift()
    watchdog.before(plaintext)
    const startedAtMs = performance.now()
    try {
      peer.record(plaintext)
      const tookMs = performance.now() - startedAtMs
      if (tookMs > INPUT_MS_MAX) throw new Error(`took ${Math.round(tookMs)} ms`)
      this.check()
    } catch (cause) {
      throw failure(`link, after\n${this.recent.join('\n')}\n`, number, plaintext, cause)
    }
  }

  /** What must hold whatever has been sent. */
  private check(): void {
    for (const telling of this.bench.tellings('event')) {
      const id = toHex(telling.id)
      if (this.told.has(id)) throw new Error(`told twice: event ${telling.number}`)
      this.told.add(id)
      if (telling.hops > HOPS_MAX) throw new Error(`${telling.hops} hops`)
    }
    this.bench.forget()
    for (const peer of [this.witness, ...this.seats.map((seat) => seat.peer)]) {
      const wrong = peer.heard.map(wrongWith).find((what) => what !== null)
      if (wrong !== undefined) throw new Error(`the node itself sent ${wrong}`)
      peer.heard.length = 0
      peer.sent.length = 0
    }
    if (!this.witness.up) throw new Error('the honest neighbour was hung up on')
  }

  /** Time passes, an attacker stops reading or goes on, we speak. */
  private meanwhile(peer: Peer): void {
    const { rng, bench } = this
    const what = rng.below(6)
    if (what < 3) bench.pass(rng.below(what === 0 ? 3_000 : 60))
    else if (what === 3 && peer.link !== null) bench.blocked.add(peer.link)
    else if (what === 4) {
      bench.blocked.clear()
      bench.settle()
    } else bench.run((node, now) => node.say('general', 2, utf8('we speak too'), 1, now))
  }

  private stock(number: number): Stock {
    return new Stock(this.rng, number + 1, this.bench.wallMs, identityOf(1), this.people)
  }

  private link(identity: NodeIdentity): Peer {
    return new Peer(this.bench, { identity, ephemeral: this.links++ }).open()
  }

  private hearsTheHonest(number: number): void {
    const text = `honest ${this.said++}`
    push(this.witness, 1, this.honest.say({ body: text, time: { ms: this.bench.wallMs, counter: 0 } }))
    // What arrives while we catch up with somebody is held for a second at most.
    this.bench.pass(1_000)
    if (!this.bench.texts().includes(text)) {
      throw failure('link', number, utf8(text), 'what the honest one says is not told')
    }
    this.check()
  }

  /** Events told so far. */
  get events(): number {
    return this.told.size
  }
}

test('saved records: the node survives each of them, and all in a row', () => {
  const siege = new Siege(seededRng(1))
  for (const [number, { bytes }] of (readCorpus().get('link') ?? []).entries()) siege.deliver(bytes, number)
  siege.input(0)
})

test(`${INPUTS.link} records from a peer that has proved who it is: nothing is thrown, told twice, or kept`, () => {
  const siege = new Siege(seededRng(SEED))
  let before = 0
  for (let number = 1; number <= INPUTS.link; number++) {
    if (number === Math.floor(INPUTS.link / 5)) before = heapBytes()
    if (number % CHAPTER_INPUTS === 0) siege.chapter(number)
    siege.input(number)
  }
  // Were they hung up on at the first word, nothing would have been tried.
  expect(siege.events).toBeGreaterThan(INPUTS.link / 20)
  expect(heapBytes() - before).toBeLessThan(GROWTH_BYTES_MAX)
}, 300_000)

test(`${INPUTS.link / 2} records at one that has a disk, and fetches what it misses: the same`, () => {
  const siege = new Siege(seededRng(SEED), new KeepingBench(1, { windowBytesMax: WINDOW_BYTES }))
  for (let number = 1; number <= INPUTS.link / 2; number++) {
    if (number % CHAPTER_INPUTS === 0) siege.chapter(number)
    siege.input(number)
  }
  expect(siege.events).toBeGreaterThan(INPUTS.link / 40)
}, 300_000)
