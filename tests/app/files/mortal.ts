import type { PlannedEntry } from '../../../src/core/transfer/folder.ts'
import type { ResumeHeader } from '../../../src/core/transfer/resume.ts'
import type { FilesFault, Target } from '../../../src/ports/files.ts'
import { MemoryFiles } from '../../ports/memory-files.ts'

const NEVER = new Promise<never>(() => {})

/** The life of a process: it ends just before or just after a certain one of its writes, and nothing that it does then comes to anything. */
export class Life {
  writes = 0
  isOver = false
  /** Resolves when it ends. */
  readonly end: Promise<void>
  private ended = (): void => {}

  constructor(
    private readonly last = Number.POSITIVE_INFINITY,
    private readonly isDone = true,
  ) {
    this.end = new Promise((resolve) => {
      this.ended = resolve
    })
  }

  /** Writes something, unless it is over. */
  write<T>(act: () => T): T | Promise<never> {
    if (this.isOver) return NEVER
    this.writes++
    if (this.writes < this.last) return act()
    if (this.isDone) act()
    this.isOver = true
    this.ended()
    return NEVER
  }

  /** Something that is kept from run to run, as this one writes it. */
  kept<T>(disk: { list: T[] }): { list: T[] } {
    const write = (list: T[]): void =>
      void this.write(() => {
        disk.list = list
      })
    return {
      get list() {
        return disk.list
      },
      set list(list) {
        write(list)
      },
    }
  }
}

/** Files in memory that outlive those who write them. */
export class LastingFiles extends MemoryFiles {
  /** Of whoever begins something from now on. */
  life = new Life()

  override async create(
    folder: string,
    header: ResumeHeader,
    entries: readonly PlannedEntry[] | null,
  ): Promise<Target> {
    const { life } = this
    return mortal(life, await life.write(() => super.create(folder, header, entries)))
  }

  override async resume(
    folder: string,
    name: string,
    plan: (header: ResumeHeader, manifest: Uint8Array) => readonly PlannedEntry[] | null,
  ): Promise<Target | FilesFault> {
    const target = await super.resume(folder, name, plan)
    return target.ok ? mortal(this.life, target) : target
  }
}

function mortal(life: Life, target: Target): Target {
  return {
    ...target,
    write: (at, bytes) => Promise.resolve(life.write(() => target.write(at, bytes))),
    record: (from, bytes) => Promise.resolve(life.write(() => target.record(from, bytes))),
    keepPage: (number, bytes) => Promise.resolve(life.write(() => target.keepPage(number, bytes))),
    finish: () => Promise.resolve(life.write(() => target.finish())),
    settle: () => Promise.resolve(life.write(() => target.settle())),
    discard: () => Promise.resolve(life.write(() => target.discard())),
  }
}
