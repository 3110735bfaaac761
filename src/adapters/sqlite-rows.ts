import type { Database, SQLQueryBindings, Statement } from 'bun:sqlite'

export type Row = Readonly<Record<string, unknown>>
export type Value = SQLQueryBindings

/** What the database holds is not what was written there: a file somebody else made, or a disk that forgets. */
export class BrokenRow extends Error {
  constructor(column: string) {
    super(`column ${column} holds what it cannot`)
  }
}

/** A connection with its statements, each prepared when it is first used and kept: their number is that of the program's texts. */
export class Rows {
  /** Something was taken out that is to be nowhere on the disk any more once it is committed. */
  hasErased = false
  private readonly statements = new Map<string, Statement<Row, Value[]>>()

  constructor(readonly db: Database) {}

  all(sql: string, ...values: Value[]): Row[] {
    return this.prepared(sql).all(...values)
  }

  one(sql: string, ...values: Value[]): Row | null {
    return this.prepared(sql).get(...values) ?? null
  }

  run(sql: string, ...values: Value[]): void {
    this.prepared(sql).run(...values)
  }

  /** The id of the row that `sql` inserts. */
  insert(sql: string, ...values: Value[]): number {
    return Number(this.prepared(sql).run(...values).lastInsertRowid)
  }

  close(): void {
    for (const statement of this.statements.values()) statement.finalize()
    this.statements.clear()
    this.db.close()
  }

  private prepared(sql: string): Statement<Row, Value[]> {
    const known = this.statements.get(sql)
    if (known !== undefined) return known
    const made = this.db.prepare<Row, Value[]>(sql)
    this.statements.set(sql, made)
    return made
  }
}

/**
 * Empties the write-ahead log into the file: it holds pages as they were before something was erased from them. Some 0.4 ms, and as long as
 * the disk takes.
 */
export function scrub(rows: Rows): void {
  rows.all('PRAGMA wal_checkpoint(TRUNCATE)')
  rows.hasErased = false
}

/** A whole number from 0 up; nothing kept here is ever below. */
export function integer(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new BrokenRow(column)
  return value
}

export function maybeInteger(row: Row, column: string): number | null {
  return row[column] === null ? null : integer(row, column)
}

/** Bytes that belong to the caller; of one length, where that is given. */
export function blob(row: Row, column: string, length?: number): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) throw new BrokenRow(column)
  return value
}

export function maybeBlob(row: Row, column: string, length?: number): Uint8Array | null {
  return row[column] === null ? null : blob(row, column, length)
}

export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new BrokenRow(column)
  return value
}
