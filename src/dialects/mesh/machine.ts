import { type Address, formatAddress } from '../../base/address.ts'
import { toHex } from '../../base/bytes.ts'
import type { RandomBytes } from '../../base/rng.ts'
import { bridgeMember, introductionMember, readIntroduction } from '../json.ts'
import { DialectMachine } from '../machine.ts'
import type { Dialect } from '../outputs.ts'
import { formatRfc3339 } from '../timestamps.ts'
import { heardName, type Words } from '../words.ts'
import { MeshDials } from './dials.ts'
import { MeshLink } from './link.ts'
import { MeshLinks } from './links.ts'
import {
  encodeAnnouncement,
  encodeMeshLine,
  type MeshMessage,
  ROOM_AT_START,
  readAnnouncement,
  readMeshLine,
  wordsOf,
} from './messages.ts'
import { isPretender, type MeshPeer, OFFLINE_MS, Roster } from './roster.ts'
import { KEPT_MS, Said } from './said.ts'

const ANNOUNCE_EVERY_MS = 5_000
/** How soon who is new, or asks, hears of us. */
const GREET_AFTER_MS = 50
/** Two in the minute after which one is due, and four before the originals give a connection up. */
const HEARTBEAT_EVERY_MS = 30_000
/** Longer than the originals are: who says nothing for so long is gone without having said so. */
const SILENT_MS_MAX = 180_000
const JOIN_MS_MAX = 10_000
/** Whoever announced itself so lately is there still, as far as matters. */
const FRESH_MS = 1_000
/** By then whoever is there in somebody's place has announced itself. */
const UNSURE_MS_MAX = ANNOUNCE_EVERY_MS + FRESH_MS
const LOOK_EVERY_MS = 1_000
const LINKS_MAX = 128
/** From one machine, which does not shut everybody else out. */
const LINKS_PER_HOST_MAX = LINKS_MAX / 2

export interface MeshOptions {
  /** What we are called there; unique. */
  readonly peerId: string
  readonly name: string
  /** What we are called as a bridge. */
  readonly bridge: string
  /** Where we listen for the mesh. */
  readonly port: number
  readonly randomBytes: RandomBytes
  readonly wallMs: () => number
}

/** A peer of the originals' mesh: announces itself, dials or waits by their rule, and talks with each directly. */
export class MeshMachine extends DialectMachine implements Dialect {
  readonly dialect = 'mesh'
  readonly roster = new Roster()
  readonly links = new MeshLinks()
  private name: string
  private sequence = 0
  private readonly said = new Said()
  private startedAtMs = 0
  private announced = 0
  private readonly dials: MeshDials
  /** What is about to be told to all. */
  private readonly greetings = new Set<'announce' | 'pong'>()

  constructor(private readonly options: MeshOptions) {
    super()
    this.name = options.name
    this.dials = new MeshDials(options.peerId, this.roster)
  }

  start(nowMs: number): void {
    this.begin(nowMs)
    this.startedAtMs = nowMs
    this.announceAgain()
    this.heartbeat()
    this.look()
  }

  /** The group has been joined, and nobody there knows of us yet. */
  announceNow(nowMs: number): void {
    this.nowMs = nowMs
    this.announce('announce')
  }

  /** From the group: `host` is where it came from. */
  datagram(datagram: Uint8Array, host: string, nowMs: number): void {
    this.nowMs = nowMs
    const said = readAnnouncement(datagram)
    if (said === null || said.peerId === this.options.peerId) return
    if (said.type === 'leave') {
      const gone = this.roster.peers.get(said.peerId)
      if (gone?.link === null && !gone.isDialling) this.roster.peers.delete(said.peerId)
      return
    }
    const isNew = !this.roster.peers.has(said.peerId)
    const peer = this.roster.heard(said, host, nowMs, this.options.wallMs())
    if (peer === null) return
    // Whoever has begun again does not know us any more.
    const isBack = this.introduced(said.introduction) && this.dials.isBack(peer, nowMs)
    if (said.type === 'ping') this.greet('pong')
    else if (isNew || isBack) this.greet('announce')
    this.takeOver(peer)
    const link = this.links.spokenOn(peer)
    if (link?.leadsTo(peer) === true && !link.isSure) this.sure(link)
    this.dialIfDue(peer)
  }

