import { type Address, formatAddress } from '../../base/address.ts'
import { toHex } from '../../base/bytes.ts'
import { Generations } from '../../base/generations.ts'
import type { RandomBytes } from '../../base/rng.ts'
import { normaliseRoom } from '../../base/room-name.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import { FloodNote } from '../flood-note.ts'
import { bridgeMember, type GivenByBridge, introductionMember, readBridgeMember, readIntroduction } from '../json.ts'
import { DiallingMachine } from '../machine.ts'
import type { Diallable } from '../outputs.ts'
import { LINKS_MAX } from '../places.ts'
import { formatLocal } from '../timestamps.ts'
import { hashedOrigin, heardName, heardText, originOfUuid, uuidOfOrigin, type Words } from '../words.ts'
import { encodeFrame } from './frames.ts'
import { FramedLink } from './link.ts'
import { addressOfId, type FramedMessage, readFramed, TTL_FIRST } from './messages.ts'
import { hostAsSeen, OwnId } from './own-id.ts'
import { BRIDGES_ROOM, isPresence, Presence } from './presence.ts'

/** As long as the originals remember. */
const SEEN_MS = 120_000
/** Of each of two generations: what the liveliest peer may send in that time. */
const SEEN_MAX = 16_384
const HELLO_MS_MAX = 10_000
/**
 * How soon others hear that we are a bridge, and at most how often: whoever makes up new ones gets no flood of it. Who comes in the moment after
 * the first has not heard that, and is answered before it is a second old.
 */
const PRESENCE_AFTER_MS = 100
const PRESENCE_EVERY_MS = 1_000
const PRESENCES_AT_ONCE = 2

export interface FramedOptions {
  /** What we are called there: `HOST:PORT` of our listener. */
  readonly id: Address
  /** Others reach us at it, whatever links there are. */
  readonly isIdSure?: boolean
  readonly name: string
  /** What we are called as a bridge. */
  readonly bridge: string
  /** Originals to be linked with. */
  readonly connect: readonly Address[]
  readonly randomBytes: RandomBytes
  readonly wallMs: () => number
  /** How far the clock on the wall is ahead of UTC. */
  readonly aheadMs: number
}

/** What voice makes of messages about it. */
export interface VoiceEars {
  /** `bridge`: of the hearsay that is there; null of an original. */
  joined(id: string, name: string, room: string, udp: Address, bridge: string | null, link: number): void
  /** Another link has told of the same. */
  toldToo?(id: string, link: number): void
  /** A link is there, with who is called that in the network. */
  linkBegan?(link: number, neighbour: string): void
  /** What only that one told of may be nobody. */
  linkEnded?(link: number): void
  left(id: string, room: string | null): void
  /** We are called otherwise from now on. */
  calledAnew?(): void
}

/** Being in voice: the room, and the UDP port at which we hear. */
interface InVoice {
  readonly room: string
  readonly port: number
}

/** A node among the originals' gossip: says hello, floods what it has not seen, and says what it is given. */
export class FramedMachine extends DiallingMachine<FramedLink> implements Diallable {
  readonly dialect = 'framed'
  private name: string
  private readonly known = new Generations(SEEN_MS, SEEN_MAX)
  private readonly presence: Presence
  private isPresenceDue = false
  private readonly presences = new TokenBucket(PRESENCES_AT_ONCE, PRESENCE_EVERY_MS)
  private readonly own: OwnId
  /** Ids of the last that we said hello with. */
  private readonly hellos = new Set<string>()
  private inVoice: InVoice | null = null
  private readonly namesake = new FloodNote()

  constructor(
    private readonly options: FramedOptions,
    private readonly voice: VoiceEars | null = null,
  ) {
    super()
    this.name = options.name
    this.own = new OwnId(options.id, options.isIdSure ?? false)
    this.presence = new Presence(options.bridge)
  }

