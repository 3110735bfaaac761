import type { FileEvent } from '../app/events.ts'
import { formatBytes } from '../base/quantity.ts'
import { cleanLine } from '../base/text.ts'

const NAME_CHARS_MAX = 24

const BAR_COLUMNS = 8
/** Where a bar cannot be drawn again and again. */
const TOLD_EVERY_MS = 10_000

type Coming = Pick<FileEvent, 'name' | 'size' | 'done' | 'bytesPerSecond' | 'left' | 'holders'>

/** What comes in, and what is read to be offered, in a few words: as long as a file is under way, and no longer. */
export class FileProgress {
  private readonly coming = new Map<string, Coming>()
  private readonly reading = new Map<string, Coming>()

  hear(event: FileEvent): void {
    const { id, state, self, size, done } = event
    if (state === 'reading') {
      if (done >= size) this.reading.delete(id)
      else this.reading.set(id, event)
      return
    }
    if (self || (state !== 'progress' && state !== 'accepted')) this.coming.delete(id)
    else this.coming.set(id, event)
  }

  /** `↓ photo.jpg 42%, 5 s`, `↓ 3 files 42%`, `reading plan.iso 34%`; empty where nothing comes and nothing is read. */
  get words(): string {
    return this.both((mark, files) => {
      const { what, share, left } = summed(files)
      const time = files.length === 1 ? left : ''
      return `${mark} ${what} ${share}${time === '' ? '' : `, ${time}`}`
    })
  }

  /** `↓ photo.jpg ███░░░░░ 42%, 12 MB/s, 5 s, from 2`; empty as above. */
  get line(): string {
    return this.both((mark, files) => {
      const { what, part, share, rate, left, holders } = summed(files)
      const full = Math.round(part * BAR_COLUMNS)
      const shown = `${mark} ${what} ${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)} ${share}`
      const many = holders > 1 ? `from ${holders}` : ''
      return [shown, rate === 0 ? '' : `${formatBytes(rate)}/s`, left, many].filter((word) => word !== '').join(', ')
    })
  }

  private both(told: (mark: string, files: readonly Coming[]) => string): string {
    const kinds = [['reading', this.reading] as const, ['↓', this.coming] as const]
    return kinds.flatMap(([mark, files]) => (files.size === 0 ? [] : [told(mark, [...files.values()])])).join('; ')
  }
}

/** How far files have come that nobody can see a bar of: a line for each now and then. */
export class SparseProgress {
  private readonly toldAtMs = new Map<string, number>()

  /** A line, or null where it is too early for another. */
  hear(event: FileEvent, nowMs: number): string | null {
    const { id, name, state, size, done, bytesPerSecond, left } = event
    const isMoving = state === 'progress' || (state === 'reading' && done < size)
    const lastMs = this.toldAtMs.get(id) ?? nowMs
    if (!isMoving) this.toldAtMs.delete(id)
    else if (nowMs - lastMs < TOLD_EVERY_MS) this.toldAtMs.set(id, lastMs)
    if (!isMoving || nowMs - lastMs < TOLD_EVERY_MS) return null
    this.toldAtMs.set(id, nowMs)
    const rate = bytesPerSecond === 0 ? '' : `${formatBytes(bytesPerSecond)}/s`
    const shown = `${state === 'reading' ? 'reading ' : ''}${cleanLine(name)} ${shareText(done, size)}`
    return [shown, rate, leftText(left)].filter((word) => word !== '').join(', ')
  }
}

/** Several together, the first one by its name where it is alone. */
function summed(files: readonly Coming[]) {
  const sum = (of: (each: Coming) => number): number => files.reduce((total, each) => total + of(each), 0)
  const done = sum((each) => each.done)
  const size = sum((each) => each.size)
  const rate = sum((each) => each.bytesPerSecond)
  const left = files.length === 1 ? files[0]!.left : rate === 0 ? undefined : (size - done) / rate
  return {
    what: files.length === 1 ? shortened(cleanLine(files[0]!.name)) : `${files.length} files`,
    part: size === 0 ? 1 : Math.min(1, done / size),
    share: shareText(done, size),
    rate,
    left: leftText(left),
    holders: Math.max(...files.map((each) => each.holders)),
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
