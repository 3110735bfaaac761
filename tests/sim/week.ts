import { toHex } from '../../src/base/bytes.ts'
import type { Rng } from '../../src/base/rng.ts'
import { RangeSet } from '../../src/core/history/ranges.ts'
import { chainBundle, decodeBundle, NO_EVENT, signatureOf, signedPart } from '../../src/wire/bundle.ts'
import { openRoomId } from '../../src/wire/event.ts'
import type { SimNode } from './sim-node.ts'
import type { Shelf } from './sim-store.ts'
import { Violation } from './witness.ts'
import { World } from './world.ts'

/** A week of people who come and go, on machines that crash, over lines that fail. */
export interface WeekOptions {
  readonly nodes: number
  readonly days: number
  readonly rooms: number
  readonly loss: number
  readonly reset: number
  /** What one says in an evening, at most; one in four says ten times as much within half a minute. */
  readonly messages: number
}

export const WEEK: WeekOptions = { nodes: 20, days: 7, rooms: 3, loss: 0.05, reset: 0.00002, messages: 20 }

export interface WeekResult {
  readonly seed: number
  /** Over all tellings of all nodes with their times. */
  readonly hash: string
  readonly events: number
  /** Messages that their authors' nodes said are safe, of all that were said. */
  readonly acknowledged: number
  readonly said: number
  readonly shown: number
  readonly starts: number
  /** Gaps told, and those of them that were told to be filled. */
  readonly gaps: number
  readonly filled: number
  /** From everybody's coming back until everybody had everything. */
  readonly convergedMs: number
}

const DAY_MS = 24 * 60 * 60_000
const EVENING_MS = 15 * 60_000
const SESSION_MS = [60_000, 8 * 60_000] as const
const BURST_MS = 30_000
/** In so many of a hundred evenings somebody comes at all; one that crashes is back after a moment, so often. */
const COMES_PERCENT = 75
const CRASHES_PERCENT = 40
const SKEW_MS_MAX = 120_000
const CUTS_PER_EVENING = 2
const CUT_MS = [5_000, 90_000] as const
const CUT_RESET_CHANCE = 0.2
/** Who moves between rooms: leaves one, or comes into one. */
const MOVES_PERCENT = 10
const TARGETS = 3
const CONVERGE_MS_MAX = 10 * 60_000
const LOOK_MS = 500

/** Runs one week from its seed. Throws a `Violation` where something is lost, shown twice, or in another order. */
export function week(seed: number, options: WeekOptions = WEEK): WeekResult {
  return new Week(seed, options).run()
}

class Week {
  private readonly world: World
  private readonly chance: Rng
  private readonly nodes: SimNode[]
  private sentences = 0
  private starts = 0
  private gaps = 0
  private filled = 0

  constructor(
    private readonly seed: number,
    private readonly options: WeekOptions,
  ) {
    const { loss, reset } = options
    this.world = new World(seed, { latencyMs: [1, 80], loss, reset, bufferBytes: [8 * 1024, 256 * 1024] })
    this.chance = this.world.rngFor('week')
    // Who is gone may be the only one who has something.
    for (const code of ['gap', 'neighbours-enough']) this.world.witness.expected.add(code)
    this.nodes = this.people()
  }

  run(): WeekResult {
    const { world, options } = this
    for (let day = 0; day < options.days; day++) {
      this.evening()
      world.pass(DAY_MS - EVENING_MS)
    }
    this.meet()
    const fromMs = world.time.nowMs
    if (!this.isEverywhereWithin(CONVERGE_MS_MAX)) throw new Violation(this.missingReport())
    const convergedMs = Math.round(world.time.nowMs - fromMs)
    // Nothing comes twice afterwards, and what was said to be missing is said to be there.
    world.pass(10_000)
    this.checkGaps()
    this.checkDisks()
    const { witness } = world
    const said = [...witness.said.values()]
    return {
      seed: this.seed,
      hash: witness.hash(),
      events: world.time.events,
      acknowledged: said.filter(({ isAcknowledged }) => isAcknowledged).length,
      said: said.length,
      shown: witness.shownCount,
      starts: this.starts,
      gaps: this.gaps,
      filled: this.filled,
      convergedMs,
    }
  }

