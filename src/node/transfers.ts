import type { Address } from '../base/address.ts'
import { ByteReader, ByteWriter, EMPTY, equalBytes, release, toHex } from '../base/bytes.ts'
import type { RandomBytes, Rng } from '../base/rng.ts'
import { Handshake } from '../core/link/handshake.ts'
import { Exchange, type ExchangeOutput } from '../core/transfer/exchange.ts'
import { PAGE_BYTES_MAX } from '../wire/content.ts'
import { beginFrame, eachFrame, endFrame } from '../wire/frame.ts'
import { FILES_MAGIC } from '../wire/magic.ts'
import { tailOf, transferType, writeTransferHead } from '../wire/transfer.ts'
import type { NodeIdentity } from './context.ts'
import { FRAMES_PER_S_MAX, type LinkOrigin, TransferLink } from './transfer-link.ts'

/** From the first byte to a proved identity. */
const HANDSHAKE_MS_MAX = 10_000
/** A link that nothing is open on. */
const IDLE_MS_MAX = 60_000
/** A link on which something is open, and nothing comes: its other end may be gone without a word. Who is still there makes another. */
const SILENT_MS_MAX = 300_000
/** One record: 256 KiB at 9 KB/s. Who is slower is sent shorter ones. */
const RECORD_MS_MAX = 30_000
const CHECK_EVERY_MS = 2_000
/** Links that others have made: each costs what `Uploads` reads ahead for it, 512 KiB, and its inbox. */
const ACCEPTED_MAX = 64
const ACCEPTED_EACH_MAX = 8
/** Of records this long one is opened, and one sealed, before others have their turn: some 300 µs with all that follows. */
const LONG_BYTES = 32 * 1024
/** Come over one link and not opened yet; of more, what is there is opened at once, turn or no turn. */
const INBOX_BYTES_MAX = 1024 * 1024
/** The same of parts, as they came: a peer may send a byte at a time. A mebibyte comes in as many at 16 KiB each. */
const INBOX_PARTS_MAX = 64
/** Short frames that share a record, perhaps with one long one. */
const SMALL_BYTES = 4 * 1024

export type TransfersOutput =
  | { readonly kind: 'dial'; readonly attempt: number; readonly address: Address }
  /** To be reached through others; answered like a dial. */
  | { readonly kind: 'call'; readonly attempt: number; readonly key: string }
  | { readonly kind: 'close'; readonly link: number; readonly abort: boolean }
  /** A link to a peer is there, or a dial for one has come to nothing; by its key. */
  | { readonly kind: 'linked'; readonly key: string; readonly link: number }
  | { readonly kind: 'unlinked'; readonly key: string; readonly reason: string }
  /** A peer broke the protocol. `message`: a sentence for the log. */
  | { readonly kind: 'fault'; readonly message: string }
  | ExchangeOutput

/** The links that files travel on, apart from those of talk: their handshakes, records, limits and ends. What is said on them is the exchange's. Pure. */
export class Transfers {
  readonly exchange: Exchange
  private readonly links = new Map<number, TransferLink>()
  private readonly dials = new Map<number, { readonly key: string; readonly isCall: boolean }>()
  private readonly raw = new Set<number>()
  /** Links of which something has come that waits for its turn. */
  private readonly waiting = new Set<number>()
  private outputs: TransfersOutput[] = []
  private nextId = 1
  private nextAttempt = 1
  private checkAtMs: number | null = null
  private readonly record = new ByteWriter(SMALL_BYTES + PAGE_BYTES_MAX)

  constructor(
    private readonly identity: NodeIdentity,
    private readonly randomBytes: RandomBytes,
    rng: Rng,
  ) {
    this.exchange = new Exchange(rng)
  }

  takeOutputs(): TransfersOutput[] {
    const outputs = [...this.outputs, ...this.exchange.takeOutputs()]
    this.outputs = []
    return outputs
  }

  /** Links that may have something to send; those waiting for the handshake's own bytes first. */
  dirty(): number[] {
    return [...this.raw, ...this.exchange.dirty]
  }

