import { createHash } from 'node:crypto'
import { formatAddress } from '../../src/base/address.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { DeliveryTelling, EventTelling, NodeTelling } from '../../src/node/outputs.ts'
import { HOPS_MAX } from '../../src/wire/limits.ts'
import type { SimNode } from './sim-node.ts'

/** Something a node did that it never may. */
export class Violation extends Error {}

/** What a node was made to say. `room` null: to the node `to` alone. */
export interface Said {
  readonly text: string
  readonly author: SimNode
  readonly life: number
  readonly room: string | null
  readonly to: SimNode | null
  readonly atMs: number
  /** In hexadecimal, from the first that shows it. */
  id: string | null
  /** Its place in the room's order, from the same. */
  order: string | null
  /** Its author's node has said that it is safe. */
  isAcknowledged: boolean
  /** Which event of which feed it is, once its author has shown it. */
  place: { readonly feed: string; readonly number: number } | null
  /** Others who are known to have it, or to have had it in a former life. */
  readonly holders: Set<SimNode>
}

/** What one node has shown in one life of its process. */
export class Shown {
  /** By text: its place in the room's order. */
  readonly orders = new Map<string, string>()
  /** The last number of each author's feed in each room. */
  readonly numbers = new Map<string, number>()
  readonly backlog = new Set<string>()
}

/**
 * Hears all that all nodes tell, and knows what was said: whatever is shown twice, to the wrong ones, altered or in the wrong order
 * is a violation at once. Its hash stands for the whole run.
 */
export class Witness {
  readonly said = new Map<string, Said>()
  private readonly byId = new Map<string, Said>()
  shownCount = 0
  linksLost = 0
  /** Troubles that this world provokes on purpose. */
  readonly expected = new Set<string>()
  private readonly hasher = createHash('sha256')

  /** Every telling of every node with its time, in hexadecimal. To be asked once. */
  hash(): string {
    return this.hasher.digest('hex')
  }

  says(said: Said): void {
    if (this.said.has(said.text)) throw new Error(`"${said.text}" is said twice by the test itself`)
    this.said.set(said.text, said)
  }

  acknowledged(text: string, id: string): void {
    const said = this.said.get(text)!
    if (said.id !== null && said.id !== id) throw new Violation(`"${text}" is safe under another id than it has`)
    said.id = id
    said.isAcknowledged = true
  }

  /** A node has it, though it may not have shown it yet. `id` in hexadecimal. */
  holds(node: SimNode, id: string): void {
    const said = this.byId.get(id)
    if (said !== undefined && node !== said.author) said.holders.add(node)
  }

  hears(node: SimNode, telling: NodeTelling): void {
    this.hasher.update(`${node.world.time.nowMs} ${node.index} ${line(telling)}\n`)
    switch (telling.kind) {
      case 'event':
        return this.shows(node, telling)
      case 'delivery':
        return this.delivers(node, telling)
      case 'peer':
        if (telling.state === 'down') this.linksLost++
        return
      case 'gap':
        if (this.expected.has('gap')) return
        throw new Violation(`${node.name} reports ${telling.missing} missing events, and none is lost`)
      case 'trouble':
        if (this.expected.has(telling.code)) return
        throw new Violation(`${node.name} reports ${telling.code}: ${telling.message}`)
    }
  }

  private shows(node: SimNode, telling: EventTelling): void {
    const text = decoder.decode(telling.body)
    const said = this.said.get(text)
    const where = `${node.name} shows "${text.slice(0, 40)}"`
    if (said === undefined) throw new Violation(`${where}, which nobody said`)
    if (toHex(telling.author) !== said.author.key) throw new Violation(`${where} as said by another than its author`)
    if (telling.room !== said.room) throw new Violation(`${where} in ${telling.room}, and it was said in ${said.room}`)
    if (said.room !== null && !node.rooms.has(said.room)) throw new Violation(`${where} of a room it is not in`)
    this.checkConversation(node, telling, said, where)
    this.checkIdentity(node, telling, said, where)
    this.byId.set(said.id!, said)
    if (node !== said.author) said.holders.add(node)
    else said.place ??= placeOf(said, telling)
    if (telling.self !== (node === said.author)) throw new Violation(`${where} with a wrong idea of whose it is`)
    const own = node === said.author && said.life === node.life
    if (telling.hops > HOPS_MAX || (telling.hops === 0) !== own)
      throw new Violation(`${where} with ${telling.hops} hops`)
    this.checkOrder(node, telling, said, where)
    this.shownCount++
  }

  private delivers(node: SimNode, { id, state, reached, of }: DeliveryTelling): void {
    const said = this.byId.get(toHex(id))
    const where = `${node.name} tells that "${said?.text.slice(0, 40)}" has reached ${reached} of ${of}`
    if (said?.author !== node) throw new Violation(`${where}, and did not say it`)
    const { size } = holdersOf(said, node.world.nodes)
    if (reached > size) throw new Violation(`${where}, and ${size} have it`)
    const expected = reached === 0 ? 'waiting' : reached < of ? 'reached' : 'everyone'
    if (reached > of || state !== expected) throw new Violation(`${where} and calls that ${state}`)
  }