  /** What we are called there. */
  get ownId(): string {
    return this.own.text
  }

  start(nowMs: number): void {
    this.begin(nowMs)
    for (const address of this.options.connect) this.connect(address, nowMs)
  }

  opened(id: number, remote: Address, attempt: number | null, nowMs: number, local = ''): void {
    this.nowMs = nowMs
    const wanted = this.takeDial(attempt)
    if (!this.admit(id, remote, wanted)) return
    const link = new FramedLink(id, remote, wanted, local, nowMs)
    this.links.set(id, link)
    link.deadline = this.after(HELLO_MS_MAX, () => this.end(link, 'did not say hello in time'))
    // Who listens waits for the other's hello.
    if (attempt !== null) this.hello(link, this.own.claim(local))
  }

  received(id: number, bytes: Uint8Array, nowMs: number): void {
    this.nowMs = nowMs
    const link = this.links.get(id)
    if (link === undefined) return
    for (const frame of link.frames.push(bytes)) {
      if ('skippedBytes' in frame) {
        this.troubleAgain(
          'framed-long',
          `${this.nameOf(link)} sent ${frame.skippedBytes} bytes at once, which were let go by.`,
        )
        continue
      }
      const message = readFramed(frame.body)
      if (message === null) return this.end(link, 'sent something that is no message')
      if (message === 'odd') this.odd(link)
      else this.message(link, message)
      if (!this.links.has(id)) return
    }
    // It tells a length, of which there are many.
    if (link.frames.fault !== null) this.end(link, link.frames.fault, 'framed-long-frame')
  }

  closed(id: number, reason: string, nowMs: number): void {
    this.nowMs = nowMs
    const link = this.links.get(id)
    if (link !== undefined) this.forget(link, reason)
  }

  listened(): void {}

  say(words: Words, _link: number | null, nowMs: number): void {
    this.nowMs = nowMs
    const id = uuidOfOrigin(words.origin)
    this.known.add(id, nowMs)
    this.flood(
      encodeFrame({
        ...{ id, type: 'chat', from: this.ownId, username: words.name },
        ...{ room: words.room, msg: words.kind === 'action' ? `* ${words.text}` : words.text, ttl: TTL_FIRST },
        ts: this.timestamp(),
        ...bridgeMember(words, this.options.bridge),
      }),
    )
  }

  /** Tells the network that we are in voice there, at that UDP port; null: no longer. */
  voiceState(room: string, port: number | null, nowMs: number): void {
    this.nowMs = nowMs
    this.inVoice = port === null ? null : { room, port }
    this.tellVoice(room, port)
  }

  /** There is no word for it: what is said from now on is said by that name. */
  renamed(name: string): void {
    this.name = name
  }

  /** Other bridges there, near or far, as far as they have been heard of. */
  get fellows(): ReadonlySet<string> {
    return this.presence.fellows
  }

  /** Nor for leaving: the originals just hang up. */
  leave(nowMs: number): void {
    this.nowMs = nowMs
    for (const link of this.links.values()) this.goodbye(link)
  }

  private tellVoice(room: string, port: number | null): void {
    const id = this.freshId()
    this.known.add(id, this.nowMs)
    const signed = bridgeMember({ origin: originOfUuid(id)!, from: 'native' }, this.options.bridge)
    const { name: username, ownId: from } = this
    const head = { id, from, username, room, ttl: TTL_FIRST, ts: this.timestamp(), ...signed }
    if (port === null) return this.flood(encodeFrame({ ...head, type: 'voice_leave' }))
    // Each link has its own way to us, which is that of those behind it.
    for (const link of this.links.values()) {
      if (link.peer === null) continue
      const udp = { udp_host: this.own.hostToward(link.local), udp_port: port }
      this.emit({ kind: 'send', link: link.id, bytes: encodeFrame({ ...head, type: 'voice_join', ...udp }) })
    }
  }

