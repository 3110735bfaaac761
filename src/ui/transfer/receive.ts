import { plural } from '../../app/commands/views.ts'
import type { AppEvent, FileEvent } from '../../app/events.ts'
import { ExitStatus } from '../../app/exit.ts'
import type { ReceiveAsked } from '../../app/options-transfer.ts'
import { cleanLine } from '../../base/text.ts'
import { advisesCommand } from './advice.ts'
import { fileText, progressText } from './progress.ts'
import { type Person, Question } from './question.ts'
import { Transfer, type TransferOptions } from './transfer.ts'

export interface ReceiveOptions extends TransferOptions {
  readonly asked: ReceiveAsked
  /** Where the path of what has come is written, one a line; null where the bytes themselves go there. */
  readonly paths: { write(text: string): unknown } | null
  /** A person, to be asked; null: nobody is. */
  readonly person: Person | null
}

/** What waited in the room for us comes all at once: so long it is waited for, the newest of it is meant. */
const SETTLE_MS = 300
/** Offered by one person within this time: all of one `hearsay send`. */
const TOGETHER_MS = 10_000
/** How long whoever gave it is waited for, so that he learns that it is here, when everything is. */
const LINGER_MS = 2_500
/** People of whom it is counted how much does not fit: one of them will be meant, and the others need not be there. */
const CROWDED_PEOPLE_MAX = 64

/** `hearsay receive`: takes the newest offer, and is over when it is here. Resolves with the exit status. */
export function runReceive(options: ReceiveOptions): Promise<number> {
  return new Receive(options).over
}

class Receive extends Transfer {
  /** Offers that have not been decided about, newest last. */
  private readonly open = new Map<string, FileEvent>()
  private readonly taken = new Map<string, FileEvent>()
  /** Begun by an earlier run that was ended, and going on: taken by whoever receives it again. */
  private readonly unfinished = new Map<string, FileEvent>()
  /** Those of them that have been gone on with. */
  private readonly resumed = new Set<string>()
  private readonly done = new Set<string>()
  /** Those that the person does not want. */
  private readonly declined = new Set<string>()
  /** Those that their giver does not have any more. */
  private readonly stale = new Set<string>()
  /** How many offers there was no room for, of each person by id. */
  private readonly crowded = new Map<string, number>()
  /** Names under which the same was offered as is taken: it comes once. */
  private readonly doubles = new Set<string>()
  private first: FileEvent | null = null
  /** Since when something is there that is meant. */
  private firstSeenMs: number | null = null
  /** When something came, or was offered with it. */
  private lastNewsMs = 0
  /** Why the last that was turned from could not be had. */
  private notThere = ''
  private isAsking = false
  private isWaiting = false

  constructor(private readonly options: ReceiveOptions) {
    super(options, options.asked.waitMs)
  }

  protected file(event: FileEvent): void {
    const { id, self } = event
    if (self || this.stale.has(id) || this.done.has(id)) return
    if (!this.taken.has(id)) {
      this.untaken(event)
      return
    }
    this.under(event)
  }

  private untaken(event: FileEvent): void {
    const { id, state, reason = '' } = event
    if (state === 'withdrawn' || state === 'failed') {
      this.open.delete(id)
      this.unfinished.delete(id)
    }
    if (event.trouble === 'crowded') return this.countCrowded(event)
    // Nobody will be asked about it: its giver may wait for us, and we for him.
    if (state === 'failed' && this.isMeant(event)) this.line.tell(cleanLine(reason))
    const isUnderWay = state === 'accepted' || state === 'progress' || state === 'waiting' || state === 'done'
    const isBegun = isUnderWay && this.options.paths !== null
    if (state !== 'offered' && !isBegun) return
    this.open.delete(id)
    this.unfinished.delete(id)
    const now = isBegun ? this.unfinished : this.open
    now.set(id, event)
    if (this.first === null) this.isSettled()
    else if (event.from.id === this.first.from.id) this.lastNewsMs = this.nowMs()
  }

  protected people(event: AppEvent): void {
    const hasLeft =
      (event.event === 'member' && event.state === 'left') || (event.event === 'peer' && event.state === 'down')
    if (hasLeft && event.id === this.first?.from.id && this.isWhole && !this.isMoreToCome) this.allHere()
  }

  protected override tick(): void {
    // However long somebody thinks about it.
    if (this.isAsking) return this.moved()
    if (this.isWhole && this.nowMs() - this.lastNewsMs >= LINGER_MS && !this.isMoreToCome) return this.allHere()
    if (this.first === null && !this.isSettled()) {
      const { notThere } = this
      const what = notThere === '' ? 'Waiting for an offer …' : `${notThere} Waiting for another offer …`
      return this.isWaiting ? undefined : this.awaiting(what)
    }
    void this.choose()
  }

  protected inVain(seconds: number): string {
    if (this.taken.size + this.resumed.size === 0) {
      if (this.notThere !== '') return `${this.notThere} Nothing else has been offered in ${seconds} s.`
      return `Nothing has been offered in ${seconds} s.`
    }
    return `Nothing has moved for ${seconds} s. ${this.kept()}`
  }