  private checkConversation(node: SimNode, telling: EventTelling, said: Said, where: string): void {
    if (said.to === null) return
    if (node !== said.author && node !== said.to) throw new Violation(`${where}, which is between two others`)
    const other = node === said.author ? said.to : said.author
    if (telling.peer === null || toHex(telling.peer) !== other.key) {
      throw new Violation(`${where} in a conversation with somebody else`)
    }
  }

  private checkIdentity(node: SimNode, telling: EventTelling, said: Said, where: string): void {
    const id = toHex(telling.id)
    if (said.id !== null && said.id !== id) throw new Violation(`${where} under another id than others`)
    said.id = id
    if (node.knownAtStart.has(id)) throw new Violation(`${where}, which its disk has had since it was started`)
  }

  private checkOrder(node: SimNode, telling: EventTelling, said: Said, where: string): void {
    const { shown } = node
    if (shown.orders.has(said.text)) throw new Violation(`${where} twice`)
    const order = orderOf(telling)
    if (said.order !== null && said.order !== order) throw new Violation(`${where} in another place than others`)
    said.order = order
    shown.orders.set(said.text, order)
    if (telling.backlog) shown.backlog.add(said.text)
    const feed = `${said.author.index}.${said.life} ${said.room ?? said.to?.index}`
    const before = shown.numbers.get(feed) ?? 0
    // Who has a disk fetches what is missing from the newest down.
    const mayBeLate = telling.backlog && node.isKeeping
    // Whose disk came back from a copy begins a new feed in the middle of a life.
    if (telling.number <= before && !mayBeLate && !this.expected.has('restored')) {
      throw new Violation(`${where}, number ${telling.number}, after number ${before} of the same author`)
    }
    shown.numbers.set(feed, Math.max(before, telling.number))
  }
}

function placeOf({ author, room, to }: Said, { number }: EventTelling): Said['place'] {
  const { conversations } = author.node['rooms']
  const own = room === null ? conversations.with(to!.id)?.own : author.node['rooms'].named(room)?.own
  return own == null ? null : { feed: own.key, number }
}

/** Others who have it, shown or not yet, or had it in a former life. */
export function holdersOf({ author, holders, place, room }: Said, nodes: readonly SimNode[]): ReadonlySet<SimNode> {
  if (place === null) return holders
  const { feed: key, number } = place
  for (const node of nodes) {
    // In a room that it is not in it holds nothing for itself.
    if (room !== null && !node.rooms.has(room)) continue
    if (node === author || !node.isRunning || holders.has(node)) continue
    const feed = node.node['feeds'].all.get(key)
    if (feed === undefined || feed.room === null) continue
    if (feed.held?.has(number) ?? (feed.log.base <= number && number < feed.log.next)) holders.add(node)
  }
  return holders
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Sorts as the room does: clock time, author, number. */
function orderOf(telling: EventTelling): string {
  const { ms, counter } = telling.time
  return `${hex(ms, 12)}${hex(counter, 4)}${toHex(telling.author)}${hex(telling.number, 12)}`
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

/** A telling as one line, with all that tells two runs apart. */
function line(telling: NodeTelling): string {
  switch (telling.kind) {
    case 'peer':
      return `peer ${telling.state} ${toHex(telling.peer)} ${telling.link} ${telling.via} ${telling.reason}`
    case 'dial-result':
      return `dial ${telling.address.host} ${telling.code} ${telling.failures} ${telling.retryMs}`
    case 'event':
      return `event ${toHex(telling.id)} ${telling.hops} ${telling.name} ${telling.backlog}`
    case 'said':
      return `said ${telling.ref} ${toHex(telling.id)}`
    case 'delivery':
      return `delivery ${toHex(telling.id)} ${telling.state} ${telling.reached}/${telling.of}`
    case 'member':
      return `member ${telling.room} ${telling.state} ${toHex(telling.member)} ${telling.name}`
    case 'gap':
      return `gap ${telling.room} ${toHex(telling.author)} ${telling.missing}`
    case 'circuit':
      return `circuit ${telling.circuit} ${telling.state}`
    case 'files':
      return `files ${telling.room} ${telling.passingKind} ${toHex(telling.author)}`
    case 'tracker':
      return `tracker ${telling.state} ${formatAddress(telling.address)} ${telling.peer === null ? '' : toHex(telling.peer)}`
    case 'voice-presence':
      return `voice ${telling.room} ${telling.state} ${toHex(telling.member)} ${telling.muted} ${telling.isNew}`
    case 'voice-session':
    case 'voice-key':
      return `${telling.kind} ${telling.audio.tag}`
    case 'voice-member':
      return `${telling.kind} ${toHex(telling.member)} ${telling.audio.tag} ${telling.theirs.tag} ${telling.ours.tag}`
    case 'voice-gone':
      return `${telling.kind} ${toHex(telling.member)} ${telling.chime}`
    case 'trouble':
      return `trouble ${telling.code} ${telling.message}`
  }
}