  /** Somebody's hello on a link shows where we are. Who knows us in voice by another id hears that that one has left. */
  private proven(local: string): void {
    const isAnew = this.own.better(local) !== null
    if (isAnew && this.inVoice !== null) this.tellVoice(this.inVoice.room, null)
    this.own.linked(local)
    if (!isAnew) return
    if (this.inVoice !== null) this.tellVoice(this.inVoice.room, this.inVoice.port)
    this.voice?.calledAnew?.()
  }

  /** Where somebody hears: a neighbour that tells none that we could send to, where it is. */
  private whereHeard({ peer, remote }: FramedLink, { from, udp }: FramedMessage & { type: 'voice_join' }): Address {
    return from === peer ? { host: hostAsSeen(udp.host, remote.host), port: udp.port } : udp
  }

  private sharesOurId(): void {
    if (!this.namesake.isDue(this.nowMs)) return
    const message = `Another node of the framed network goes by ${this.ownId}, as we do, and originals may take one for the other: start with another --port.`
    this.trouble('framed-namesake', message, true)
  }

  protected idOf({ peer }: FramedLink): string | null {
    return peer
  }

  protected goodbye({ id }: FramedLink): void {
    this.emit({ kind: 'hang-up', link: id, abort: false })
  }

  private message(link: FramedLink, message: FramedMessage): void {
    if (message.type === 'hello') return this.greeted(link, message)
    if (link.peer === null) return this.end(link, 'said something before hello')
    if (!link.bucket.take(this.nowMs)) return this.flooded(link.name || link.peer, this.dialect)
    link.hasSpoken = true
    if (!this.known.add(message.id, this.nowMs)) {
      if (message.type === 'voice_join') this.voice?.toldToo?.(message.from, link.id)
      return
    }
    const given = readBridgeMember(message.raw)
    // Of ours that comes again after it was forgotten.
    if (given?.bridge === this.options.bridge) return
    if (message.from === this.ownId) this.sharesOurId()
    const isBack = this.introduced(readIntroduction(message.raw), addressOfId(message.from))
    if ((given !== null && this.presence.heard(given.bridge)) || isBack) this.sayWhoWeAre()
    const udp = message.type === 'voice_join' ? this.whereHeard(link, message) : null
    if (message.type === 'chat') this.chat(message, given)
    else if (message.type === 'voice_join')
      this.voice?.joined(message.from, heardName(message.username), message.room, udp!, given?.bridge ?? null, link.id)
    else if (message.type === 'voice_leave') this.voice?.left(message.from, message.room)
    if (message.ttl === 0) return
    const passed = { ...message.raw, ...(udp === null ? {} : { udp_host: udp.host }), ttl: message.ttl - 1 }
    this.flood(encodeFrame(passed), link)
  }

  private odd(link: FramedLink): void {
    if (link.peer === null) return this.end(link, 'said something before hello')
    if (link.isOdd) return
    link.isOdd = true
    this.troubleAgain('framed-odd', `${this.nameOf(link)} sent something that is not understood, which was let go by.`)
  }

  private greeted(link: FramedLink, { id, from: peer, username }: FramedMessage): void {
    if (link.peer !== null) return
    if (this.hellos.has(id)) return this.end(link, 'is ourselves')
    this.proven(link.local)
    if (peer === this.ownId) this.sharesOurId()
    this.cancel(link.deadline)
    link.peer = peer
    link.name = heardName(username)
    if (link.wanted === null) this.hello(link, this.ownId)
    // What is behind the link knows nothing of us, whoever there was known before.
    this.sayWhoWeAre()
    this.voice?.linkBegan?.(link.id, peer)
    this.tell(link, 'up', '')
    this.reached(link, { id: peer, name: link.name })
  }

