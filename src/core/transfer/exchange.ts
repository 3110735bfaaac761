import { type ByteReader, toHex } from '../../base/bytes.ts'
import type { Rng } from '../../base/rng.ts'
import { PIECE_LEAVES } from '../../wire/content.ts'
import { HANDLES_MAX, isTransferType, RefusalCode, readTransfer, type TransferFrame } from '../../wire/transfer.ts'
import { Download } from './download.ts'
import type { DownloadOutput } from './download-output.ts'
import { Shape } from './shape.ts'
import { type ReadWanted, type Served, Uploads } from './uploads.ts'

type Store = DownloadOutput & { kind: 'store' }

/** What the exchange wants done, by content: a content is named by its root in hexadecimal. */
export type ExchangeOutput =
  | (Store & { readonly root: string })
  | { readonly kind: 'read'; readonly wanted: ReadWanted }
  | {
      readonly kind: 'keep-page'
      readonly root: string
      readonly level: number
      readonly index: number
      readonly bytes: Uint8Array
    }
  /** Everything that is wanted so far is here. */
  | { readonly kind: 'reached'; readonly root: string }
  | { readonly kind: 'gained'; readonly root: string; readonly piece: number }
  /** Nothing more is taken from a peer for this content. */
  | { readonly kind: 'dropped'; readonly root: string; readonly key: string; readonly why: 'lying' | 'silent' }
  /** A peer does not have it (any more), or not for us. */
  | { readonly kind: 'refused'; readonly root: string; readonly key: string; readonly code: number }

interface Link {
  readonly key: string
  /** Contents we have open there, by our handles, and the other way around. */
  readonly opened: Map<number, string>
  readonly handles: Map<string, number>
  readonly queue: TransferFrame[]
  nextHandle: number
}

interface Fetching {
  readonly rootBytes: Uint8Array
  readonly download: Download
  /** Peers that have lied. */
  readonly liars: Set<string>
  /** When to ask a peer again that was silent or had too much to do, by its key. */
  readonly retryAtMs: Map<string, number>
}

const RETRY_MS = 60_000

/** All that is fetched and given out over all links between two peers: frames in, frames out. Pure. */
export class Exchange {
  private readonly links = new Map<number, Link>()
  private readonly fetching = new Map<string, Fetching>()
  private readonly uploads = new Uploads()
  private readonly dirtyLinks = new Set<number>()
  private outputs: ExchangeOutput[] = []

  constructor(private readonly rng: Rng) {}

  /** Links that have something to send: each leaves the set when `pull` answers null. */
  get dirty(): ReadonlySet<number> {
    for (const link of this.uploads.dirty) this.dirtyLinks.add(link)
    return this.dirtyLinks
  }

  takeOutputs(): ExchangeOutput[] {
    for (const wanted of this.uploads.takeReads()) this.outputs.push({ kind: 'read', wanted })
    const { outputs } = this
    this.outputs = []
    return outputs
  }

  serve(root: Uint8Array, served: Served): void {
    this.uploads.add(toHex(root), served)
  }

  unserve(root: Uint8Array, code: number): void {
    this.uploads.remove(toHex(root), code)
  }

  isServing(root?: Uint8Array): boolean {
    return this.uploads.isServing(root === undefined ? undefined : toHex(root))
  }

  /**
   * Begins to fetch the first so many leaves of a content, and gives out what comes to whom it `allows`. Asks over every link
   * there is, of `candidates` alone where they are given (by key).
   */
  fetch(root: Uint8Array, size: number, allows: (key: string) => boolean, leaves?: number): Download {
    const shape = new Shape(size)
    const download = new Download(shape, root, this.rng, leaves)
    const name = toHex(root)
    this.fetching.set(name, { rootBytes: root.slice(), download, liars: new Set(), retryAtMs: new Map() })
    this.uploads.add(name, { shape, here: download.here, pieces: download.pieces, allows })
    return download
  }

  /** Asks a peer over its link whether it has a content that is being fetched. */
  tryAt(root: Uint8Array, link: number): void {
    const name = toHex(root)
    const state = this.links.get(link)
    const fetching = this.fetching.get(name)
    if (state === undefined || fetching === undefined || state.handles.has(name)) return
    if (state.opened.size >= HANDLES_MAX || fetching.liars.has(state.key)) return
    const handle = state.nextHandle++
    state.opened.set(handle, name)
    state.handles.set(name, handle)
    fetching.retryAtMs.delete(state.key)
    this.send(link, { type: 'open', handle, root: fetching.rootBytes, size: fetching.download.shape.size })
  }

