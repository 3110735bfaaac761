import { type Address, formatAddress } from '../../base/address.ts'
import { joinBytes } from '../../base/bytes.ts'
import { isMarked } from '../../base/dialects.ts'
import { DiallingMachine } from '../machine.ts'
import type { Diallable } from '../outputs.ts'
import { hashedOrigin, heardName, heardText, type Words } from '../words.ts'
import { LineLink } from './link.ts'
import { encodeFileHeader, encodeLeft, encodeText, readLine, sendableName } from './messages.ts'

const FILE_NAME_CHARS_MAX = 128
const FATES = {
  taken: 'which will be offered here.',
  asked: 'which will be offered here if it is taken.',
  refused: 'which cannot be taken over here.',
}

/** What its sender hears, whose program knows nothing of refusing: it sends the bytes all the same. */
function refusal(file: string, size: number): string {
  return `Your file ${file} (${size} bytes) cannot be taken over here, and nothing of it is kept. Send a smaller one, or ask whoever is here.`
}

export interface LineOptions {
  readonly name: string
  /** Originals that listen, to be linked with; tried again when a link ends. */
  readonly connect: readonly Address[]
  /** The room that is bridged with those links, which have none: of others they hear nothing. */
  readonly room: string
  /** Never the same twice, for as long as words are remembered. */
  readonly nonce: string
}

/** The two-person program, once for every connection: lines under a name, and files between them. */
export class LineMachine extends DiallingMachine<LineLink> implements Diallable {
  readonly dialect = 'line'
  private name: string

  constructor(private readonly options: LineOptions) {
    super()
    this.name = options.name
  }

  start(nowMs: number): void {
    this.nowMs = nowMs
    for (const address of this.options.connect) this.connect(address, nowMs)
  }

  opened(id: number, remote: Address, attempt: number | null, nowMs: number): void {
    this.nowMs = nowMs
    const wanted = this.takeDial(attempt)
    if (!this.admit(id, remote, wanted)) return
    const link = new LineLink(id, remote, wanted, nowMs)
    this.links.set(id, link)
    this.tell(link, 'up', '')
    this.reached(link, { id: String(id), name: '' })
  }

  received(id: number, bytes: Uint8Array, nowMs: number): void {
    this.nowMs = nowMs
    const link = this.links.get(id)
    if (link === undefined) return
    for (let at = 0; at < bytes.length && this.links.has(id); ) {
      if (link.fileLeft !== null) {
        at = this.fileBytes(link, bytes, at)
        continue
      }
      const next = link.lines.next(bytes, at)
      if (link.lines.isBroken) return this.end(link, 'sent a line without an end')
      at = next.at
      if (next.line !== null) this.line(link, next.line)
    }
  }

  closed(id: number, reason: string, nowMs: number): void {
    this.nowMs = nowMs
    const link = this.links.get(id)
    if (link === undefined) return
    // The last line may lack its end.
    const rest = link.fileLeft === null ? link.lines.takeRest() : new Uint8Array()
    if (rest.length > 0) this.line(link, rest)
    this.forget(link, reason)
  }

  listened(): void {}

  say(words: Words, id: number | null, nowMs: number): void {
    this.nowMs = nowMs
    const link = id === null ? undefined : this.links.get(id)
    if (link === undefined || words.room !== this.options.room) return
    const text = words.kind === 'action' ? `* ${words.text}` : words.text
    if (link.outbox.say(encodeText(words.name, text))) return this.pump(link)
    this.trouble('line-slow', `${this.nameOf(link)} cannot be told so much at once: something is dropped.`)
  }

  /**
   * Announces a file; `wanted` is told when its bytes may follow by `fileChunk`. Answers the name it is sent by, or null where another one is
   * being sent.
   */
  sendFile(id: number, name: string, size: number, nowMs: number): string | null {
    this.nowMs = nowMs
    const link = this.links.get(id)
    if (link === undefined || !link.outbox.announce(encodeFileHeader(name, size))) return null
    this.pump(link)
    return sendableName(name)
  }

  /** The next bytes of the file that is being sent; null: that was all. */
  fileChunk(id: number, bytes: Uint8Array | null, nowMs: number): void {
    this.nowMs = nowMs
    const link = this.links.get(id)
    if (link === undefined || !link.outbox.takesBytes) return
    if (bytes !== null) return this.emit({ kind: 'send', link: id, bytes })
    link.outbox.sent(nowMs)
    this.pump(link)
  }

