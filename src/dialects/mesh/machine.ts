import { type Address, formatAddress } from '../../base/address.ts'
import { toHex } from '../../base/bytes.ts'
import type { RandomBytes } from '../../base/rng.ts'
import { normaliseRoom } from '../../base/room-name.ts'
import type { Timer } from '../../base/timers.ts'
import { bridgeMember, introductionMember, readBridgeMember, readIntroduction } from '../json.ts'
import { DialectMachine } from '../machine.ts'
import type { Dialect } from '../outputs.ts'
import { pauseMs } from '../redial.ts'
import { formatRfc3339 } from '../timestamps.ts'
import { hashedOrigin, heardName, heardText, isOrigin, type Words } from '../words.ts'
import { isOursToDial, MeshLink } from './link.ts'
import { encodeAnnouncement, encodeMeshLine, type MeshMessage, readAnnouncement, readMeshLine } from './messages.ts'
import { isAtSame, type MeshPeer, OFFLINE_MS, Roster } from './roster.ts'

const ANNOUNCE_EVERY_MS = 5_000
/** How soon who is new hears of us. */
const GREET_AFTER_MS = 50
/** Two in the minute after which one is due, and four before the originals give a connection up. */
const HEARTBEAT_EVERY_MS = 30_000
/** Longer than the originals are: who says nothing for so long is gone without having said so. */
const SILENT_MS_MAX = 180_000
const JOIN_MS_MAX = 10_000
/** A former connection outlasts the one that came in its place by so long: time to find out that that was dialled in error. */
const FORMER_MS_MAX = 10_000
const LOOK_EVERY_MS = 1_000
const LINKS_MAX = 128
/** From one machine, which does not shut everybody else out. */
const LINKS_PER_HOST_MAX = LINKS_MAX / 2
const ROOM_AT_START = 'general'

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
  readonly links = new Map<number, MeshLink>()
  private name: string
  private sequence = 0
  private announced = 0
  private readonly dials = new Map<number, MeshPeer>()
  private nextAttempt = 1
  private greeting: Timer<() => void> | null = null

  constructor(private readonly options: MeshOptions) {
    super()
    this.name = options.name
  }

  start(nowMs: number): void {
    this.begin(nowMs)
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
      if (gone?.link === null) this.roster.peers.delete(said.peerId)
      return
    }
    const isNew = !this.roster.peers.has(said.peerId)
    const peer = this.roster.heard(said, host, nowMs, this.options.wallMs())
    if (peer === null) return
    this.introduced(said.introduction)
    if (said.type === 'ping') this.announce('pong')
    else if (isNew) this.greet()
    this.endMistaken(peer)
    this.dialIfDue(peer)
  }

  opened(id: number, remote: Address, attempt: number | null, nowMs: number): void {
    this.nowMs = nowMs
    const peer = attempt === null ? null : (this.dials.get(attempt) ?? null)
    if (attempt !== null) this.dials.delete(attempt)
    if (peer !== null) peer.isDialling = false
    if (this.links.size >= LINKS_MAX || (attempt !== null && peer === null)) {
      this.trouble('mesh-full', `${formatAddress(remote)} was turned away: ${LINKS_MAX} mesh peers are enough.`)
      return this.emit({ kind: 'hang-up', link: id, abort: true })
    }
    if (attempt === null && this.linksOf(remote.host) >= LINKS_PER_HOST_MAX) {
      const message = `${LINKS_PER_HOST_MAX} connections with one machine are enough.`
      this.trouble('mesh-full', `${formatAddress(remote)} was turned away: ${message}`)
      return this.emit({ kind: 'hang-up', link: id, abort: true })
    }
    const link = new MeshLink(id, remote, peer, attempt !== null, nowMs)
    this.links.set(id, link)
    if (peer === null) link.deadline = this.after(JOIN_MS_MAX, () => this.end(link, 'did not say who it is in time'))
    else {
      // The first line of who dials; it tells the other who we are.
      this.send(link, { type: 'join', sequence: 0, content: '' })
      this.up(link, peer)
    }
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
    const peer = this.dials.get(attempt)
    this.dials.delete(attempt)
    if (peer === undefined) return
    peer.isDialling = false
    this.rest(peer)
  }

  listened(): void {}

  say(words: Words, _link: number | null, nowMs: number): void {
    this.nowMs = nowMs
    const content = words.kind === 'action' ? `* ${words.text}` : words.text
    const sequence = ++this.sequence
    const more = { room_id: words.room, ...bridgeMember(words, this.options.bridge) }
    const chat = { ...this.line('chat', words.origin, words.name, content, sequence), ...more }
    this.toAll(encodeMeshLine(chat))
  }

  renamed(name: string, nowMs: number): void {
    this.nowMs = nowMs
    const content = `${this.name} is now known as ${name}`
    this.name = name
    for (const link of this.links.values()) {
      if (link.peer !== null) this.send(link, { type: 'join', sequence: ++this.sequence, content })
    }
    this.announce('announce')
  }

  leave(nowMs: number): void {
    this.nowMs = nowMs
    this.announce('leave')
    for (const link of this.links.values()) {
      if (link.peer !== null) this.send(link, { type: 'leave', sequence: ++this.sequence, content: '' })
      this.emit({ kind: 'hang-up', link: link.id, abort: false })
    }
  }

  private message(link: MeshLink, message: MeshMessage): void {
    if (link.peer === null) return this.joined(link, message)
    if (message.senderId !== link.peer.id) return this.another(link, link.peer, message.senderId)
    link.isProven = true
    link.peer.failures = 0
    if (!link.bucket.take(this.nowMs)) return this.flooded(link)
    if (message.type === 'chat') this.chat(link.peer, message)
    else if (message.type === 'join' && message.username !== '') link.peer.name = message.username
    else if (message.type === 'leave') this.emit({ kind: 'hang-up', link: link.id, abort: false })
  }

  /** The first line of who dialled us. */
  private joined(link: MeshLink, { type, senderId, username, raw }: MeshMessage): void {
    if (type !== 'join') return this.end(link, 'said something before it said who it is')
    if (senderId === this.options.peerId) return this.end(link, 'goes by our own name')
    const peer = this.roster.meet(senderId, username, link.remote, this.nowMs)
    if (peer === null) return this.end(link, 'is one too many')
    this.introduced(readIntroduction(raw))
    this.cancel(link.deadline)
    link.deadline = null
    if (username !== '') peer.name = username
    link.peer = peer
    link.isProven = true
    peer.failures = 0
    this.up(link, peer)
    this.retire(peer, link.id)
    // Whoever dialled an address that was another's learns so at once.
    this.send(link, { type: 'heartbeat', sequence: ++this.sequence, content: '' })
  }

  /** Who comes again has lost the former connection, or has dialled us as somebody who was here before: that shows soon. */
  private retire(peer: MeshPeer, present: number): void {
    for (const each of this.links.values()) {
      if (each.peer !== peer || each.id === present) continue
      // No more than one of them for each.
      if (each.deadline === null) each.deadline = this.after(FORMER_MS_MAX, () => this.end(each, 'came again'))
      else this.end(each, 'came again')
    }
  }

  /** Says that it is somebody else than the connection is with. */
  private another(link: MeshLink, peer: MeshPeer, id: string): void {
    this.end(link, `speaks for ${JSON.stringify(id)} too`)
    // Who is gone announces itself no more, and is forgotten by then.
    if (!link.isProven) peer.restsUntilMs = this.nowMs + OFFLINE_MS
  }

  /** Ends what was dialled for somebody else at the address that this one says is its own, and has not answered. */
  private endMistaken(owner: MeshPeer): void {
    for (const link of this.links.values()) {
      if (link.isProven || link.peer === null || link.peer === owner || !isAtSame(link.peer, owner)) continue
      this.end(link, `is ${JSON.stringify(owner.id)} now`)
    }
  }

  private chat(peer: MeshPeer, message: MeshMessage): void {
    const room = normaliseRoom(message.room ?? ROOM_AT_START)
    const text = heardText(message.content)
    if (room === null || text === '') return
    const given = readBridgeMember(message.raw)
    const isOwn = isOrigin(message.id)
    this.emit({
      kind: 'words',
      link: null,
      words: {
        origin: isOwn ? message.id : hashedOrigin('mesh', message.senderId, message.id),
        from: given?.from ?? 'mesh',
        isExact: true,
        bridge: given?.bridge ?? null,
        author: null,
        name: heardName(message.username) || heardName(peer.name) || heardName(peer.id),
        ...{ text, room, kind: 'text' },
      },
    })
  }

  private up(link: MeshLink, peer: MeshPeer): void {
    const isNew = peer.link === null
    peer.link = link.id
    if (isNew) this.tell(link, peer, 'up', '')
  }

  /** Whoever has come should not wait seconds to know of us, nor several hear of us for each of them. */
  private greet(): void {
    if (this.greeting !== null) return
    this.greeting = this.after(GREET_AFTER_MS, () => {
      this.greeting = null
      this.announce('announce')
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
      if (this.nowMs - link.heardAtMs >= SILENT_MS_MAX) this.end(link, 'has said nothing for minutes')
    }
    this.after(LOOK_EVERY_MS, () => this.look())
  }

  private dialIfDue(peer: MeshPeer): void {
    if (!isOursToDial(this.options.peerId, peer.id) || peer.link !== null || peer.isDialling) return
    const isThere = this.nowMs - peer.heardAtMs < OFFLINE_MS
    if (!isThere || this.nowMs < peer.restsUntilMs || this.dials.size >= LINKS_MAX) return
    if (this.roster.isSucceeded(peer, this.nowMs)) return
    peer.isDialling = true
    const attempt = this.nextAttempt++
    this.dials.set(attempt, peer)
    this.emit({ kind: 'dial', attempt, address: peer.address })
  }

  private rest(peer: MeshPeer): void {
    peer.restsUntilMs = this.nowMs + pauseMs(peer.failures)
    peer.failures++
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

  private toAll(line: Uint8Array): void {
    for (const link of this.links.values()) {
      if (link.peer?.link === link.id) this.emit({ kind: 'send', link: link.id, bytes: line.slice() })
    }
  }

  private flooded(link: MeshLink): void {
    if (!link.flood.isDue(this.nowMs)) return
    this.trouble('mesh-flood', `The mesh peer at ${formatAddress(link.remote)} says more than anybody could read.`)
  }

  private end(link: MeshLink, reason: string): void {
    this.emit({ kind: 'hang-up', link: link.id, abort: true })
    this.trouble('mesh-fault', `The mesh peer at ${formatAddress(link.remote)} was hung up on: it ${reason}.`)
    this.forget(link, reason)
  }

  private forget(link: MeshLink, reason: string): void {
    this.links.delete(link.id)
    this.cancel(link.deadline)
    const { peer } = link
    if (peer === null || peer.link !== link.id) return
    const former = [...this.links.values()].find((each) => each.peer === peer)
    if (former !== undefined) {
      this.cancel(former.deadline)
      former.deadline = null
      peer.link = former.id
      return
    }
    peer.link = null
    this.rest(peer)
    this.tell(link, peer, 'down', reason)
  }

  private linksOf(host: string): number {
    let count = 0
    for (const { remote } of this.links.values()) if (remote.host === host) count++
    return count
  }

  private tell(link: MeshLink, peer: MeshPeer, state: 'up' | 'down', reason: string): void {
    const { id, name, address } = peer
    this.emit({ kind: 'peer', state, id, name: heardName(name), address, dialled: link.dialled, link: link.id, reason })
  }
}