  /** Open links with a peer, by its key. */
  linksTo(key: string): number[] {
    return this.openLinks.filter((id) => this.links.get(id)?.peerKey === key)
  }

  get openLinks(): number[] {
    return [...this.links.values()].filter((link) => link.phase === 'open').map((link) => link.id)
  }

  /** There is a link with a peer that goes through nobody else. */
  isDirect(key: string): boolean {
    return this.linksTo(key).some((id) => this.throughOf(id) === null)
  }

  /** The neighbour a link goes through, by its key; null where it goes through nobody, or is not there. */
  throughOf(id: number): string | null {
    return this.links.get(id)?.through ?? null
  }

  /** A dial for a link with a peer, through nobody else, is under way. */
  isDialling(key: string): boolean {
    return this.isTried(key, false)
  }

  /** Dials a peer, unless a link to it, through nobody else, is there or on its way. */
  dial(key: string, address: Address): void {
    if (this.isDirect(key) || this.isTried(key, false)) return
    const attempt = this.nextAttempt++
    this.dials.set(attempt, { key, isCall: false })
    this.outputs.push({ kind: 'dial', attempt, address })
  }

  /** Has a peer reached through others, unless any link to it is there. */
  call(key: string): void {
    if (this.linksTo(key).length > 0 || this.isTried(key, true)) return
    const attempt = this.nextAttempt++
    this.dials.set(attempt, { key, isCall: true })
    this.outputs.push({ kind: 'call', attempt, key })
  }

  private isTried(key: string, isCall: boolean): boolean {
    const isShaking = [...this.links.values()].some(
      (link) => link.phase === 'handshake' && link.expected === key && (link.through !== null) === isCall,
    )
    return isShaking || [...this.dials.values()].some((dial) => dial.key === key && dial.isCall === isCall)
  }

  /** Ends the links with a peer that cannot be trusted. */
  hangUp(key: string, nowMs: number): void {
    for (const id of this.linksTo(key)) this.end(this.links.get(id)!, 'was hung up on', true, nowMs)
  }

  /** A connection came in; null when a limit says no. `through`: the neighbour it goes through, by its key. */
  accepted(remote: Address, nowMs: number, through: string | null = null): number | null {
    const accepted = [...this.links.values()].filter((link) => link.via === 'accepted')
    const fromThere = accepted.filter((link) => link.remote.host === remote.host)
    if (accepted.length >= ACCEPTED_MAX || fromThere.length >= ACCEPTED_EACH_MAX) return null
    return this.add(remote, { via: 'accepted', expected: null, through }, nowMs)
  }

  dialled(attempt: number, remote: Address, nowMs: number, through: string | null = null): number | null {
    const dial = this.dials.get(attempt)
    this.dials.delete(attempt)
    return dial === undefined ? null : this.add(remote, { via: 'dialled', expected: dial.key, through }, nowMs)
  }

  dialFailed(attempt: number, reason: string): void {
    const dial = this.dials.get(attempt)
    this.dials.delete(attempt)
    if (dial !== undefined) this.outputs.push({ kind: 'unlinked', key: dial.key, reason })
  }

  /** The buffer is the machine's from here on. What is long waits for `proceed`. */
  received(id: number, bytes: Uint8Array, nowMs: number): void {
    const link = this.links.get(id)
    if (link === undefined) return
    link.heardAtMs = nowMs
    if (link.phase === 'handshake') return this.shake(link, bytes, nowMs)
    this.exchange.heard(id, nowMs)
    link.inbox.push(bytes)
    link.inboxBytes += bytes.length
    this.waiting.add(id)
    if (bytes.length < LONG_BYTES && link.inbox.length === 1) this.readAll(link, 0, nowMs)
    else this.readAll(link, INBOX_BYTES_MAX, nowMs, INBOX_PARTS_MAX)
  }

  /** Something that has come waits to be looked at. */
  get hasWaiting(): boolean {
    return this.waiting.size > 0
  }

  /** Looks at what has come up to the end of one long record, the links by turns. */
  proceed(nowMs: number): void {
    for (const id of this.waiting) {
      const link = this.links.get(id)
      this.waiting.delete(id)
      if (link === undefined) continue
      this.readOn(link, nowMs)
      return
    }
  }