  /** The download's own calls (`pause`, `want`, `stored`…) are followed by this. */
  settle(root: string, nowMs: number): void {
    const fetching = this.fetching.get(root)
    if (fetching === undefined) return
    for (const output of fetching.download.takeOutputs()) this.carryOut(root, fetching, output, nowMs)
  }

  download(root: string): Download | null {
    return this.fetching.get(root)?.download ?? null
  }

  /** Fetches it no longer: it is whole, or nobody wants it any more. What is here is given out until `unserve`. */
  end(root: Uint8Array): void {
    const name = toHex(root)
    this.fetching.delete(name)
    for (const [id, link] of this.links) this.closeAt(id, link, name)
  }

  linkUp(link: number, key: string): void {
    this.links.set(link, { key, opened: new Map(), handles: new Map(), queue: [], nextHandle: 1 })
    this.uploads.linkUp(link, key)
  }

  linkDown(link: number, nowMs: number): void {
    const state = this.links.get(link)
    if (state === undefined) return
    this.links.delete(link)
    this.dirtyLinks.delete(link)
    this.uploads.linkDown(link)
    for (const root of state.handles.keys()) {
      this.fetching.get(root)?.download.removeHolder(link, nowMs)
      this.settle(root, nowMs)
    }
  }

  /** Something is open on a link, one way or the other. */
  isUsed(link: number): boolean {
    return (this.links.get(link)?.opened.size ?? 0) > 0 || this.uploads.isUsed(link)
  }

  /** Any bytes came over a link. */
  heard(link: number, nowMs: number): void {
    for (const root of this.links.get(link)?.handles.keys() ?? []) this.fetching.get(root)?.download.heard(link, nowMs)
  }

  /** A frame of a link, its bytes ours to keep. Answers null, or what the peer did wrong, as the end of a sentence. */
  frame(link: number, type: number, body: ByteReader, nowMs: number): string | null {
    const state = this.links.get(link)
    if (state === undefined || !isTransferType(type)) return null
    const frame = readTransfer(type, body)
    if (frame === null) return 'sent a broken frame about a file'
    switch (frame.type) {
      case 'open':
        if (!this.uploads.open(link, frame.handle, toHex(frame.root), frame.size)) return 'opened files without end'
        this.tryBack(frame.root, link, state.key, frame.handle)
        return null
      case 'ask':
        this.uploads.ask(link, frame.handle, frame.first, frame.count)
        return null
      case 'askPage':
        this.uploads.askPage(link, frame.handle, frame.level, frame.index)
        return null
      case 'cancel':
        this.uploads.cancel(link, frame.handle, frame.first, frame.count)
        return null
      case 'close':
        this.uploads.close(link, frame.handle)
        return null
      default:
        this.answer(link, state, frame, nowMs)
        return null
    }
  }

  stored(root: string, holder: number, first: number, count: number, nowMs: number): void {
    this.fetching.get(root)?.download.stored(holder, first, count, nowMs)
    this.settle(root, nowMs)
  }

  unstored(root: string, holder: number, first: number, count: number, why: 'lying' | 'disk', nowMs: number): void {
    this.fetching.get(root)?.download.unstored(holder, first, count, why, nowMs)
    this.settle(root, nowMs)
  }

  read(ticket: number, bytes: Uint8Array, nowMs: number): void {
    this.uploads.read(ticket, bytes, nowMs)
  }

  unread(ticket: number, code: number): void {
    this.uploads.unread(ticket, code)
  }

  /** The next frame for a link: questions first, they are short and others wait for what they bring. Null where there is none. */
  pull(link: number, nowMs: number): TransferFrame | null {
    const next = this.links.get(link)?.queue.shift() ?? this.uploads.pull(link, nowMs)
    if (next === null) this.dirtyLinks.delete(link)
    return next
  }

  wake(nowMs: number): void {
    for (const [root, fetching] of this.fetching) {
      fetching.download.wake(nowMs)
      this.settle(root, nowMs)
      for (const [key, atMs] of fetching.retryAtMs) if (atMs <= nowMs) this.retry(fetching, key)
    }
  }

