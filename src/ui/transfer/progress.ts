import { plural } from '../../app/commands/views.ts'
import type { FileEvent } from '../../app/events.ts'
import { formatBytes } from '../../base/quantity.ts'
import { cleanLine } from '../../base/text.ts'
import { leftText, shareText } from '../file-progress.ts'

const BAR_COLUMNS = 20
const NAME_CHARS_MAX = 32

/** A file as it stands: what is here of it, or has been given. */
export interface Moving extends Pick<FileEvent, 'name' | 'size' | 'bytesPerSecond' | 'holders'> {
  readonly done: number
  readonly left?: number
}

/** `photo.jpg  ████████░░░░░░░░░░░░  42%  12 MB/s  7 s  from 2`; of several, all of them together. */
export function progressText(files: readonly Moving[], doing = ''): string {
  const sum = (of: (file: Moving) => number): number => files.reduce((total, file) => total + of(file), 0)
  const done = sum((file) => Math.min(file.done, file.size))
  const size = sum((file) => file.size)
  const rate = sum(({ bytesPerSecond }) => bytesPerSecond)
  const what = files.length === 1 ? shortened(cleanLine(files[0]!.name)) : `${files.length} files`
  const full = Math.round((size === 0 ? 1 : done / size) * BAR_COLUMNS)
  const holders = Math.max(0, ...files.map((file) => file.holders))
  return [
    `${doing}${what}`,
    '█'.repeat(full) + '░'.repeat(BAR_COLUMNS - full),
    shareText(done, size),
    rate === 0 ? '' : `${formatBytes(rate)}/s`,
    rate === 0 ? '' : leftText((size - done) / rate),
    holders > 0 ? `from ${holders}` : '',
  ]
    .filter((part) => part !== '')
    .join('  ')
}

/** `photo.jpg (3.0 MB)`, `tree (12 files, 3.0 MB)` */
export function fileText({ name, size, files }: Pick<FileEvent, 'name' | 'size' | 'files'>): string {
  return `${cleanLine(name)} (${files === undefined ? '' : `${plural(files, 'file', 'files')}, `}${formatBytes(size)})`
}

function shortened(name: string): string {
  const chars = Array.from(name)
  return chars.length <= NAME_CHARS_MAX ? name : `${chars.slice(0, NAME_CHARS_MAX - 1).join('')}…`
}
