import type { Address } from '../base/address.ts'
import { formatAddress } from '../base/address.ts'
import { ByteReader, ByteWriter, equalBytes, toHex } from '../base/bytes.ts'
import { type Established, Handshake } from '../core/link/handshake.ts'
import { eachFrame, FrameType } from '../wire/frame.ts'
import { ByeCode, type Hello, readBye, readHello, writeBye, writeHello } from '../wire/hello.ts'
import { FEED_HANDLES_MAX, RECORD_BYTES_MAX } from '../wire/limits.ts'
import { isVisit } from '../wire/tracker.ts'
import type { NodeContext } from './context.ts'
import type { Dialled } from './dialling.ts'
import { byeSentence, refusalCode } from './goodbyes.ts'
import { HALF_OPEN_MAX, Inbound, LINKS_MAX } from './inbound.ts'
import type { Allowance } from './link-budget.ts'
import { CONTROL_BYTES_MAX, frame, LinkState, newerStays } from './link-state.ts'
import { judgeLiveness } from './liveness.ts'

/** From the first byte to a proved identity and a hello. */
export const HANDSHAKE_MS_MAX = 10_000
const CHECK_EVERY_MS = 5_000
/** How long the other side has to hang up after a goodbye. */
const LINGER_MS = 500
/** Links of those who take us for a tracker, while we are none. */
const VISITORS_MAX = 16

/** What the rest of the node does about links. */
export interface LinkOwner {
  hello(): Hello
  up(link: LinkState): void
  /** Called once for every link that was up. */
  down(link: LinkState): void
  /** A link of ours to a tracker is there: to say what others say after hello. */
  visit(link: LinkState): void
  /** A link ended before it was up. `fault`: the code and end of a sentence. */
  failed(link: LinkState, code: string, reason: string): void
  /** The peer does not want to be linked with us, for now. */
  hungUp(link: LinkState): void
  /** A frame of an open link, other than the link's own. */
  frame(link: LinkState, type: number, bytes: Uint8Array, start: number, end: number): void
  /** Who put what they have for a link into a record; the most urgent first. */
  fillers(): readonly { fill(link: LinkState, record: ByteWriter, roomMax: number): void }[]
}

/** Links from accept or dial to their end: limits, handshake, liveness, goodbye, and one link a peer. */
export class Links {
  readonly all = new Map<number, LinkState>()
  /** Open links by the peer's key. */
  readonly byPeer = new Map<string, LinkState>()
  /** Those of them with neighbours, over which everything is broadcast; `Overlay` keeps it. */
  readonly neighbours = new Map<string, LinkState>()
  /** How many may visit us at a time; a tracker has room for more. */
  visitorsMax = VISITORS_MAX
  private visitors = 0
  private nextId = 1
  private readonly inbound = new Inbound()
  private readonly record = new ByteWriter(RECORD_BYTES_MAX)

  constructor(
    private readonly context: NodeContext,
    private readonly owner: LinkOwner,
  ) {
    this.check()
  }

  /** Registers a connection that came in; null when a limit says no, and the caller closes it. */
  accept(remote: Address): LinkState | null {
    const { nowMs } = this.context
    // Those that are closing count too: who does not read our goodbye keeps its connection for a while.
    if (this.all.size - this.visitors >= LINKS_MAX + HALF_OPEN_MAX && !this.cutShort()) return null
    const { isFree, evicted } = this.inbound.placeFor(remote.host, nowMs)
    if (evicted !== null) this.end(evicted, true, 'crowded-out', 'gave way to another caller, having got nowhere')
    if (!isFree) return null
    const link = new LinkState(this.nextId++, remote, 'accepted', null, null, null, nowMs)
    this.inbound.came(link)
    return this.add(link)
  }

  /** Closes the connection that has waited longest for its goodbye to be read; false when none does. */
  private cutShort(): boolean {
    for (const link of this.all.values()) {
      if (link.phase !== 'closing' || link.via !== 'accepted') continue
      this.remove(link, true)
      return true
    }
    return false
  }

  /** Registers a connection of ours, which no limit refuses. */
  dialled(remote: Address, { target, expected, visit }: Dialled): LinkState {
    return this.add(new LinkState(this.nextId++, remote, 'dialled', target, expected, visit, this.context.nowMs))
  }

