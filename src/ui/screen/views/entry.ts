import { formatBytes } from '../../../base/quantity.ts'
import { leftText, shareText } from '../../file-progress.ts'
import type { Entry, FileEntry, MessageEntry, NoteEntry } from '../model/entry.ts'
import { fit, widthOf } from '../text/glyphs.ts'
import { linked } from '../text/links.ts'
import { type Line, type Span, type Style, span } from '../text/styled.ts'
import { wrap } from '../text/wrap.ts'
import { clock, dayName, plural, sameDay } from './format.ts'
import type { Look } from './look.ts'

/** What surrounds an entry, as far as its rows depend on it. */
export interface Around {
  readonly before: Entry | null
  /** It is the first that was not read. */
  readonly isFirstUnread: boolean
  readonly width: number
  readonly look: Look
}

/** Messages of one person this close to each other are one group. */
const GROUP_MS = 5 * 60_000
/** Narrower talks have no column of names. */
const COLUMN_WIDTH_MIN = 60
const NAME_COLUMNS = 14
const TIME_COLUMNS = '12:34 '.length
const NARROW_INDENT = 2
/** A message has 16 KiB at most; what is longer than a screen of the largest kind is not read on one. */
const ROWS_MAX = 400
const QUOTED_COLUMNS_MAX = 60

const known = new WeakMap<Entry, { readonly key: string; readonly look: Look; readonly rows: readonly Line[] }>()

/** An entry as rows, day and unread lines before it included. Never empty. */
export function rowsOf(entry: Entry, around: Around): readonly Line[] {
  const { before, isFirstUnread, width, look } = around
  const isNewDay = before === null || !sameDay(before.at, entry.at)
  const isGrouped = !isNewDay && !isFirstUnread && before !== null && groups(before, entry)
  const key = `${width} ${isNewDay} ${isFirstUnread} ${isGrouped}`
  const had = known.get(entry)
  if (had?.key === key && had.look === look) return had.rows
  const rows = [
    ...(isNewDay ? [rule(dayName(entry.at), width, look.faint)] : []),
    ...(isFirstUnread ? [rule('new', width, look.unread)] : []),
    ...bodyOf(entry, width, look, isGrouped),
  ]
  known.set(entry, { key, look, rows })
  return rows
}

function groups(before: Entry, entry: Entry): boolean {
  if (before.kind !== 'message' || entry.kind !== 'message') return false
  if (before.how !== 'text' || entry.how !== 'text' || entry.answers !== null) return false
  return before.from.id === entry.from.id && before.from.name === entry.from.name && entry.at - before.at < GROUP_MS
}

function bodyOf(entry: Entry, width: number, look: Look, isGrouped: boolean): Line[] {
  if (entry.kind === 'note') return noteRows(entry, width, look)
  const isWide = width >= COLUMN_WIDTH_MIN
  const head = isWide ? wideHead(entry, look, isGrouped) : narrowHead(entry, look, isGrouped)
  const first = widthOf(head.map(({ text }) => text).join(''))
  const indent = isWide ? first : Math.min(first, isGrouped ? TIME_COLUMNS : NARROW_INDENT)
  const content =
    entry.kind === 'file' ? fileRows(entry, width - indent, look) : messageRows(entry, width - indent, look)
  const above = entry.kind === 'message' ? answerRow(entry, indent, width, look) : []
  if (isWide || isGrouped)
    return [...above, ...content.map((row, index) => [...(index === 0 ? head : blanks(first)), ...row])]
  return [...above, ...narrowRows(entry, head, first, indent, width, look, content)]
}

/** Like no other, so that it stays a span of its own. */
const STAND: Style = {}

/** Without a column of names, the text begins where the name ends, and goes on below it. */
function narrowRows(
  entry: MessageEntry | FileEntry,
  head: Line,
  first: number,
  indent: number,
  width: number,
  look: Look,
  content: readonly Line[],
): Line[] {
  if (entry.kind === 'file') return [head, ...content.map((row) => [...blanks(indent), ...row])]
  // The first row is shorter by the head: blanks stand for it while the text is broken.
  const room = width - indent
  const text = textOf(entry, look)
  const stand = '\u00a0'.repeat(Math.min(first - indent, Math.max(0, room - 2)))
  const rows = wrap([span(stand, STAND), ...text], room, ROWS_MAX)
  const body = rows.map((row, index) =>
    index === 0 ? [...head, ...row.slice(stand === '' ? 0 : 1)] : [...blanks(indent), ...row],
  )
  return [...body, ...reactionRows(entry, room, look).map((row) => [...blanks(indent), ...row])]
}