  closed(id: number, reason: string, nowMs: number): void {
    const link = this.links.get(id)
    if (link === undefined) return
    this.readAll(link, 0, nowMs)
    if (link.phase !== 'closed') this.remove(link, reason, nowMs)
  }

  /** Whether these bytes, of `pull`, are as much as is to leave before others have their turn. */
  isLong(bytes: Uint8Array): boolean {
    return bytes.length >= LONG_BYTES
  }

  /** The next bytes for a link's connection, the caller's to keep; null when there is nothing more. */
  pull(id: number, nowMs: number): Uint8Array | null {
    const link = this.links.get(id)
    const raw = link?.takeRaw() ?? null
    if (raw !== null) return raw
    this.raw.delete(id)
    if (link?.sealer === null || link === undefined) return null
    const record = this.record.clear()
    let tail = EMPTY
    while (record.length < SMALL_BYTES) {
      const frame = this.exchange.pull(id, nowMs)
      if (frame === null) break
      const at = beginFrame(record, transferType(frame))
      writeTransferHead(record, frame)
      tail = tailOf(frame)
      endFrame(record, at, tail.length)
      if (frame.type === 'leaves' || frame.type === 'page' || frame.type === 'have') break
    }
    if (record.length === 0) return null
    const sealed = link.sealer.sealRecord(record.view(), tail)
    release(tail)
    return sealed
  }

  wake(nowMs: number): void {
    this.exchange.wake(nowMs)
    if (this.checkAtMs !== null && nowMs >= this.checkAtMs) this.check(nowMs)
  }

  nextWakeMs(): number | null {
    const next = this.exchange.nextWakeMs()
    return next === null || this.checkAtMs === null ? (next ?? this.checkAtMs) : Math.min(next, this.checkAtMs)
  }

  /** Ends every link. */
  close(nowMs: number): void {
    for (const link of [...this.links.values()]) this.end(link, 'has been closed', false, nowMs)
  }

  private add(remote: Address, origin: LinkOrigin, nowMs: number): number {
    const { signing, linkStatic } = this.identity
    const keys = { identity: signing, staticKey: linkStatic, ephemeralSecret: this.randomBytes(32) }
    const handshake = new Handshake(origin.via === 'dialled', keys, FILES_MAGIC)
    const link = new TransferLink(this.nextId++, remote, origin, handshake, nowMs)
    this.links.set(link.id, link)
    link.queueRaw(handshake.start())
    this.raw.add(link.id)
    this.checkAtMs ??= nowMs + CHECK_EVERY_MS
    return link.id
  }

  private shake(link: TransferLink, bytes: Uint8Array, nowMs: number): void {
    const step = link.handshake!.receive(bytes)
    link.queueRaw(step.send)
    this.raw.add(link.id)
    if (step.state === 'fault') return this.fault(link, step.message, nowMs)
    if (step.state === 'more') return
    const key = toHex(step.link.peer)
    if (link.expected !== null && link.expected !== key) return this.end(link, 'is somebody else', true, nowMs)
    if (equalBytes(step.link.peer, this.identity.signing.publicKey))
      return this.end(link, 'is this very node', true, nowMs)
    link.establish(step.link, key)
    this.exchange.linkUp(link.id, key)
    this.outputs.push({ kind: 'linked', key, link: link.id })
    this.takeOver(link, nowMs)
    if (step.link.rest.length > 0) this.received(link.id, step.link.rest, nowMs)
  }

  /** Of a link that goes through others and one that does not, the second stays. */
  private takeOver(newest: TransferLink, nowMs: number): void {
    if (!this.isDirect(newest.peerKey)) return
    for (const id of this.linksTo(newest.peerKey)) {
      const link = this.links.get(id)!
      if (link.through !== null) this.end(link, 'gave way to a link that goes through nobody else', false, nowMs)
    }
  }