  opened(id: number, remote: Address, attempt: number | null, nowMs: number): void {
    this.nowMs = nowMs
    const peer = attempt === null ? null : this.dials.take(attempt)
    if (this.links.size >= LINKS_MAX || (attempt !== null && peer === null)) {
      if (peer !== null) this.dials.rest(peer, nowMs)
      this.troubleAgain('mesh-full', `${formatAddress(remote)} was turned away: ${LINKS_MAX} mesh peers are enough.`)
      return this.emit({ kind: 'hang-up', link: id, abort: true })
    }
    if (attempt === null && this.links.countOf(remote) >= LINKS_PER_HOST_MAX) {
      const message = `${LINKS_PER_HOST_MAX} connections with one machine are enough.`
      this.troubleAgain('mesh-full', `${formatAddress(remote)} was turned away: ${message}`)
      return this.emit({ kind: 'hang-up', link: id, abort: true })
    }
    const link = new MeshLink(id, remote, peer, attempt !== null, nowMs)
    this.links.set(id, link)
    if (peer === null) link.deadline = this.after(JOIN_MS_MAX, () => this.end(link, 'did not say who it is in time'))
    else this.reached(link, peer)
  }

  received(id: number, bytes: Uint8Array, nowMs: number): void {
    this.nowMs = nowMs
    const link = this.links.get(id)
    if (link === undefined) return
    link.heardAtMs = nowMs
    for (let at = 0; this.links.has(id); ) {
      const next = link.lines.next(bytes, at)
      if (link.lines.isBroken) return this.end(link, 'sent a line without an end')
      if (next.line === null) return
      at = next.at
      if (next.line.length === 0) continue
      const message = readMeshLine(next.line)
      if (message === null) return this.end(link, 'sent a line that is no message')
      this.message(link, message)
    }
  }

  closed(id: number, reason: string, nowMs: number): void {
    this.nowMs = nowMs
    const link = this.links.get(id)
    if (link !== undefined) this.forget(link, reason)
  }

  dialFailed(attempt: number, _reason: string, nowMs: number): void {
    this.nowMs = nowMs
    const peer = this.dials.take(attempt)
    if (peer !== null) this.dials.rest(peer, nowMs)
  }

  listened(): void {}

  say(words: Words, _link: number | null, nowMs: number): void {
    this.nowMs = nowMs
    const content = words.kind === 'action' ? `* ${words.text}` : words.text
    const sequence = ++this.sequence
    const more = { room_id: words.room, ...bridgeMember(words, this.options.bridge) }
    const chat = { ...this.line('chat', words.origin, words.name, content, sequence), ...more }
    this.said.add(encodeMeshLine(chat), words.origin, nowMs)
    for (const peer of this.roster.peers.values()) this.catchUp(peer)
  }

  renamed(name: string, nowMs: number): void {
    this.nowMs = nowMs
    const content = `${this.name} is now known as ${name}`
    this.name = name
    for (const link of this.links.values()) {
      if (link.peer?.link === link.id) this.send(link, { type: 'join', sequence: ++this.sequence, content })
    }
    this.announce('announce')
  }

  leave(nowMs: number): void {
    this.nowMs = nowMs
    this.announce('leave')
    for (const link of this.links.values()) {
      if (link.peer?.link === link.id) this.send(link, { type: 'leave', sequence: ++this.sequence, content: '' })
      this.emit({ kind: 'hang-up', link: link.id, abort: false })
    }
  }

  private message(link: MeshLink, message: MeshMessage): void {
    if (link.peer === null) return this.joined(link, message)
    const peer = message.senderId === link.peer.id ? link.peer : this.another(link, link.peer, message)
    if (peer === null) return
    link.isProven = true
    peer.failures = 0
    if (!link.isSure) this.sure(link)
    if (!link.bucket.take(this.nowMs)) return this.flooded(peer.name || peer.id, this.dialect)
    if (message.type === 'chat') this.chat(message, peer)
    else if (message.type === 'join' && message.username !== '') peer.name = message.username
    else if (message.type === 'leave') this.emit({ kind: 'hang-up', link: link.id, abort: false })
  }