  protected async leave(isDone: boolean): Promise<void> {
    const isBegun = [...this.taken.values()].some(({ id, done }) => done > 0 && !this.done.has(id))
    if (!isDone && (isBegun || this.resumed.size > 0) && this.options.paths !== null) this.line.tell(this.kept())
  }

  /** All that could be listed has come. */
  private allHere(): void {
    const { from } = this.first!
    const count = this.crowded.get(from.id) ?? 0
    if (count === 0) return this.doubles.size === 0 ? this.succeed() : this.fail(this.notTwice())
    const name = cleanLine(from.name)
    const files = plural(count, 'more file that', 'more files that')
    this.fail(
      `${files} ${name} offers did not come: too many were offered at once. Ask ${name} to send the rest again.`,
    )
  }

  private notTwice(): string {
    const [one, ...others] = this.doubles
    const names = others.length === 0 ? cleanLine(one!) : `${cleanLine(one!)} and ${others.length} more`
    return `All content is here, but not under every name: ${names} would be the same again, which comes once. Make a copy where it is needed.`
  }

  private countCrowded({ from: { id } }: FileEvent): void {
    if (!this.crowded.has(id) && this.crowded.size >= CROWDED_PEOPLE_MAX && id !== this.first?.from.id) return
    this.crowded.set(id, (this.crowded.get(id) ?? 0) + 1)
  }

  /** What may be taken, or gone on with: all but what sleeps. */
  private get meanable(): FileEvent[] {
    return [...this.open.values(), ...this.unfinished.values()].filter(({ trouble }) => trouble !== 'absent')
  }

  private get isWhole(): boolean {
    return this.done.size > 0 && this.done.size === this.taken.size && !this.isAsking
  }

  /** Offered together with what is here, by somebody who is still there: a folder of which it is not known yet what is in it. */
  private get isMoreToCome(): boolean {
    const here = this.here
    return this.chat.files.list().some((file) => {
      const { id, state, self, from, trouble } = file
      const isDecided = this.taken.has(id) || this.declined.has(id) || this.stale.has(id) || trouble === 'absent'
      return state === 'offered' && !self && !isDecided && this.isMeant(file, here) && here.has(from.id)
    })
  }

  /** What came is not lost. */
  private kept(): string {
    return this.options.paths === null
      ? 'What came was verified, and is not all of it.'
      : 'What came is kept as .part: receive it again to go on.'
  }

  /** Something that is meant has been there for long enough. */
  private isSettled(): boolean {
    const here = this.here
    const isAny = this.meanable.some((event) => this.isMeant(event, here))
    this.firstSeenMs = isAny ? (this.firstSeenMs ?? this.nowMs()) : null
    return this.firstSeenMs !== null && this.nowMs() - this.firstSeenMs >= SETTLE_MS
  }

  /** Takes the newest that is offered by somebody who is there, and what belongs to it. */
  private async choose(): Promise<void> {
    if (this.isAsking) return
    let { here } = this
    for (const { id } of this.meanable.sort((a, b) => (b.at ?? 0) - (a.at ?? 0))) {
      // Somebody may have thought about the one before for long.
      const event = this.open.get(id) ?? this.unfinished.get(id)
      if (event === undefined || this.isOver || !this.isMeant(event, here)) continue
      this.open.delete(id)
      if (this.unfinished.delete(id)) this.goOn(event)
      else {
        await this.take(event)
        if (this.options.person !== null) here = this.here
      }
    }
    const isNone = this.declined.size > 0 && this.taken.size + this.resumed.size === 0
    if (isNone && !this.isMoreToCome) this.end(ExitStatus.failed)
  }

  private isMeant({ from, state, at = 0 }: Omit<FileEvent, 'event'>, here = this.here): boolean {
    const { asked } = this.options
    if (this.first !== null) return from.id === this.first.from.id && Math.abs(at - (this.first.at ?? 0)) <= TOGETHER_MS
    if (asked.from !== null && this.chat.whoIs(asked.from)?.id !== from.id) return false
    return state === 'done' || here.has(from.id)
  }

  private get here(): ReadonlySet<string> {
    const { chat } = this
    const rooms = chat.rooms().flatMap(({ room }) => chat.users(room))
    return new Set([...rooms, ...chat.peers(), ...chat.others()].map(({ id }) => id))
  }

  private async take(event: FileEvent): Promise<void> {
    const { files } = this.chat
    const { number } = event
    const isWanted = await this.isWanted(event)
    // What is offered with one that is not wanted is asked about as well.
    this.first ??= event
    if (!isWanted) {
      this.declined.add(event.id)
      await files.decline(String(number))
      return
    }
    if (this.isOver) return
    this.moved()
    this.taken.set(event.id, event)
    const accepted = await files.accept(String(number))
    if (accepted.ok) return
    if (accepted.code !== 'on-its-way') return this.fail(accepted.message)
    // Offered anew, while what came of it goes on under the offer before.
    this.stale.add(event.id)
    this.taken.delete(event.id)
    const before = [...this.unfinished.values()].find(({ name, size }) => name === event.name && size === event.size)
    const alike = [...this.taken.values(), ...this.unfinished.values()].filter(({ size }) => size === event.size)
    if (alike.length > 0 && !alike.some(({ name }) => name === event.name)) this.doubles.add(event.name)
    if (before !== undefined && this.unfinished.delete(before.id)) this.goOn(before)
    else if (this.taken.size === 0) this.first = null
  }

