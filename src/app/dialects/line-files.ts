import { formatBytes } from '../../base/quantity.ts'
import type { AcceptPolicy } from '../../core/transfer/offers.ts'
import type { FileTelling } from '../../dialects/outputs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Fault, Outcome } from '../chat.ts'
import type { FileEvent, Person } from '../events.ts'
import type { FileState } from '../files/files-chat.ts'
import { IncomingFile } from './incoming.ts'

/** Their program sends without asking: until somebody has answered here, what comes is held in memory, so much of one and of all. */
export const HELD_BYTES_MAX = 25_000_000
const HELD_BYTES_MAX_OF_ALL = 64_000_000
/** Nobody will. */
const ANSWER_MS_MAX = 600_000
/** Listed at a time, those that have ended too. */
const LISTED_MAX = 64
/** Above what offers of our own kind are numbered by in any run. */
const FIRST_NUMBER = 1_001

export type FileFate = 'taken' | 'asked' | 'refused'

export interface LineFilesOptions {
  readonly policy: AcceptPolicy
  readonly clock: Clock
  /** Where files go that are taken. */
  readonly folder: string
  /** The room that is bridged. */
  readonly room: string
  /** Who is at the other end of a link. */
  personOf(link: number): Person
  /** Whether somebody, by the id, is not to be heard. */
  isIgnored(id: string): boolean
  /** Offers what stands at a path to the room that is bridged; answers null, or why not. */
  offer(path: string): Promise<string | null>
  /** Tells the room what a peer sends, and what becomes of it. */
  announce(link: number, name: string, size: number, fate: FileFate): void
  emit(event: FileEvent): void
  log(code: string, message: string): void
}

interface Sent {
  readonly number: number
  readonly link: number
  readonly from: Person
  readonly file: IncomingFile
  state: FileState['state']
  here: number
  path: string
  reason: string
  cancelTimer(): void
}

/** Files that peers of the line program send: once they are taken here, they are in the download folder, and offered to the room as ours. */
export class LineFiles {
  /** Of each link the one that is coming. */
  private readonly coming = new Map<number, Sent>()
  private all: Sent[] = []
  private nextNumber = FIRST_NUMBER

  constructor(private readonly options: LineFilesOptions) {}

  list(): FileState[] {
    return this.all.map((sent) => this.view(sent))
  }

  hear(output: FileTelling): void {
    const { link } = output
    if (output.state === 'begins') return this.begins(link, output.name, output.size)
    const sent = this.coming.get(link)
    if (sent === undefined || output.state === 'wanted') return
    if (output.state === 'bytes') {
      sent.here += output.bytes.length
      return this.guard(sent, () => sent.file.bytes(output.bytes))
    }
    this.coming.delete(link)
    sent.file.whole = output.whole
    if (!output.whole) {
      this.guard(sent, () => sent.file.discard())
      return this.end(sent, sent.file.state === 'asked' ? 'withdrawn' : 'failed', 'Its sender broke off.')
    }
    if (sent.file.state === 'accepted') this.finish(sent)
  }

  /** Null where none of these is meant, as none is that is not shown. `file`: a number or a name; empty where there is only one. */
  accept(file: string): Outcome<{ file: FileState }> | null {
    const sent = this.asked(file)
    if (sent === null) return null
    sent.cancelTimer()
    this.guard(sent, () => sent.file.accept(this.options.folder))
    if (sent.file.state !== 'accepted') return fault('not-written', sent.reason)
    this.tell(sent, 'accepted')
    if (sent.file.whole === true) this.finish(sent)
    return { ok: true, file: this.view(sent) }
  }

  decline(file: string): Outcome<{ file: FileState }> | null {
    const sent = this.asked(file)
    if (sent === null) return null
    this.end(sent, 'declined', '')
    return { ok: true, file: this.view(sent) }
  }

  /** Takes away what has not come whole. */
  stop(): void {
    for (const sent of this.all) {
      sent.cancelTimer()
      if (sent.file.whole !== true) sent.file.discard()
    }
    this.coming.clear()
    this.all = []
  }