  /** The first line of who dialled us. */
  private joined(link: MeshLink, { type, senderId, username, raw }: MeshMessage): void {
    if (type !== 'join') return this.end(link, 'said something before it said who it is')
    if (senderId === this.options.peerId) return this.end(link, 'goes by our own name')
    const peer = this.roster.meet(senderId, username, link.remote, this.nowMs)
    if (peer === null) return this.end(link, 'is one too many')
    const introduction = readIntroduction(raw)
    this.introduced(introduction)
    if (username !== '') peer.name = username
    link.isProven = true
    peer.failures = 0
    this.attach(link, peer)
    this.sure(link)
    // One of our own kind that has dialled an address which was another's learns so at once.
    if (introduction !== null) this.send(link, { type: 'heartbeat', sequence: ++this.sequence, content: '' })
  }

  /** Somebody is where a peer was to be. */
  private reached(link: MeshLink, peer: MeshPeer): void {
    // The first line of who dials; it tells the other who we are.
    this.send(link, { type: 'join', sequence: 0, content: '' })
    const owner = this.roster.successor(peer, this.nowMs)
    if (owner !== null) return this.give(link, peer, owner)
    this.attach(link, peer)
    if (this.nowMs - peer.heardAtMs < FRESH_MS) this.sure(link)
    else link.deadline = this.after(UNSURE_MS_MAX, () => this.sure(link))
  }

  /**
   * A peer has one more connection. It is spoken with on one, or it would show all twice: on the one that it made last itself, else on the first that
   * is certainly its own. One more is kept and not ended: the originals may take the end of either for the end of both.
   */
  private attach(link: MeshLink, peer: MeshPeer): void {
    link.peer = peer
    const spoken = this.links.spokenOn(peer)
    if (spoken === null || !link.dialled || !spoken.isSure) peer.link = link.id
    for (const each of this.links.of(peer)) {
      if (each !== link && each !== spoken) this.end(each, 'came again and again')
    }
  }

  /** It is who it is said to be, and may be told what was said meanwhile. */
  private sure(link: MeshLink): void {
    this.cancel(link.deadline)
    link.deadline = null
    link.isSure = true
    const { peer } = link
    if (peer === null) return
    if (this.links.spokenOn(peer)?.isSure !== true) peer.link = link.id
    if (peer.link !== link.id) return
    if (!peer.isUp) this.tell(link, peer, 'up', '')
    this.catchUp(peer)
  }

  /** Tells a peer what it has not been told, if that can be done. Nobody knows of everybody at once: who starts tells those it finds later, too. */
  private catchUp(peer: MeshPeer): void {
    const link = this.links.spokenOn(peer)
    if (link === null || !link.isSure) return
    const isFoundLate = peer.sinceMs - this.startedAtMs < KEPT_MS
    const sinceMs = isFoundLate ? this.startedAtMs : peer.sinceMs
    for (const bytes of this.said.after(peer.toldLast, sinceMs, this.nowMs)) {
      this.emit({ kind: 'send', link: link.id, bytes })
    }
    peer.toldLast = this.said.last
  }

  /** Says that it is somebody else than the connection is with: who was dialled was only presumed. Null where that cannot be. */
  private another(link: MeshLink, former: MeshPeer, { senderId, username }: MeshMessage): MeshPeer | null {
    const isWrong = link.isProven || senderId === this.options.peerId
    const peer = isWrong ? null : this.roster.meet(senderId, username, link.remote, this.nowMs)
    if (peer === null) {
      if (isWrong) this.end(link, `speaks for ${JSON.stringify(senderId)} too`, 'speaks for others')
      else this.end(link, 'is one too many')
      return null
    }
    this.give(link, former, peer)
    // Who is gone announces itself no more, and is forgotten by then.
    former.restsUntilMs = this.nowMs + OFFLINE_MS
    return peer
  }

  /** Whoever announces itself is at the other end of what was dialled there for others, and has not said who it is. */
  private takeOver(owner: MeshPeer): void {
    for (const link of this.links.values()) {
      const { peer, isProven } = link
      if (peer === null || peer === owner || isProven || !link.leadsTo(owner)) continue
      if (!isPretender(owner, peer)) this.give(link, peer, owner)
    }
  }

  /** The connection was somebody else's all the time, who has been told on it what the former one was. */
  private give(link: MeshLink, former: MeshPeer, owner: MeshPeer): void {
    link.peer = owner
    this.release(link, former, `is ${JSON.stringify(owner.id)} now`)
    owner.sinceMs = Math.min(owner.sinceMs, link.openedAtMs)
    owner.toldLast = Math.max(owner.toldLast, former.toldLast)
    this.attach(link, owner)
    this.sure(link)
  }