  /** Nobody is asked: that was done when it was begun. */
  private goOn(event: FileEvent): void {
    this.moved()
    this.resumed.add(event.id)
    // Its giver has offered it anew, and is being asked.
    if (event.trouble === 'absent') {
      this.unfinished.set(event.id, event)
      if (this.taken.size === 0) this.first = null
      return
    }
    this.first ??= event
    this.taken.set(event.id, event)
    this.under(event)
  }

  private async isWanted(event: FileEvent): Promise<boolean> {
    const { person } = this.options
    if (person === null) return true
    this.isAsking = true
    const inside = await this.chat.files.paths(String(event.number))
    if (!inside.ok) this.line.tell(inside.message)
    // Of an offer from before the name may have been told since, and what is in it only now.
    const from = this.chat.whoIs(event.from.id) ?? event.from
    const offered = fileText(inside.ok ? { ...event, ...inside.file } : event)
    const question = new Question(this.line, person, `${cleanLine(from.name)} offers ${offered}.`)
    const isWanted = await question.ask(inside.ok ? inside.paths : [])
    this.open.delete(event.id)
    this.isAsking = false
    return isWanted
  }

  /** One that we take. */
  private under(event: FileEvent): void {
    const { id, state, done, trouble, reason = '' } = event
    const before = this.taken.get(id)!
    if (done > before.done || before.state === 'offered') this.moved()
    this.taken.set(id, event)
    if (state === 'done') return this.arrived(event)
    if (state === 'failed') return this.fail(this.withNext(reason, done))
    if (state === 'withdrawn') return this.lost(event)
    if (state === 'waiting') {
      if (trouble === 'absent') return this.missed(event)
      if (trouble === 'withdrawn' || trouble === 'gone' || trouble === 'changed') return this.lost(event)
      if (trouble === 'full' || trouble === 'disk' || trouble === 'lying') return this.fail(this.withNext(reason, done))
      // Its turn has not come: others are on their way.
      if (trouble === undefined) return
      if (!this.isWaiting) this.line.tell(reason)
    }
    this.isWaiting = state === 'waiting'
    if (this.isWaiting) this.awaiting(cleanLine(reason))
    else this.show(this.line.isShown ? this.progress() : '')
  }

  /** Why it does not come, and what to do next, where the reason does not say that itself. */
  private withNext(reason: string, done: number): string {
    if (done > 0) return `${cleanLine(reason)} ${this.kept()}`
    return advisesCommand(reason) ? `${cleanLine(reason)} To try again, receive it again.` : cleanLine(reason)
  }

  private arrived(event: FileEvent): void {
    const { id, path = '' } = event
    this.done.add(id)
    this.resumed.delete(id)
    this.lastNewsMs = this.nowMs()
    const { paths } = this.options
    this.line.tell(`${fileText(event)} of ${cleanLine(event.from.name)} is here, verified.`)
    // On the same terminal the path would stand behind the bar.
    this.line.clear()
    paths?.write(`${path}\n`)
  }

  /**
   * Its giver does not have it, or not yet: whoever has just started to send it again reads it first. What an earlier run began sleeps until somebody has it,
   * and another offer may be meant.
   */
  private missed(event: FileEvent): void {
    const { id, done, from } = event
    const isResumed = this.resumed.has(id)
    if (!isResumed && done === 0) return this.turnFrom(event)
    const reason = `${cleanLine(from.name)} does not have ${fileText(event)} now: it goes on when it is sent again.`
    if (!this.isWaiting) this.line.tell(reason)
    this.isWaiting = true
    this.awaiting(reason)
    if (!isResumed) return
    this.taken.delete(id)
    this.unfinished.set(id, event)
    if (this.taken.size === 0) this.first = null
  }

  /** An old offer: the one before it may be meant. */
  private turnFrom({ id, number, reason = '' }: FileEvent): void {
    this.notThere = cleanLine(reason)
    this.stale.add(id)
    this.taken.delete(id)
    if (this.taken.size === 0) this.first = null
    void this.chat.files.cancel(String(number))
  }

  /** Its giver does not have it any more. Before anything came it was an old offer: the next one is meant. */
  private lost(event: FileEvent): void {
    const { id, done, from, trouble } = event
    if (done === 0 && trouble === 'gone' && !this.resumed.has(id)) return this.turnFrom(event)
    const who = cleanLine(from.name)
    const why = trouble === 'changed' ? 'has been changed where it came from' : `has been taken back by ${who}`
    this.fail(`${fileText(event)} ${why}. ${this.kept()}`)
  }

  private progress(): string {
    return progressText([...this.taken.values()])
  }
}