  /** Until no more than so many bytes wait, nor more than so many parts. */
  private readAll(link: TransferLink, bytesMax: number, nowMs: number, partsMax = Number.POSITIVE_INFINITY): void {
    while (link.phase === 'open' && (link.inboxBytes > bytesMax || link.inbox.length > partsMax)) {
      this.readOn(link, nowMs)
    }
  }

  /** To the end of the next long record, or of what came with one event. */
  private readOn(link: TransferLink, nowMs: number): void {
    const first = link.inbox[0]
    if (first === undefined || link.phase !== 'open') return
    const used = this.read(link, first.subarray(link.inboxAt), nowMs)
    link.inboxAt += used
    link.inboxBytes -= used
    if (link.inboxAt === first.length) {
      link.inbox.shift()
      link.inboxAt = 0
      // Every record has been opened to a memory of its own. What came through others may be part of what is somebody else's.
      if (first.length === first.buffer.byteLength) release(first)
    }
    if (link.inbox.length > 0 && link.phase === 'open') this.waiting.add(link.id)
    else this.waiting.delete(link.id)
  }

  /** Up to the first long record; answers how many bytes that was. */
  private read(link: TransferLink, bytes: Uint8Array, nowMs: number): number {
    const reader = link.reader!
    const isOpen = () => link.phase === 'open'
    const fault = reader.receive(bytes, (record) => {
      link.partialSinceMs = null
      const fits = eachFrame(
        record,
        (type, frame, start, end) => this.frame(link, type, frame, start, end, nowMs),
        isOpen,
      )
      if (!fits) this.fault(link, 'sent a frame that does not fit its record', nowMs)
      return isOpen() && record.length < LONG_BYTES
    })
    if (fault !== null) this.fault(link, fault, nowMs)
    if (!reader.partial) link.partialSinceMs = null
    else link.partialSinceMs ??= nowMs
    return reader.usedBytes
  }

  private frame(link: TransferLink, type: number, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    if (!link.frames.take(nowMs)) return this.fault(link, `sent more than ${FRAMES_PER_S_MAX} frames a second`, nowMs)
    const fault = this.exchange.frame(link.id, type, new ByteReader(bytes, start, end), nowMs)
    if (fault !== null) this.fault(link, fault, nowMs)
  }

  private fault(link: TransferLink, what: string, nowMs: number): void {
    if (link.phase === 'closed') return
    this.outputs.push({ kind: 'fault', message: `${link.remote.host} ${what}; the link was closed.` })
    this.end(link, what, false, nowMs)
  }

  private end(link: TransferLink, reason: string, abort: boolean, nowMs: number): void {
    this.remove(link, reason, nowMs)
    this.outputs.push({ kind: 'close', link: link.id, abort })
  }

  private remove(link: TransferLink, reason: string, nowMs: number): void {
    const wasOpen = link.phase === 'open'
    link.phase = 'closed'
    this.links.delete(link.id)
    this.raw.delete(link.id)
    this.waiting.delete(link.id)
    if (wasOpen) this.exchange.linkDown(link.id, nowMs)
    const key = wasOpen ? link.peerKey : link.expected
    if (key !== null) this.outputs.push({ kind: 'unlinked', key, reason })
  }

  private check(nowMs: number): void {
    for (const link of [...this.links.values()]) {
      if (link.phase === 'handshake') {
        if (nowMs - link.openedAtMs >= HANDSHAKE_MS_MAX) this.end(link, 'did not finish its handshake', true, nowMs)
        continue
      }
      if (this.exchange.isUsed(link.id)) link.idleSinceMs = null
      else link.idleSinceMs ??= nowMs
      if (link.idleSinceMs !== null && nowMs - link.idleSinceMs >= IDLE_MS_MAX) this.end(link, 'was idle', false, nowMs)
      else if (nowMs - link.heardAtMs >= SILENT_MS_MAX) this.end(link, 'has said nothing for five minutes', true, nowMs)
      else if (link.partialSinceMs !== null && nowMs - link.partialSinceMs >= RECORD_MS_MAX) {
        this.end(link, 'took more than 30 seconds for one record', true, nowMs)
      }
    }
    this.checkAtMs = this.links.size === 0 ? null : nowMs + CHECK_EVERY_MS
  }
}