  private chat(message: FramedMessage & { type: 'chat' }, given: GivenByBridge | null): void {
    const room = normaliseRoom(message.room)
    const text = heardText(message.msg)
    if (room === null || text === '' || isPresence(message)) return
    const own = originOfUuid(message.id)
    this.emit({
      kind: 'words',
      link: null,
      words: {
        origin: own ?? hashedOrigin('framed', message.id),
        from: given?.from ?? 'framed',
        isExact: true,
        bridge: given?.bridge ?? null,
        author: null,
        name: heardName(message.username) || heardName(message.from),
        ...{ text, room, kind: 'text' },
      },
    })
  }

  /** Tells other bridges, however far off, that we are one; once for all that ask for it in a moment. */
  private sayWhoWeAre(): void {
    if (this.isPresenceDue) return
    this.isPresenceDue = true
    this.after(Math.max(PRESENCE_AFTER_MS, this.presences.waitMs(this.nowMs)), () => {
      this.isPresenceDue = false
      this.presences.take(this.nowMs)
      const id = this.freshId()
      this.known.add(id, this.nowMs)
      this.flood(
        encodeFrame({
          ...{ id, type: 'chat', from: this.ownId, username: this.name },
          ...{ room: BRIDGES_ROOM, msg: 'is a bridge', ttl: TTL_FIRST, ts: this.timestamp() },
          // Whole, for those who read no other introduction than one with words.
          ...introductionMember(this.introduction(this.options.bridge), { id: originOfUuid(id)!, from: 'native' }),
        }),
      )
    })
  }

  private hello(link: FramedLink, from: string): void {
    const hello = { id: this.freshId(), type: 'hello', from, username: this.name }
    this.hellos.add(hello.id)
    if (this.hellos.size > LINKS_MAX) this.hellos.delete(this.hellos.values().next().value!)
    this.emit({ kind: 'send', link: link.id, bytes: encodeFrame(hello) })
  }

  private flood(frame: Uint8Array, from: FramedLink | null = null): void {
    for (const link of this.links.values()) {
      // A buffer that is sent is no longer ours, so each has one of its own.
      if (link !== from && link.peer !== null) this.emit({ kind: 'send', link: link.id, bytes: frame.slice() })
    }
  }

  private end(link: FramedLink, reason: string, kind = reason): void {
    this.emit({ kind: 'hang-up', link: link.id, abort: true })
    this.troubleAgain('framed-fault', `${this.nameOf(link)} was hung up on: it ${reason}.`, kind)
    this.forget(link, reason)
  }

  protected forget(link: FramedLink, reason: string): void {
    this.links.delete(link.id)
    this.cancel(link.deadline)
    if (link.peer !== null) {
      this.tell(link, 'down', reason)
      const stillThere = [...this.links.values()].some((other) => other.peer === link.peer)
      if (!stillThere) this.voice?.left(link.peer, null)
      this.voice?.linkEnded?.(link.id)
    }
    const isUnanswered = [...this.links.values()].some(({ wanted, peer }) => wanted !== null && peer === null)
    if (!isUnanswered) this.own.disclaim()
    if (link.wanted !== null) this.retry(link.wanted, reason)
  }

  private tell(link: FramedLink, state: 'up' | 'down', reason: string): void {
    const address = addressOf(link)
    const { id, name, wanted } = link
    this.emit({ kind: 'peer', state, id: link.peer!, name, address, dialled: wanted !== null, link: id, reason })
  }

  private nameOf(link: FramedLink): string {
    return `The framed peer at ${formatAddress(addressOf(link))}`
  }

  private timestamp(): string {
    return formatLocal(this.options.wallMs(), this.options.aheadMs)
  }

  private freshId(): string {
    return uuidOfOrigin(toHex(this.options.randomBytes(16)))
  }
}

/** Where a peer listens, as far as that is known. */
function addressOf({ remote, peer }: FramedLink): Address {
  const told = peer === null ? null : addressOfId(peer)
  return told === null ? remote : { host: hostAsSeen(told.host, remote.host), port: told.port }
}