  /** Tells the room of a file that comes, and what becomes of it; of one that is not taken the bytes are let go by, and its sender is told. */
  fileNotice(id: number, name: string, size: number, fate: 'taken' | 'asked' | 'refused', nowMs: number): void {
    this.nowMs = nowMs
    const link = this.links.get(id)
    if (link === undefined) return
    const file = heardText(name).slice(0, FILE_NAME_CHARS_MAX)
    this.tellWords(link, link.name, `sends the file ${file} (${size} bytes), ${FATES[fate]}`, 'notice')
    if (fate === 'refused' && link.outbox.say(encodeText(this.name, refusal(file, size)))) this.pump(link)
  }

  renamed(name: string): void {
    this.name = name
  }

  leave(nowMs: number): void {
    this.nowMs = nowMs
    for (const link of this.links.values()) this.goodbye(link)
  }

  /** Sends what may be sent by now, and comes back for the rest. */
  private pump(link: LineLink): void {
    const { outbox } = link
    for (let next = outbox.next(this.nowMs); next !== null; next = outbox.next(this.nowMs)) {
      if (next === 'file') this.emit({ kind: 'file', link: link.id, state: 'wanted' })
      else this.emit({ kind: 'send', link: link.id, bytes: next })
    }
    this.cancel(link.timer)
    link.timer = outbox.dueMs === null ? null : this.after(outbox.dueMs - this.nowMs, () => this.pump(link))
  }

  protected goodbye(link: LineLink): void {
    const rest = link.outbox.rest()
    if (rest !== null) this.emit({ kind: 'send', link: link.id, bytes: joinBytes([rest, encodeLeft(this.name)]) })
    this.emit({ kind: 'hang-up', link: link.id, abort: false })
  }

  protected idOf({ id }: LineLink): string {
    return String(id)
  }

  private line(link: LineLink, line: Uint8Array): void {
    if (line.length === 0) return
    const message = readLine(line)
    if (message === null) return this.end(link, 'sent something that is no text')
    link.hasSpoken = true
    if (message.kind === 'file') return this.fileBegins(link, message.name, message.size)
    const name = heardName(message.name)
    if (name !== '' && !isMarked(name)) link.name = name
    if (message.kind === 'left') return this.emit({ kind: 'hang-up', link: link.id, abort: false })
    const text = heardText(message.text)
    if (text === '') return
    if (!link.bucket.take(this.nowMs)) return this.flooded(link.name, this.dialect)
    this.tellWords(link, name || link.name, text, 'text')
  }

  private tellWords(link: LineLink, name: string, text: string, kind: Words['kind']): void {
    const origin = hashedOrigin('line', this.options.nonce, String(link.id), String(++link.heard))
    const { room } = this.options
    const words: Words = { origin, from: 'line', isExact: false, bridge: null, author: null, name, text, kind, room }
    this.emit({ kind: 'words', link: link.id, words })
  }

  private fileBegins(link: LineLink, name: string, size: number): void {
    link.fileLeft = size
    link.isLettingBy = !link.files.take(this.nowMs)
    if (link.isLettingBy) this.flooded(link.name, this.dialect)
    else this.emit({ kind: 'file', link: link.id, state: 'begins', name, size })
    if (size === 0) this.fileEnds(link, true)
  }

  private fileBytes(link: LineLink, bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + link.fileLeft!)
    link.fileLeft! -= part.length
    if (!link.isLettingBy) this.emit({ kind: 'file', link: link.id, state: 'bytes', bytes: part })
    if (link.fileLeft === 0) this.fileEnds(link, true)
    return at + part.length
  }

  private fileEnds(link: LineLink, whole: boolean): void {
    link.fileLeft = null
    if (!link.isLettingBy) this.emit({ kind: 'file', link: link.id, state: 'ends', whole })
  }

  private end(link: LineLink, reason: string): void {
    this.emit({ kind: 'hang-up', link: link.id, abort: true })
    this.troubleAgain('line-fault', `${this.nameOf(link)} was hung up on: it ${reason}.`, reason)
    this.forget(link, reason)
  }

  protected forget(link: LineLink, reason: string): void {
    if (link.fileLeft !== null) this.fileEnds(link, false)
    this.links.delete(link.id)
    this.cancel(link.timer)
    this.tell(link, 'down', reason)
    if (link.wanted !== null) this.retry(link.wanted, reason)
  }

  private nameOf({ remote }: LineLink): string {
    return `The line peer at ${formatAddress(remote)}`
  }

  private tell(link: LineLink, state: 'up' | 'down', reason: string): void {
    const { id, name, remote: address, wanted } = link
    this.emit({ kind: 'peer', state, id: String(id), name, address, dialled: wanted !== null, link: id, reason })
  }
}