function wideHead(entry: MessageEntry | FileEntry, look: Look, isGrouped: boolean): Line {
  const column = NAME_COLUMNS + 2
  if (isGrouped) return blanks(TIME_COLUMNS + column)
  const { name, style } = nameOf(entry, look, NAME_COLUMNS)
  return [
    span(`${clock(entry.at)} `, look.faint),
    span(' '.repeat(NAME_COLUMNS - widthOf(name))),
    span(name, style),
    span('  '),
  ]
}

function narrowHead(entry: MessageEntry | FileEntry, look: Look, isGrouped: boolean): Line {
  if (isGrouped) return blanks(TIME_COLUMNS)
  const { name, style } = nameOf(entry, look, NAME_COLUMNS)
  const isSaid = entry.kind === 'message' && entry.how === 'text'
  return [span(`${clock(entry.at)} `, look.faint), span(name, style), span(isSaid ? ': ' : ' ')]
}

function nameOf(entry: MessageEntry | FileEntry, look: Look, width: number): { name: string; style: Style } {
  const { from } = entry
  const style = from.self ? look.self : look.person(from.id)
  const how = entry.kind === 'message' ? entry.how : 'text'
  if (how === 'action') return { name: `* ${fit(from.name, width - 2)}`, style }
  if (how === 'notice') return { name: `-${fit(from.name, width - 2)}-`, style }
  return { name: fit(from.name, width), style }
}

function messageRows(entry: MessageEntry, width: number, look: Look): Line[] {
  return [...wrap(textOf(entry, look), width, ROWS_MAX), ...reactionRows(entry, width, look)]
}

/** Mark by mark, what the words alone do not say. */
const STANDING_MARKS = { unsaved: ' ·', waiting: ' …', reached: ' ✓', everyone: ' ✓✓' } as const

function textOf(entry: MessageEntry, look: Look): Span[] {
  if (entry.state === 'deleted') return [span('(taken back)', look.faint)]
  if (entry.state === 'gone') return [span('(its text is missing)', look.faint)]
  const style = entry.mentions ? look.mention : entry.how === 'action' ? look.action : look.plain
  const spans = [...linked(entry.text, style, look.link)]
  if (entry.state === 'edited') spans.push(span(' (edited)', look.faint))
  if (entry.isForked) spans.push(span(' (one of two histories)', look.faint))
  if (entry.standing !== null) spans.push(span(STANDING_MARKS[entry.standing], look.faint))
  return spans
}

function answerRow(entry: MessageEntry, indent: number, width: number, look: Look): Line[] {
  const { answers } = entry
  if (answers === null) return []
  const whose = answers.name ?? answers.which
  const said = answers.text === null ? '' : `: ${answers.text.replace(/\s+/g, ' ')}`
  const room = Math.min(width - indent, QUOTED_COLUMNS_MAX)
  return [[...blanks(indent), span(fit(`┌ ${whose}${said}`, room), look.faint)]]
}

function reactionRows(entry: MessageEntry, width: number, look: Look): Line[] {
  if (entry.reactions.length === 0) return []
  const texts = entry.reactions.map(({ emoji, by }) =>
    by.length === 1 ? `${emoji} ${by[0]!.name}` : `${emoji} ${by.length}`,
  )
  return wrap([span(texts.join('  '), look.faint)], width, 2)
}

const TONES = { plain: 'plain', faint: 'faint', fault: 'fault', welcome: 'plain' } as const satisfies Record<
  NoteEntry['tone'],
  keyof Look
>

function noteRows(entry: NoteEntry, width: number, look: Look): Line[] {
  const head = [span(`${clock(entry.at)} `, look.faint), span('· ', look.faint)]
  const indent = TIME_COLUMNS + 2
  const style = look[TONES[entry.tone]]
  const lines = entry.text.split('\n')
  const rows = lines.flatMap((line) => tableRows(line, width - indent, style))
  return rows.map((row, index) => [...(index === 0 ? head : blanks(indent)), ...row])
}

