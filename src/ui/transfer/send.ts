import { plural } from '../../app/commands/views.ts'
import type { AppEvent, FileEvent, Person } from '../../app/events.ts'
import type { FileState } from '../../app/files/files-chat.ts'
import type { SendAsked } from '../../app/options-transfer.ts'
import { cleanLine } from '../../base/text.ts'
import { advisesCommand } from './advice.ts'
import { fileText, type Moving, progressText } from './progress.ts'
import { Transfer, type TransferOptions } from './transfer.ts'

export interface SendOptions extends TransferOptions {
  readonly asked: SendAsked
  /** Those of `asked`, with a file in the place of standard input. */
  readonly paths: readonly string[]
}

/** `hearsay send`: offers, and is over when as many as are wanted have all of it. Resolves with the exit status. */
export function runSend(options: SendOptions): Promise<number> {
  return new Send(options).over
}

class Send extends Transfer {
  private readonly asked: SendAsked
  private readonly paths: readonly string[]
  private readonly reading = new Map<string, Moving>()
  private readonly offered = new Map<string, FileState>()
  private readonly told = new Set<string>()
  private isLookedFor = false
  /** Resolves when somebody has come who may be the one that is looked for. */
  private came: () => void = () => {}

  constructor(options: SendOptions) {
    super(options, options.asked.waitMs)
    this.asked = options.asked
    this.paths = options.paths
  }

  protected override begun(): void {
    void this.offer()
  }

  private async offer(): Promise<void> {
    const { to } = this.asked
    // The rooms are joined before anything else happens.
    await Promise.resolve()
    for (;;) {
      const somebody = new Promise<void>((resolve) => {
        this.came = resolve
      })
      const sent = await this.chat.files.sendAll(this.paths, to)
      if (this.isOver) return
      if (sent.ok) return this.watch(sent.files)
      if (sent.code !== 'no-such-peer') return this.fail(sent.message)
      this.isLookedFor = true
      this.show(`Waiting for ${cleanLine(to ?? '')} …`)
      await somebody
    }
  }

  protected file(event: FileEvent): void {
    if (!event.self) return
    const { id, state } = event
    if (state === 'reading') {
      if (event.done >= event.size) this.reading.delete(id)
      else this.reading.set(id, event)
      this.moved()
      if (this.reading.size > 0) this.show(progressText([...this.reading.values()], 'reading '))
      return
    }
    const before = this.offered.get(id)
    if (before === undefined) return
    if (event.given !== before.given || event.taken?.length !== before.taken?.length) this.moved()
    this.offered.set(id, event)
    this.settle(event)
  }

  protected people(event: AppEvent): void {
    if (event.event !== 'peer' && event.event !== 'member') return
    this.came()
    if (event.state === 'left' || event.state === 'down') this.left(event)
  }

  /** Whoever has some of it and leaves may think that this is all. */
  private left({ id, name }: Person): void {
    const files = [...this.offered.values()]
    const has = files.filter(({ taken = [] }) => taken.some((person) => person.id === id)).length
    const key = `left ${id} ${has}`
    if (has === 0 || has === files.length || this.told.has(key)) return
    this.told.add(key)
    const next = 'The rest is still offered: it can be received again.'
    this.line.note(`${cleanLine(name)} has left with ${has} of ${plural(files.length, 'file', 'files')}. ${next}`)
  }

  protected override tick(): void {
    if (this.offered.size > 0 && this.line.isShown) this.showProgress()
  }

  protected inVain(seconds: number): string {
    if (this.isLookedFor && this.offered.size === 0) return `${this.asked.to} has not come in ${seconds} s.`
    const isBegun = [...this.offered.values()].some(({ given = 0 }) => given > 0)
    return isBegun ? `Nothing has moved for ${seconds} s.` : `Nobody has come to take it in ${seconds} s.`
  }

  protected async leave(isDone: boolean): Promise<void> {
    this.came()
    if (isDone) return
    // Whoever waits for it learns that it does not come.
    for (const { number, state } of this.offered.values()) {
      if (state === 'offering') await this.chat.files.cancel(String(number))
    }
  }

  private watch(files: readonly FileState[]): void {
    // What was told of them meanwhile is newer.
    const newest = new Map(this.chat.files.list().map((file) => [file.id, file]))
    for (const file of files) {
      this.offered.set(file.id, newest.get(file.id) ?? file)
      this.line.tell(`${fileText(file)} is offered ${this.where(file.room)}.`)
    }
    this.line.tell(`To take it: hearsay receive${this.how()}`)
    this.moved()
    for (const file of this.offered.values()) if (!this.isOver) this.settle(file)
  }

  private where(room: string): string {
    return room.startsWith('@') ? `to ${this.asked.to}` : `in ${room}`
  }

  private how(): string {
    const { to } = this.asked
    const address = this.ready === null ? '' : ` --connect ${this.address(this.ready.tcp)}`
    const room = this.chat.currentRoom()
    return `${address}${to?.startsWith('@') || room === null || room === 'general' ? '' : ` --room ${room}`}`
  }

  private address({ host, port }: { readonly host: string; readonly port: number }): string {
    if (/^(0\.0\.0\.0|::)$/.test(host)) return `<this machine>:${port}`
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  }

  /** Tells what is new of one of them, and ends when nothing is left to wait for. */
  private settle(file: FileState): void {
    const { taken = [], refused = [], state, reason = '' } = file
    for (const person of taken) this.once(file, person, `${cleanLine(person.name)} has ${fileText(file)}, verified.`)
    if (state === 'failed') {
      const next = reason === '' || advisesCommand(reason) ? ' Send it again.' : ''
      return this.fail(`${reason === '' ? `${fileText(file)} could not be given.` : reason}${next}`)
    }
    if (this.isOpen(file) || [...this.offered.values()].some((each) => this.isOpen(each))) {
      for (const person of refused) this.once(file, person, this.unwanted(file, person))
      return
    }
    const lacking = [...this.offered.values()].filter(({ taken = [] }) => taken.length < this.asked.takers)
    const [first] = lacking
    if (first === undefined) return this.succeed()
    const more = lacking.length === 1 ? '' : ` Nor ${plural(lacking.length - 1, 'other file', 'other files')}.`
    const words = this.unwanted(first, first.refused!.at(-1)!)
    this.fail(`${words}${more} Ask, and send it again if that changes.`)
  }

  private unwanted(file: FileState, { name }: Person): string {
    return `${cleanLine(name)} does not want ${fileText(file)}.`
  }

  /** Somebody may take it still. */
  private isOpen(file: FileState): boolean {
    const { taken = [], refused = [] } = file
    return taken.length < this.asked.takers && (refused.length === 0 || this.isAnybodyLeft(file))
  }

  /** Somebody is there who has not said anything yet. */
  private isAnybodyLeft({ room, taken = [], refused = [] }: FileState): boolean {
    if (room.startsWith('@')) return false
    const decided = new Set([...taken, ...refused].map(({ id }) => id))
    return this.chat.users(room).some(({ id, self }) => !self && !decided.has(id))
  }

  private once({ id }: FileState, { id: who }: Person, text: string): void {
    const key = `${id} ${who}`
    if (this.told.has(key)) return
    this.told.add(key)
    this.line.tell(text)
  }

  private showProgress(): void {
    const open = [...this.offered.values()].filter(({ taken = [] }) => taken.length < this.asked.takers)
    const files = open.map((file) => ({ ...file, done: Math.min(file.size, file.given ?? 0), holders: 0 }))
    const isBegun = files.some(({ done }) => done > 0)
    this.show(isBegun ? progressText(files) : 'Waiting for somebody to take it …')
  }
}
