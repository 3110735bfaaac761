import type { FileEvent } from '../app/events.ts'
import { cleanLine } from '../base/text.ts'

const NAME_CHARS_MAX = 24

type Coming = Pick<FileEvent, 'name' | 'size' | 'done' | 'bytesPerSecond' | 'left'>

/** What comes in, in a few words: as long as a file is under way, and no longer. */
export class FileProgress {
  private readonly coming = new Map<string, Coming>()

  hear({ id, state, self, name, size, done, bytesPerSecond, left }: FileEvent): void {
    if (self || (state !== 'progress' && state !== 'accepted')) this.coming.delete(id)
    else this.coming.set(id, { name, size, done, bytesPerSecond, ...(left === undefined ? {} : { left }) })
  }

  /** `↓ photo.jpg 42%, 5 s`, `↓ 3 files 42%`; empty where nothing comes. */
  get words(): string {
    const all = [...this.coming.values()]
    const [first] = all
    if (first === undefined) return ''
    const sum = (of: (each: Coming) => number): number => all.reduce((total, each) => total + of(each), 0)
    const here = sum(({ done }) => done)
    const share = shareText(
      here,
      sum(({ size }) => size),
    )
    if (all.length > 1) return `↓ ${all.length} files ${share}`
    return [`↓ ${shortened(cleanLine(first.name))} ${share}`, leftText(first.left)]
      .filter((part) => part !== '')
      .join(', ')
  }
}

/** In hundredths; everything is here only when it is. */
export function shareText(done: number, size: number): string {
  return `${size === 0 ? 100 : Math.min(100, Math.floor((100 * done) / size))}%`
}

/** `12 s`, `3 min`, `2 h`; empty where it cannot be told. */
export function leftText(seconds: number | undefined): string {
  if (seconds === undefined) return ''
  if (seconds < 100) return `${Math.max(1, Math.ceil(seconds))} s`
  return seconds < 6_000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}

function shortened(name: string): string {
  const chars = Array.from(name)
  return chars.length <= NAME_CHARS_MAX ? name : `${chars.slice(0, NAME_CHARS_MAX - 1).join('')}…`
}
