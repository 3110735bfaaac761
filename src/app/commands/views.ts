import { stringWidth } from 'bun'
import { formatBytes } from '../../base/quantity.ts'
import type { Chat } from '../chat.ts'
import type { FolderPath } from '../files/files-chat.ts'
import { NameBook } from '../names.ts'

/** `1023 bytes` in the largest unit. */
const SIZE_COLUMNS = 8

/** How commands put what the chat holds into lines for people. */

/** The names to show, given everybody who is connected or in a joined room. */
export function namesOf(chat: Chat): NameBook {
  return new NameBook([...chat.peers(), ...chat.rooms().flatMap(({ room }) => chat.users(room))])
}

/** A room as people see it: its name, or `@` and the name of the person a direct conversation is with. */
export function placeName(chat: Chat, room: string): string {
  if (!room.startsWith('@')) return room
  const names = namesOf(chat)
  const person = chat.whoIs(room.slice(1))
  return `@${person === null ? names.showId(room.slice(1)) : names.show(person)}`
}

/** Cells as columns, two blanks apart. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell))
    })
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(widths[column]! - stringWidth(cell) + 2))
      .join('')
      .trimEnd(),
  )
}

/** Of something in a folder: what it takes, and its path. The path stands last: it may be long, and nothing stands behind it. */
export function pathLine({ path, size }: FolderPath): string {
  return `${(path.endsWith('/') ? '-' : formatBytes(size)).padStart(SIZE_COLUMNS)}  ${path}`
}

export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
