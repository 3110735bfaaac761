import type { Rng } from '../../src/base/rng.ts'
import type { SimNode } from './sim-node.ts'
import { Violation } from './witness.ts'
import { World } from './world.ts'

/** A network that talks while it is being torn apart and mended. */
export interface StormOptions {
  readonly nodes: number
  readonly messages: number
  readonly rooms: number
  readonly partitions: number
  readonly loss: number
  readonly reset: number
}

export const STORM: StormOptions = { nodes: 100, messages: 1_000, rooms: 4, partitions: 20, loss: 0.05, reset: 0.00002 }

export interface StormResult {
  readonly seed: number
  /** Over all tellings of all nodes with their times. */
  readonly hash: string
  /** Deliveries of bytes, timers and all else that was planned and happened. */
  readonly events: number
  readonly virtualMs: number
  /** Messages shown, over all nodes. */
  readonly shown: number
  readonly linksLost: number
  /** From the last healing until everybody had everything. */
  readonly convergedMs: number
}

const BUFFER_BYTES = [8 * 1024, 256 * 1024] as const
const START_MS = 1_000
/** Nodes have linked up by then and know each other. */
const CALM_MS = 5_000
const TALK_MS = 45_000
const CUT_MS = [1_000, 12_000] as const
/** Of the connections across a new cut, so many are reset at once; the others stall. */
const CUT_RESET_CHANCE = 0.1
const JOIN_CHANCE = 0.25
/** In so many of a hundred pairs both dial. */
const BOTH_DIAL_PERCENT = 10
const TEXT_CHARS_MAX = 400
/** A link that is dead on one side only is found out after 40 s; then it is dialled again, with pauses of up to 2 s, and catches up. */
const CONVERGE_MS_MAX = 90_000
/** Presence comes every 30 s, give or take a tenth. */
const MEMBERS_MS_MAX = 45_000
/** A way to an author that is dead on one side only is found out like a link, and another is known with the next presence. */
const KNOWN_MS_MAX = 90_000
/** Every so-many-th storm waits for these. */
const MEMBERS_EVERY = 5
/** How often it is looked whether all is well. */
const LOOK_MS = 100

/** Runs one storm from its seed. Throws a `Violation` where anything is shown that may not be, or not shown that must. */
export function storm(seed: number, options: StormOptions = STORM): StormResult {
  const world = new World(seed, {
    latencyMs: [1, 80],
    loss: options.loss,
    reset: options.reset,
    bufferBytes: BUFFER_BYTES,
  })
  const chance = world.rngFor('storm')
  const nodes = people(world, chance, options)
  const healedAtMs = planCuts(world, chance, options.partitions)
  planTalk(world, chance, options)
  world.pass(Math.max(healedAtMs, CALM_MS + TALK_MS))
  const convergedMs = converge(world, nodes)
  if (seed % MEMBERS_EVERY === 0 && !seenWithin(world, () => nodes.every(knowsMembers), MEMBERS_MS_MAX)) {
    const { name } = nodes.find((node) => !knowsMembers(node))!
    throw new Violation(`${name} does not know who is in its rooms`)
  }
  const areKnown = (): boolean => undelivered(world) === null
  if (seed % MEMBERS_EVERY === 0 && !seenWithin(world, areKnown, KNOWN_MS_MAX)) throw new Violation(undelivered(world)!)
  checkOrder(nodes)
  const { witness, time } = world
  return {
    seed,
    hash: witness.hash(),
    events: time.events,
    virtualMs: Math.round(time.nowMs),
    shown: witness.shownCount,
    linksLost: witness.linksLost,
    convergedMs: Math.round(convergedMs),
  }
}

/** Nodes in some of the rooms each, in a random graph: two rings of all of them, so that each has about four neighbours. */
function people(world: World, chance: Rng, options: StormOptions): SimNode[] {
  // By turns with links as they are given here, and with these as a beginning to choose neighbours from.
  const isChoosing = world.seed % 2 === 1
  if (isChoosing) world.witness.expected.add('neighbours-enough')
  const nodes = Array.from({ length: options.nodes }, () => world.add({ isChoosing }))
  for (const node of nodes) {
    for (let room = 0; room < options.rooms; room++) if (chance.float() < JOIN_CHANCE) node.join(`room-${room}`)
    if (node.rooms.size === 0) node.join('room-0')
  }
  for (let ring = 0; ring < 2; ring++) {
    const order = shuffled(nodes, chance)
    for (const [i, node] of order.entries()) {
      const next = order[(i + 1) % order.length]!
      const [dialler, dialled] = chance.float() < 0.5 ? [node, next] : [next, node]
      dialler.connect(dialled)
      if (chance.below(100) < BOTH_DIAL_PERCENT) dialled.connect(dialler)
    }
  }
  for (const node of nodes) world.time.at(chance.float() * START_MS, () => node.start())
  return nodes
}