  private chat(message: MeshMessage, { id, name }: MeshPeer): void {
    const words = wordsOf(message, heardName(name) || heardName(id))
    if (words === null) return
    this.said.heard(words.origin)
    this.emit({ kind: 'words', link: null, words })
  }

  /** Whoever has come, or asks, should not wait seconds to know of us, nor several hear of us for each of them. */
  private greet(type: 'announce' | 'pong'): void {
    if (this.greetings.has(type)) return
    this.greetings.add(type)
    this.after(GREET_AFTER_MS, () => {
      this.greetings.delete(type)
      this.announce(type)
    })
  }

  private announceAgain(): void {
    this.announce('announce')
    this.after(ANNOUNCE_EVERY_MS, () => this.announceAgain())
  }

  private announce(type: 'announce' | 'pong' | 'leave'): void {
    const { peerId, port, wallMs } = this.options
    const introduction = this.introduction(this.options.bridge)
    const said = { type, peerId, username: this.name, port, introduction }
    this.emit({ kind: 'multicast', datagram: encodeAnnouncement(said, wallMs(), this.announced++) })
  }

  private heartbeat(): void {
    for (const link of this.links.values()) {
      if (link.peer !== null) this.send(link, { type: 'heartbeat', sequence: ++this.sequence, content: '' })
    }
    this.after(HEARTBEAT_EVERY_MS, () => this.heartbeat())
  }

  private look(): void {
    this.roster.sweep(this.nowMs)
    for (const peer of this.roster.peers.values()) this.dialIfDue(peer)
    for (const link of this.links.values()) {
      if (this.nowMs - this.links.heardAtMs(link) < SILENT_MS_MAX) continue
      this.end(link, 'has said nothing for minutes')
    }
    this.after(LOOK_EVERY_MS, () => this.look())
  }

  private dialIfDue(peer: MeshPeer): void {
    const attempt = this.dials.begin(peer, this.nowMs)
    if (attempt !== null) this.emit({ kind: 'dial', attempt, address: peer.address })
  }

  private line(type: string, id: string, username: string, content: string, sequence: number): object {
    const timestamp = formatRfc3339(this.options.wallMs())
    return { id, type, sender_id: this.options.peerId, username, content, timestamp, sequence }
  }

  private send(link: MeshLink, { type, sequence, content }: { type: string; sequence: number; content: string }): void {
    const id = toHex(this.options.randomBytes(16))
    const more = type === 'join' ? introductionMember(this.introduction(this.options.bridge)) : {}
    const line = { ...this.line(type, id, this.name, content, sequence), room_id: ROOM_AT_START, ...more }
    this.emit({ kind: 'send', link: link.id, bytes: encodeMeshLine(line) })
  }

  /** `kind`: as of `troubleAgain`. */
  private end(link: MeshLink, reason: string, kind = reason): void {
    this.emit({ kind: 'hang-up', link: link.id, abort: true })
    const message = `The mesh peer at ${formatAddress(link.remote)} was hung up on: it ${reason}.`
    this.troubleAgain('mesh-fault', message, kind)
    this.forget(link, reason)
  }

  private forget(link: MeshLink, reason: string): void {
    this.links.delete(link.id)
    this.cancel(link.deadline)
    if (link.peer !== null) this.release(link, link.peer, reason)
  }

  /** A peer has a connection less. */
  private release(link: MeshLink, peer: MeshPeer, reason: string): void {
    if (peer.link !== link.id) return
    const others = this.links.of(peer)
    const next = others.find(({ isSure }) => isSure) ?? others[0]
    peer.link = next?.id ?? null
    if (next !== undefined) return this.catchUp(peer)
    this.dials.rest(peer, this.nowMs)
    if (peer.isUp) this.tell(link, peer, 'down', reason)
  }

  private tell(link: MeshLink, peer: MeshPeer, state: 'up' | 'down', reason: string): void {
    peer.isUp = state === 'up'
    const { id, name, address } = peer
    this.emit({ kind: 'peer', state, id, name: heardName(name), address, dialled: link.dialled, link: link.id, reason })
  }
}