  private add(link: LinkState): LinkState {
    this.all.set(link.id, link)
    link.handshake = new Handshake(link.via === 'dialled', this.context.linkKeys())
    link.queueRaw(link.handshake.start())
    this.context.dirty.add(link)
    link.deadline = this.context.after(HANDSHAKE_MS_MAX, () => {
      this.end(link, true, 'handshake-timeout', 'said nothing a hearsay peer would within 10 seconds')
    })
    return link
  }

  received(link: LinkState, bytes: Uint8Array): void {
    link.heardAtMs = this.context.nowMs
    link.hasSpoken = true
    if (link.phase === 'handshake') this.shake(link, bytes)
    else this.read(link, bytes)
  }

  /** The next bytes to write: raw handshake, or one sealed record of all that waits. Null when there is nothing. */
  pull(link: LinkState): Uint8Array | null {
    link.pulledAtMs = this.context.nowMs
    if (link.waitsRaw) return link.takeRaw()
    if (link.sealer === null) {
      if (link.phase === 'closing') this.linger(link)
      return null
    }
    const record = this.record.clear()
    for (let next = link.takeFrame(RECORD_BYTES_MAX); next !== null; ) {
      record.bytes(next)
      next = link.takeFrame(RECORD_BYTES_MAX - record.length)
    }
    if (link.phase === 'open') for (const part of this.owner.fillers()) part.fill(link, record, RECORD_BYTES_MAX)
    if (record.length > 0) return link.sealer.sealRecord(record.view())
    if (link.phase === 'closing') this.linger(link)
    return null
  }

  /** Queues a frame and marks the link; a peer that lets too much of it pile up is dropped. */
  send(link: LinkState, type: number, write: (out: ByteWriter) => void): void {
    this.sendFrame(link, frame(type, write))
  }

  /** The same with a frame made before, shared between links. */
  sendFrame(link: LinkState, bytes: Uint8Array): void {
    if (link.phase === 'closing' || link.phase === 'closed') return
    link.queue(bytes)
    if (link.waitingBytes > CONTROL_BYTES_MAX) this.part(link, ByeCode.tooSlow, 'reads too slowly')
    else this.context.dirty.add(link)
  }

  /** Ends a link with a goodbye that says why. */
  bye(link: LinkState, code: number, reason: string): void {
    if (link.phase !== 'open' && link.phase !== 'hello') return this.end(link, true, 'closed', reason)
    link.queue(frame(FrameType.bye, (out) => writeBye(out, { code, reason })))
    this.fallen(link, reason)
    link.phase = 'closing'
    this.context.dirty.add(link)
  }

  /** Ends a link that is not waited for: what it had to read is dropped, and the goodbye leaves now or never. */
  private part(link: LinkState, code: number, reason: string): void {
    link.dropFrames()
    if (link.phase === 'open') this.bye(link, code, reason)
    else if (link.phase === 'hello') this.refuse(link, code, reason)
    else return this.end(link, true, 'too-slow', reason)
    this.linger(link)
  }

  /**
   * Whether a frame is within what its link may cause; otherwise it is to be ignored. One that has gone on far beyond that is
   * told so and dropped.
   */
  admits(link: LinkState, allowance: Allowance, count = 1): boolean {
    if (allowance.take(this.context.nowMs, count)) return true
    if (allowance.isFlooded) this.flooded(link)
    return false
  }

  flooded(link: LinkState): void {
    if (link.phase !== 'open') return
    this.context.emit({
      kind: 'trouble',
      code: 'peer-floods',
      message: `${formatAddress(link.remote)} sent far more than any peer has reason to; the link was closed.`,
      user: false,
    })
    this.part(link, ByeCode.flooding, 'sends more than any peer has reason to')
  }

  /** The connection is gone, or is to go at once. */
  end(link: LinkState, abort: boolean, code: string, reason: string): void {
    if (link.phase === 'closed') return
    if (link.phase === 'handshake' || link.phase === 'hello') this.owner.failed(link, code, reason)
    this.fallen(link, reason)
    this.remove(link, abort)
  }

  /** Every handle the protocol has is in use on this link, after months or a flood: a new link begins again at one. */
  wornOut(link: LinkState): void {
    this.bye(link, ByeCode.wornOut, 'has named as many feeds as one link can')
  }