  /** Everybody comes, and whoever is in a room is linked with somebody who is. */
  private meet(): void {
    const { rooms } = this.options
    for (let room = 0; room < rooms; room++) {
      const members = this.nodes.filter((node) => node.rooms.has(`room-${room}`))
      for (const [at, node] of members.entries()) {
        const next = members[(at + 1) % members.length]!
        if (next !== node && !node.targets.includes(next)) node.connect(next)
      }
    }
    for (const node of this.nodes) this.start(node)
  }

  /** Each in some of the rooms, knowing some of the others. */
  private people(): SimNode[] {
    const { world, chance, options } = this
    const isChoosing = this.seed % 2 === 1
    const nodes = Array.from({ length: options.nodes }, () =>
      world.add({
        isKeeping: true,
        windowBytesMax: 24 * 1024,
        isChoosing,
        skewMs: Math.round((chance.float() - 0.5) * SKEW_MS_MAX),
      }),
    )
    for (const [at, node] of nodes.entries()) {
      for (let room = 0; room < options.rooms; room++) {
        // Who chooses neighbours does not ask for rooms: where others are in between, only what these remember comes through.
        if (isChoosing || chance.below(100) < 40) node.join(`room-${room}`)
      }
      if (node.rooms.size === 0) node.join('room-0')
      // A ring, so that all are one network when all are there, and some others.
      node.connect(nodes[(at + 1) % nodes.length]!)
      for (let i = 1; i < TARGETS; i++) {
        const other = nodes[chance.below(nodes.length)]!
        if (other !== node) node.connect(other)
      }
    }
    return nodes
  }

  /** Plans who is there when, what they say, and what goes wrong; and lets it happen. */
  private evening(): void {
    const { world, chance } = this
    const beginMs = world.time.nowMs
    for (const node of this.nodes) if (chance.below(100) < COMES_PERCENT) this.session(node, beginMs)
    for (let i = 0; i < CUTS_PER_EVENING; i++) this.cut(beginMs)
    world.pass(EVENING_MS)
    for (const node of this.nodes) if (node.isRunning) node.kill(chance.float() < 0.5 ? 'process' : 'power')
  }

  private session(node: SimNode, beginMs: number): void {
    const { world, chance, options } = this
    const lengthMs = between(chance, SESSION_MS)
    const fromMs = beginMs + chance.float() * (EVENING_MS - lengthMs)
    const toMs = fromMs + lengthMs
    world.time.at(fromMs, () => this.start(node))
    const isLoud = chance.below(4) === 0
    const count = chance.below(options.messages + 1) * (isLoud ? 10 : 1)
    const talkMs = isLoud ? Math.min(BURST_MS, lengthMs) : lengthMs
    const talkFromMs = fromMs + chance.float() * (lengthMs - talkMs)
    for (let i = 0; i < count; i++) world.time.at(talkFromMs + chance.float() * talkMs, () => this.say(node))
    if (chance.below(100) < MOVES_PERCENT) world.time.at(fromMs + chance.float() * lengthMs, () => this.move(node))
    if (chance.below(100) < CRASHES_PERCENT) {
      const crashMs = fromMs + chance.float() * lengthMs
      world.time.at(crashMs, () => this.kill(node))
      world.time.at(crashMs + 1_000 + chance.float() * 20_000, () => this.start(node))
    }
    world.time.at(toMs, () => this.kill(node))
  }

  private start(node: SimNode): void {
    if (node.isRunning) return
    this.starts++
    node.start((telling) => {
      if (telling.kind !== 'gap') return
      if (telling.missing > 0) this.gaps++
      else this.filled++
    })
  }

  /** Now and then with something just said, which is lost with it: nobody was told that it is safe. */
  private kill(node: SimNode): void {
    if (node.isRunning && this.chance.below(4) === 0) this.say(node)
    if (node.isRunning) node.kill(this.chance.float() < 0.5 ? 'process' : 'power')
  }

  private say(node: SimNode): void {
    if (!node.isRunning || node.rooms.size === 0) return
    const rooms = [...node.rooms]
    const text = `${this.sentences++} ${'x'.repeat(this.chance.below(200))}`
    node.say(rooms[this.chance.below(rooms.length)]!, text)
  }

  private move(node: SimNode): void {
    if (!node.isRunning) return
    const room = `room-${this.chance.below(this.options.rooms)}`
    if (!node.rooms.has(room)) node.join(room)
    else if (node.rooms.size > 1) node.leave(room)
  }

