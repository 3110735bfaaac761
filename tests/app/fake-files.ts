import type { Outcome } from '../../src/app/chat.ts'
import type { FileState, FilesChat, FolderPath } from '../../src/app/files/files-chat.ts'

const NONE: Outcome<{ file: FileState }> = { ok: false, code: 'no-such-file', message: 'No file is like that.' }

/** Files with nobody behind them: whatever is asked is noted, and there is one. */
export class FakeFiles implements FilesChat {
  readonly files: FileState[] = []
  /** What is in each folder. */
  readonly inside: FolderPath[] = []
  /** Those whose content is on its way already, by the number of their offer. */
  readonly onItsWay = new Set<string>()

  constructor(private readonly asked: string[]) {}

  list(): readonly FileState[] {
    return this.files
  }

  async paths(file: string): Promise<Outcome<{ file: FileState; paths: readonly FolderPath[] }>> {
    const answer = this.answer(`paths ${file}`)
    return answer.ok ? { ...answer, paths: this.inside } : answer
  }

  async send(path: string, to: string | null): Promise<Outcome<{ file: FileState }>> {
    return this.answer(`send ${path} ${to}`)
  }

  async sendAll(paths: readonly string[], to: string | null): Promise<Outcome<{ files: readonly FileState[] }>> {
    this.asked.push(`send ${paths.join(' ')} ${to}`)
    return { ok: true, files: this.files }
  }

  async accept(file: string): Promise<Outcome<{ file: FileState }>> {
    if (!this.onItsWay.has(file)) return this.answer(`accept ${file}`)
    this.asked.push(`accept ${file}`)
    return { ok: false, code: 'on-its-way', message: 'The same is on its way already.' }
  }

  async decline(file: string): Promise<Outcome<{ file: FileState }>> {
    return this.answer(`decline ${file}`)
  }

  async cancel(file: string): Promise<Outcome<{ file: FileState }>> {
    return this.answer(`cancel ${file}`)
  }

  private answer(what: string): Outcome<{ file: FileState }> {
    this.asked.push(what)
    const [file] = this.files
    return file === undefined ? NONE : { ok: true, file }
  }
}