/** Plans partitions that overlap as they come; answers when the last is healed. */
function planCuts(world: World, chance: Rng, count: number): number {
  let lastMs = 0
  for (let i = 0; i < count; i++) {
    const fromMs = CALM_MS + chance.float() * TALK_MS
    const toMs = fromMs + CUT_MS[0] + chance.float() * (CUT_MS[1] - CUT_MS[0])
    lastMs = Math.max(lastMs, toMs)
    const size = 1 + chance.below(world.nodes.length - 1)
    const inside = shuffled(world.nodes, chance).slice(0, size)
    world.time.at(fromMs, () => {
      const cut = world.network.cut(
        inside.map((node) => node.host),
        CUT_RESET_CHANCE,
      )
      world.time.at(toMs, () => world.network.heal(cut))
    })
  }
  return lastMs
}

function planTalk(world: World, chance: Rng, options: StormOptions): void {
  for (let i = 0; i < options.messages; i++) {
    const node = world.nodes[chance.below(world.nodes.length)]!
    const rooms = [...node.rooms]
    const room = rooms[chance.below(rooms.length)]!
    const text = `${i} ${'x'.repeat(chance.below(TEXT_CHARS_MAX))}`
    world.time.at(CALM_MS + chance.float() * TALK_MS, () => node.say(room, text))
  }
}

function converge(world: World, nodes: readonly SimNode[]): number {
  const fromMs = world.time.nowMs
  const { said } = world.witness
  const due = new Map<string, number>()
  for (const { room } of said.values()) due.set(room!, (due.get(room!) ?? 0) + 1)
  let missing = 0
  for (const node of nodes) for (const room of node.rooms) missing += due.get(room) ?? 0
  const met = (): boolean => world.witness.shownCount === missing
  if (!seenWithin(world, met, CONVERGE_MS_MAX)) throw new Violation(missingReport(world, nodes))
  return world.time.nowMs - fromMs
}

function seenWithin(world: World, met: () => boolean, durationMs: number): boolean {
  for (const untilMs = world.time.nowMs + durationMs; !met(); world.pass(LOOK_MS)) {
    if (world.time.nowMs >= untilMs) return false
  }
  return true
}

/** One of the messages that did not come through, and how many. */
function missingReport(world: World, nodes: readonly SimNode[]): string {
  const lines: string[] = []
  for (const said of world.witness.said.values()) {
    for (const node of nodes) {
      if (!node.rooms.has(said.room!) || node.has(said.text)) continue
      lines.push(
        `${node.name} lacks "${said.text.slice(0, 8)}" said by ${said.author.name} at ${Math.round(said.atMs)} ms`,
      )
    }
  }
  return `${lines.length} messages are not shown where they should be, such as: ${lines.slice(0, 3).join('; ')}`
}

/** Whether a node lists as members of its rooms exactly those that are. */
function knowsMembers(node: SimNode): boolean {
  for (const room of node.rooms) {
    const expected = node.world.nodes.filter((other) => other !== node && other.isRunning && other.rooms.has(room))
    const members = new Set(node.node.members(room).map((member) => member.key))
    if (members.size !== expected.length || expected.some((other) => !members.has(other.key))) return false
  }
  return true
}

/** One of the messages of which its author does not know that everybody has it; null where there is none. */
function undelivered({ nodes, witness }: World): string | null {
  for (const { text, author, room, id } of witness.said.values()) {
    const standing = author.node.deliveries.reach(Uint8Array.fromHex(id!))
    const members = nodes.filter((node) => node !== author && node.rooms.has(room!)).length
    const known = standing === null ? 'nothing' : `${standing.reached} of ${standing.of}`
    if (known !== `${members} of ${members}`)
      return `of "${text.slice(0, 8)}", which all ${members} have, ${author.name} knows ${known}`
  }
  return null
}

/** Everybody in a room has it in the same order, by the key that front ends sort by. */
function checkOrder(nodes: readonly SimNode[]): void {
  const first = new Map<string, { node: SimNode; sequence: string }>()
  for (const node of nodes) {
    for (const [room, sequence] of sequences(node)) {
      const other = first.get(room)
      if (other === undefined) first.set(room, { node, sequence })
      else if (other.sequence !== sequence) {
        throw new Violation(`${node.name} and ${other.node.name} have ${room} in different orders`)
      }
    }
  }
}

function sequences(node: SimNode): Map<string, string> {
  const byRoom = new Map<string, string>()
  const { said } = node.world.witness
  for (const text of node.texts()) {
    const { room, id } = said.get(text)!
    byRoom.set(room!, `${byRoom.get(room!) ?? ''} ${id}`)
  }
  return byRoom
}

function shuffled<T>(items: readonly T[], chance: Rng): T[] {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = chance.below(i + 1)
    const kept = order[i]!
    order[i] = order[j]!
    order[j] = kept
  }
  return order
}