  private fallen(link: LinkState, reason: string): void {
    const wasUp = link.phase === 'open'
    if (link.closeReason === '') link.closeReason = reason
    this.settle(link)
    this.inbound.left(link)
    if (!wasUp) return
    link.phase = 'closing'
    if (this.byPeer.get(link.peerKey) === link) this.byPeer.delete(link.peerKey)
    this.owner.down(link)
  }

  /**
   * After a goodbye the other side hangs up: closing first, with something of theirs unread, would make the system
   * throw the goodbye away.
   */
  private linger(link: LinkState): void {
    link.deadline ??= this.context.after(LINGER_MS, () => {
      link.deadline = null
      this.remove(link, link.waitingBytes > 0)
    })
  }

  private remove(link: LinkState, abort: boolean): void {
    if (link.phase === 'closed') return
    this.settle(link)
    link.phase = 'closed'
    if (this.all.delete(link.id) && link.isVisit && link.via === 'accepted') this.visitors--
    this.context.dirty.delete(link)
    link.release()
    this.context.emit({ kind: 'close', link: link.id, abort })
  }

  /** No longer half open. */
  private settle(link: LinkState): void {
    if (link.deadline !== null) this.context.timers.cancel(link.deadline)
    link.deadline = null
    this.inbound.settled(link)
  }

  private shake(link: LinkState, bytes: Uint8Array): void {
    const step = link.handshake!.receive(bytes)
    link.queueRaw(step.send)
    this.context.dirty.add(link)
    if (step.state === 'fault') {
      const what = `${formatAddress(link.remote)} ${step.message}`
      this.context.emit({
        kind: 'trouble',
        code: step.code,
        message: `${what}; the connection was closed.`,
        user: false,
      })
      this.shut(link, step.code, step.message, step.send.length === 0)
    } else if (step.state === 'established') {
      this.established(link, step.link)
    }
  }

  /** Ends a handshake: at once, or when a last word has left. */
  private shut(link: LinkState, code: string, reason: string, abort: boolean): void {
    if (abort) return this.end(link, true, code, reason)
    this.owner.failed(link, code, reason)
    this.settle(link)
    link.phase = 'closing'
  }

  private established(link: LinkState, result: Established): void {
    link.establish(result, toHex(result.peer))
    // Before a hello, or it would take this for a second link with us and might end the first for it.
    if (link.expected !== null && link.expected !== link.peerKey)
      return this.refuse(link, ByeCode.notNeeded, 'is not the peer that was to be there')
    if (link.visit !== null) this.owner.visit(link)
    else this.send(link, FrameType.hello, (out) => writeHello(out, this.owner.hello()))
    if (result.rest.length > 0) this.read(link, result.rest)
  }

  private read(link: LinkState, bytes: Uint8Array): void {
    const reader = link.reader!
    const alive = () => link.phase === 'open' || link.phase === 'hello'
    const each = (type: number, record: Uint8Array, start: number, end: number) =>
      this.dispatch(link, type, record, start, end)
    const fault = reader.receive(bytes, (record) => {
      // What is left over after this record is the beginning of another one.
      link.partialSinceMs = null
      if (!eachFrame(record, each, alive)) this.fault(link, 'sent a frame that does not fit its record')
      return alive()
    })
    if (fault !== null) this.fault(link, fault)
    if (!reader.partial) link.partialSinceMs = null
    else link.partialSinceMs ??= this.context.nowMs
  }

  /** The peer broke the protocol: one goodbye, then no more of it. */
  fault(link: LinkState, what: string, code: number = ByeCode.protocolFault): void {
    const message = `${formatAddress(link.remote)} ${what}; the link was closed.`
    this.context.emit({ kind: 'trouble', code: 'peer-fault', message, user: false })
    if (link.phase === 'hello') this.end(link, false, 'peer-fault', what)
    else if (link.phase === 'open') this.bye(link, code, what)
  }