/** The first columns of a line of a table, with the blanks before the last of them. */
const COLUMNS = /^.*\S {2,}(?=\S)/
/** So much of a row at most may be left blank below the first columns. */
const HANGING_SHARE_MAX = 0.6
const HANGING_INDENT = 4

/** What is too long for a row goes on below where it began. */
function tableRows(line: string, width: number, style: Style): Line[] {
  const columns = widthOf(COLUMNS.exec(line)?.[0] ?? '')
  const isTable = columns > 0 && columns <= width * HANGING_SHARE_MAX
  const hanging = isTable ? columns : Math.max(0, Math.min(HANGING_INDENT, Math.floor(width / 4)))
  const [first = [], ...more] = wrap([span(line, style)], width, ROWS_MAX)
  if (more.length === 0) return [first]
  const shown = first.map(({ text }) => text).join('')
  const rest = line.slice(shown.length).trimStart()
  return [first, ...wrap([span(rest, style)], width - hanging, ROWS_MAX).map((row) => [...blanks(hanging), ...row])]
}

const BAR_COLUMNS_MAX = 20
/** A path, or why it failed. */
const FILE_ROWS_MAX = 3

/** What stands below a file's name, but for one that is under way. */
function fileWords({ state, number, remark, takers, refused, from, files }: FileEntry): string {
  const why = remark === '' ? '' : `: ${remark}`
  switch (state) {
    case 'offered':
      return `/accept ${number} takes it, /decline ${number} does not${files === null ? '' : `, /files ${number} lists it`}`
    case 'offering':
      return [
        `offered; /cancel ${number} takes it back`,
        ...listed(takers, ['has it', 'have it']),
        ...listed(refused, NOT_WANTED),
      ].join('; ')
    case 'accepted':
      return 'on its way'
    case 'done':
      return `here${why}`
    case 'waiting':
    case 'failed':
    case 'declined':
    case 'cancelled':
      return `${state}${why}`
    case 'withdrawn':
      return `withdrawn${from.self ? '' : ` by ${from.name}`}${why}`
    case 'reading':
    case 'progress':
      return ''
  }
}

const NOT_WANTED = ['does not want it', 'do not want it'] as const

/** `Ben has it`, `Ben and Cleo have it`, `Ben and 3 others have it`; nothing of nobody. */
function listed(names: readonly string[], [does, doMany]: readonly [string, string]): string[] {
  const [first, second] = names
  if (first === undefined) return []
  if (second === undefined) return [`${first} ${does}`]
  return [`${first} and ${names.length === 2 ? second : `${names.length - 1} others`} ${doMany}`]
}

function fileRows(entry: FileEntry, width: number, look: Look): Line[] {
  const { name, size, done, state, files, bytesPerSecond, left, holders } = entry
  const sizes = `  ${files === null ? '' : `${plural(files, 'file', 'files')}, `}${formatBytes(size)}`
  const mark = files === null ? '▤' : '▥'
  const head: Line = [
    span(fit(`${mark} ${name}`, Math.max(4, width - sizes.length - 1)), look.heading),
    span(sizes, look.faint),
  ]
  if (state !== 'progress') return [head, ...wrap([span(fileWords(entry), look.faint)], width, FILE_ROWS_MAX)]
  const share = size === 0 ? 1 : Math.min(1, done / size)
  const speed = bytesPerSecond === 0 ? '' : `  ${formatBytes(bytesPerSecond)}/s`
  const rest = leftText(left)
  const many = holders > 1 ? `  from ${holders}` : ''
  const beside = ` ${shareText(done, size)}${speed}${rest === '' ? '' : `  ${rest}`}${many}`
  const columns = Math.min(BAR_COLUMNS_MAX, Math.max(4, width - 6))
  return [head, [...bar(share, columns, look), span(fit(beside, Math.max(5, width - columns)))]]
}

function bar(share: number, width: number, look: Look): Line {
  const full = Math.round(share * width)
  return [span('█'.repeat(full), look.bar), span('░'.repeat(width - full), look.faint)]
}

function rule(text: string, width: number, style: Style): Line {
  const shown = ` ${text} `
  const left = Math.max(1, Math.floor((width - widthOf(shown)) / 2))
  const right = Math.max(1, width - left - widthOf(shown))
  return [span(fit('─'.repeat(left) + shown + '─'.repeat(right), width), style)]
}

function blanks(width: number): Line {
  return [span(' '.repeat(width))]
}