  private begins(link: number, name: string, size: number): void {
    const { announce, clock } = this.options
    const file = new IncomingFile(name, size)
    const from = this.options.personOf(link)
    // Such a file cannot be answered later: it comes now or not at all.
    const fate = this.options.isIgnored(from.id) ? 'refused' : this.fateOf(size)
    announce(link, file.name, size, fate)
    if (fate === 'refused') return
    const none = { here: 0, path: '', reason: '', cancelTimer() {} }
    const sent: Sent = { number: this.nextNumber++, link, from, file, state: 'offered', ...none }
    this.remember(sent)
    this.coming.set(link, sent)
    if (fate === 'asked') {
      this.tell(sent, 'offered')
      const unanswered = `Nobody answered in ${ANSWER_MS_MAX / 60_000} minutes.`
      sent.cancelTimer = clock.timer(clock.nowMs() + ANSWER_MS_MAX, () => this.end(sent, 'declined', unanswered))
      return
    }
    this.guard(sent, () => file.accept(this.options.folder))
    if (file.state === 'accepted') this.tell(sent, 'accepted')
  }

  private fateOf(size: number): FileFate {
    const { mode, bytesMax } = this.options.policy
    if (mode === 'none') return 'refused'
    if (size <= (bytesMax ?? (mode === 'all' ? Number.POSITIVE_INFINITY : -1))) return 'taken'
    const held = this.all.reduce((sum, { file }) => sum + (file.state === 'asked' ? file.size : 0), 0)
    return size <= HELD_BYTES_MAX && held + size <= HELD_BYTES_MAX_OF_ALL ? 'asked' : 'refused'
  }

  private remember(sent: Sent): void {
    this.all.push(sent)
    if (this.all.length <= LISTED_MAX) return
    const oldest = this.all.find(({ link, file }) => file.state !== 'asked' && this.coming.get(link)?.file !== file)
    const victim = oldest ?? this.all[0]!
    if (victim.file.state === 'asked') this.end(victim, 'declined', 'Too many others came.')
    this.all = this.all.filter((each) => each !== victim)
  }

  private asked(file: string): Sent | null {
    const wanted = file.trim().replace(/^#/, '')
    const open = this.all.filter(({ file, from }) => file.state === 'asked' && !this.options.isIgnored(from.id))
    if (wanted === '') return open.length === 1 ? open[0]! : null
    return (
      open.findLast((each) => [String(each.number), `line:${each.number}`, each.file.name].includes(wanted)) ?? null
    )
  }

  private finish(sent: Sent): void {
    this.guard(sent, () => {
      sent.path = sent.file.finish() ?? ''
    })
    if (sent.path === '') return
    this.tell(sent, 'done')
    void this.options.offer(sent.path).then((why) => {
      if (why !== null) this.options.log('line-file', `${sent.file.name} could not be offered: ${why}`)
    })
  }

  private end(sent: Sent, state: FileState['state'], reason: string): void {
    sent.cancelTimer()
    sent.file.decline()
    sent.reason = reason
    this.tell(sent, state)
  }

  private tell(sent: Sent, state: FileState['state']): void {
    sent.state = state
    this.options.emit({ event: 'file', ...this.view(sent) })
  }

  private view({ number, from, file, state, here, path, reason }: Sent): FileState {
    const { room } = this.options
    const who = { id: `line:${number}`, number, state, room, from, self: false }
    const what = { name: file.name, size: file.size, done: here, bytesPerSecond: 0, holders: 1 }
    return { ...who, ...what, ...(path === '' ? {} : { path }), ...(reason === '' ? {} : { reason }) }
  }

  /** The disk may be full, or the folder nobody's to write to. */
  private guard(sent: Sent, act: () => void): void {
    try {
      act()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const message = `${sent.file.name} (${formatBytes(sent.file.size)}) cannot be written: ${why}`
      this.options.log('line-file', message)
      this.end(sent, 'failed', message)
    }
  }
}

function fault(code: string, message: string): Fault {
  return { ok: false, code, message }
}