  nextWakeMs(): number | null {
    let next = Number.POSITIVE_INFINITY
    for (const { download, retryAtMs } of this.fetching.values()) {
      next = Math.min(next, download.nextWakeMs() ?? next, ...retryAtMs.values())
    }
    return next === Number.POSITIVE_INFINITY ? null : next
  }

  /** Whoever asks for what we fetch fetches it too, and has some of it soon, though it had nothing when it was asked. */
  private tryBack(root: Uint8Array, link: number, key: string, handle: number): void {
    const fetching = this.fetching.get(toHex(root))
    if (fetching === undefined || fetching.retryAtMs.has(key) || !this.uploads.isOpen(link, handle)) return
    this.tryAt(root, link)
  }

  private retry(fetching: Fetching, key: string): void {
    fetching.retryAtMs.delete(key)
    for (const [id, link] of this.links) if (link.key === key) this.tryAt(fetching.rootBytes, id)
  }

  private answer(link: number, state: Link, frame: TransferFrame, nowMs: number): void {
    const root = state.opened.get(frame.handle)
    const fetching = root === undefined ? undefined : this.fetching.get(root)
    // About something that was closed a moment ago.
    if (root === undefined || fetching === undefined) return
    const { download } = fetching
    if (frame.type === 'have') {
      if (!download.addHolder(link, state.key, nowMs)) return this.closeAt(link, state, root)
      if ('map' in frame) download.hasMap(link, frame.from, frame.map, nowMs)
      else if (frame.whole) download.hasAll(link, nowMs)
    } else if (frame.type === 'gained') download.gained(link, frame.pieces, nowMs)
    else if (frame.type === 'leaves') download.leaves(link, frame.first, frame.bytes, nowMs)
    else if (frame.type === 'page') download.page(link, frame.level, frame.index, frame.bytes, nowMs)
    else if (frame.type === 'refused') {
      this.forget(state, root)
      download.removeHolder(link, nowMs)
      if (frame.code === RefusalCode.busy) fetching.retryAtMs.set(state.key, nowMs + RETRY_MS)
      this.outputs.push({ kind: 'refused', root, key: state.key, code: frame.code })
    }
    this.settle(root, nowMs)
  }

  private carryOut(root: string, fetching: Fetching, output: DownloadOutput, nowMs: number): void {
    switch (output.kind) {
      case 'ask':
      case 'cancel':
      case 'ask-page': {
        const handle = this.links.get(output.holder)?.handles.get(root)
        if (handle === undefined) return
        if (output.kind === 'ask-page') {
          return this.send(output.holder, { type: 'askPage', handle, level: output.level, index: output.index })
        }
        return this.send(output.holder, { type: output.kind, handle, first: output.first, count: output.count })
      }
      case 'store':
        return void this.outputs.push({ ...output, root })
      case 'keep-page':
        return void this.outputs.push({ ...output, root })
      case 'reached':
        return void this.outputs.push({ kind: 'reached', root })
      case 'gained':
        this.uploads.gained(root, output.piece)
        return void this.outputs.push({ kind: 'gained', root, piece: output.piece })
      case 'drop': {
        const link = this.links.get(output.holder)
        if (link === undefined) return
        this.closeAt(output.holder, link, root)
        if (output.why === 'lying') fetching.liars.add(link.key)
        else fetching.retryAtMs.set(link.key, nowMs + RETRY_MS)
        this.outputs.push({ kind: 'dropped', root, key: link.key, why: output.why })
      }
    }
  }

  private closeAt(id: number, link: Link, root: string): void {
    const handle = link.handles.get(root)
    if (handle === undefined) return
    this.forget(link, root)
    this.send(id, { type: 'close', handle })
  }

  private forget(link: Link, root: string): void {
    const handle = link.handles.get(root)
    if (handle !== undefined) link.opened.delete(handle)
    link.handles.delete(root)
  }

  private send(id: number, frame: TransferFrame): void {
    const queue = this.links.get(id)?.queue
    const last = queue?.at(-1)
    if (queue === undefined) return
    const continues =
      frame.type === 'cancel' &&
      last?.type === 'cancel' &&
      last.handle === frame.handle &&
      last.first + last.count === frame.first &&
      last.count < PIECE_LEAVES
    if (continues) queue[queue.length - 1] = { ...last, count: last.count + 1 }
    else queue.push(frame)
    this.dirtyLinks.add(id)
  }
}
