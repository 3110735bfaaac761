import { pathLine } from '../../app/commands/views.ts'
import type { FolderPath } from '../../app/files/files-chat.ts'
import type { StatusLine } from './status-line.ts'

export interface Person {
  /** What was typed; null where nothing will be. */
  line(): Promise<string | null>
}

/** Whether somebody wants what is offered. Of a folder all that is in it can be seen before the answer: the first of it at once, the rest page by page or whole. */
export class Question {
  private shown = 0

  /** `offered`: who offers what, as a sentence. */
  constructor(
    private readonly line: StatusLine,
    private readonly person: Person,
    private readonly offered: string,
  ) {}

  /** False also where nobody answers. */
  async ask(paths: readonly FolderPath[]): Promise<boolean> {
    this.list(paths, this.line.listRows)
    for (;;) {
      const isMore = this.shown < paths.length
      this.line.ask(`${this.offered} Take it? ${isMore ? '[Y/n, m: more of the list, l: all of it]' : '[Y/n]'}`)
      const answer = (await this.person.line())?.trim().toLowerCase()
      if (answer === undefined) return false
      // Also of one that has been listed to its end: it may have been scrolled away.
      if (paths.length === 0 || !/^[ml]/.test(answer)) return /^(y(es)?)?$/.test(answer)
      if (!isMore) this.shown = 0
      this.list(paths, answer.startsWith('l') ? paths.length : this.line.listRows)
    }
  }

  private list(paths: readonly FolderPath[], count: number): void {
    const end = this.shown + count
    this.line.list(paths.slice(this.shown, end).map(pathLine))
    this.shown = Math.min(end, paths.length)
    const more = paths.length - this.shown
    if (more > 0) this.line.list([`… and ${more} more`])
  }
}