  private cut(beginMs: number): void {
    const { world, chance } = this
    const fromMs = beginMs + chance.float() * EVENING_MS
    const inside = this.nodes.filter(() => chance.float() < 0.5)
    world.time.at(fromMs, () => {
      const cut = world.network.cut(
        inside.map(({ host }) => host),
        CUT_RESET_CHANCE,
      )
      world.time.at(fromMs + between(chance, CUT_MS), () => world.network.heal(cut))
    })
  }

  private isEverywhereWithin(durationMs: number): boolean {
    const { time } = this.world
    for (const untilMs = time.nowMs + durationMs; !this.isEverywhere(); time.pass(LOOK_MS)) {
      if (time.nowMs >= untilMs) return false
    }
    return true
  }

  private isEverywhere(): boolean {
    return this.missing().next().done === true
  }

  /** Who lacks what of the acknowledged events of his rooms. Who has left a room tells nobody in it any more what he alone has of it. */
  private *missing(): Generator<string> {
    for (const said of this.world.witness.said.values()) {
      if (!said.isAcknowledged) continue
      const members = this.nodes.filter((node) => node.rooms.has(said.room!))
      if (!members.includes(said.author) && !members.some((node) => node.store.ids.has(said.id!))) continue
      for (const node of members) {
        if (node.store.ids.has(said.id!)) continue
        yield `${node.name} lacks "${said.text.slice(0, 6)}" of ${said.author.name} in ${said.room}`
      }
    }
  }

  private missingReport(): string {
    const lines = [...this.missing()]
    return `${lines.length} events are not where they should be, such as: ${lines.slice(0, 3).join('; ')}`
  }

  /** What is said last to be missing is just what is: what one who is in the room no more has not passed on. */
  private checkGaps(): void {
    for (const node of this.nodes) {
      const last = new Map<string, number>()
      for (const telling of node.tellings) {
        if (telling.kind === 'gap') last.set(toHex(telling.author), telling.missing)
      }
      for (const [author, missing] of last) {
        const holes = [...node.rooms]
          .flatMap((room) => shelvesOf(node, room))
          .filter(({ output }) => toHex(output.feed.author) === author)
        if (missing > 0 && holes.every(({ bundles }) => holesOf(bundles) === 0)) {
          throw new Violation(`${node.name} still says that ${missing} events of ${author} are missing`)
        }
      }
    }
  }

  /** All disks of those in a room have the same of it, and all of it chained and signed. */
  private checkDisks(): void {
    const rooms = new Map<string, { node: SimNode; summary: string }>()
    for (const node of this.nodes) {
      for (const room of node.rooms) {
        const lines = shelvesOf(node, room).map((shelf) => this.checkShelf(node, shelf))
        const summary = lines.sort().join('\n')
        const other = rooms.get(room)
        if (other === undefined) rooms.set(room, { node, summary })
        else if (other.summary !== summary) throw new Violation(`${node.name} and ${other.node.name} differ in ${room}`)
      }
    }
  }

  /** Answers what the disk has of a feed: where each piece ends, and the id there, which stands for all before it. */
  private checkShelf(node: SimNode, { output, bundles }: Shelf): string {
    const { author, id } = output.feed
    const check = this.world.verifier(author)!
    const ends: string[] = []
    let tip: Uint8Array = NO_EVENT
    let next = 1
    for (const { first, count, previous, bytes } of bundles) {
      const bundle = decodeBundle(bytes)
      const where = `${node.name} has event ${first} of ${toHex(author)}`
      if (bundle === null || first < next) throw new Violation(`${where} broken or twice`)
      if (first === next && toHex(previous) !== toHex(tip))
        throw new Violation(`${where} after another than it follows`)
      if (first > next) ends.push(`${next} ${toHex(tip)} ${first}`)
      tip = chainBundle(bundle, id, previous).at(-1)!
      if (!check.verify(signedPart(first, tip), signatureOf(bundle))) {
        throw new Violation(`${where} with a signature that does not hold`)
      }
      next = first + count
    }
    return `${toHex(id)} ${ends.join(' ')} ${next} ${toHex(tip)}`
  }
}

function shelvesOf(node: SimNode, room: string): Shelf[] {
  const id = toHex(openRoomId(room))
  return [...node.store.shelves()].filter(({ output }) => toHex(output.feed.room) === id)
}

function holesOf(bundles: Shelf['bundles']): number {
  const held = new RangeSet(bundles.map(({ first, count }) => ({ from: first, to: first + count })))
  return held.missing(1, held.end).length
}

function between(chance: Rng, [least, most]: readonly [number, number]): number {
  return least + chance.float() * (most - least)
}