  private dispatch(link: LinkState, type: number, bytes: Uint8Array, start: number, end: number): void {
    if (link.phase === 'hello') {
      if (link.via === 'dialled' || !isVisit(type)) return this.greeted(link, type, new ByteReader(bytes, start, end))
      if (!this.visited(link)) return
    }
    switch (type) {
      case FrameType.ping: {
        if (!this.admits(link, link.budget.pings)) return
        const body = bytes.slice(start, Math.min(end, start + 8))
        return this.send(link, FrameType.pong, (out) => out.bytes(body))
      }
      case FrameType.pong:
        if (link.pingSentAtMs !== null) link.rttMs = this.context.nowMs - link.pingSentAtMs
        link.pingSentAtMs = null
        return
      case FrameType.bye: {
        const bye = readBye(new ByteReader(bytes, start, end))
        if (bye?.code === ByeCode.hungUp) this.owner.hungUp(link)
        link.byeCode = bye?.code ?? null
        link.closeReason = bye === null ? 'said goodbye' : byeSentence(bye.code, bye.reason)
        return this.end(link, false, 'bye', link.closeReason)
      }
      default:
        return this.owner.frame(link, type, bytes, start, end)
    }
  }

  private greeted(link: LinkState, type: number, body: ByteReader): void {
    if (type === FrameType.bye) return this.end(link, false, 'refused', readBye(body)?.reason ?? 'refused the link')
    const hello = type === FrameType.hello ? readHello(body) : null
    if (hello === null) return this.fault(link, 'did not say hello first')
    link.hello = hello
    if (equalBytes(link.peer, this.context.identity.signing.publicKey)) {
      return this.refuse(link, ByeCode.self, 'is this very node')
    }
    if (link.isVisit) {
      this.settle(link)
      link.phase = 'open'
      return this.owner.up(link)
    }
    const other = this.byPeer.get(link.peerKey)
    if (other !== undefined && !newerStays(other, link, this.context.identity.signing.publicKey)) {
      return this.refuse(link, ByeCode.duplicateLink, 'is linked already')
    }
    if (link.via === 'accepted') {
      const refusal = other === undefined ? this.inbound.refusal(link, this.byPeer.size) : null
      if (refusal !== null) return this.refuse(link, ByeCode.tooManyLinks, refusal)
      this.inbound.entered(link)
    }
    this.settle(link)
    link.phase = 'open'
    link.isContinuation = other !== undefined && equalBytes(other.peerStatic, link.peerStatic)
    this.byPeer.set(link.peerKey, link)
    if (other !== undefined) this.bye(other, ByeCode.duplicateLink, 'is linked by a newer connection')
    this.ping(link)
    this.owner.up(link)
  }

  /** The first frame is a visitor's, which has no hello. */
  private visited(link: LinkState): boolean {
    const isSelf = equalBytes(link.peer, this.context.identity.signing.publicKey)
    if (isSelf || this.visitors >= this.visitorsMax || !this.inbound.hasRoomForVisit(link, this.visitorsMax)) {
      this.refuse(link, isSelf ? ByeCode.self : ByeCode.tooManyLinks, isSelf ? 'is this very node' : 'has no room')
      return false
    }
    link.isVisit = true
    this.visitors++
    this.inbound.entered(link)
    this.settle(link)
    link.phase = 'open'
    this.owner.up(link)
    return true
  }

  private refuse(link: LinkState, code: number, reason: string): void {
    link.queue(frame(FrameType.bye, (out) => writeBye(out, { code, reason })))
    this.context.dirty.add(link)
    this.shut(link, refusalCode(code), reason, false)
  }

  /** Asks the peer for a sign of life, unless that has been asked for already. */
  ping(link: LinkState): void {
    if (link.pingSentAtMs !== null) return
    link.pingSentAtMs = this.context.nowMs
    const stamp = Math.floor(this.context.nowMs)
    this.send(link, FrameType.ping, (out) => out.u48(stamp))
  }

  /** Every few seconds: pings where it is quiet, and the deadlines that the socket layer cannot be trusted with. */
  private check(): void {
    for (const link of [...this.all.values()]) {
      const verdict = judgeLiveness(link, this.context.nowMs, this.context.dirty.has(link))
      if (verdict === 'ping') this.ping(link)
      else if (verdict === 'gone') this.remove(link, true)
      else if (link.phase === 'open' && link.handles >= FEED_HANDLES_MAX) this.wornOut(link)
      else if (verdict !== null) this.part(link, verdict.code, verdict.reason)
    }
    this.context.after(CHECK_EVERY_MS, () => this.check())
  }
}
