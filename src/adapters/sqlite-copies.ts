import { integer, type Rows } from './sqlite-rows.ts'

/** Which message stands for words that several nodes have passed on from another network, by their origin and by each event that says them. */
export class Copies {
  constructor(private readonly rows: Rows) {}

  messageFrom(room: number, origin: Uint8Array): number | null {
    const row = this.rows.one('SELECT message FROM relayed WHERE room = ? AND origin = ?', room, origin)
    return row === null ? null : integer(row, 'message')
  }

  messageOf(event: Uint8Array): number | null {
    const row = this.rows.one('SELECT message FROM copies WHERE event = ?', event)
    return row === null ? null : integer(row, 'message')
  }

  first(room: number, origin: Uint8Array, message: number): void {
    this.rows.run('INSERT OR IGNORE INTO relayed (room, origin, message) VALUES (?, ?, ?)', room, origin, message)
  }

  add(event: Uint8Array, message: number): void {
    this.rows.run('INSERT OR IGNORE INTO copies (event, message) VALUES (?, ?)', event, message)
  }

  /** False where the event is no copy. */
  drop(event: Uint8Array): boolean {
    if (this.messageOf(event) === null) return false
    this.rows.run('DELETE FROM copies WHERE event = ?', event)
    return true
  }

  /** The message goes. */
  dropAll(message: number): void {
    this.rows.run('DELETE FROM relayed WHERE message = ?', message)
    this.rows.run('DELETE FROM copies WHERE message = ?', message)
  }
}
