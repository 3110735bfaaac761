import type { Outcome } from '../chat.ts'
import type { FileEvent } from '../events.ts'

/** A file as commands see it: what its events tell. */
export type FileState = Omit<FileEvent, 'event'>

/** Something in a folder. */
export interface FolderPath {
  /** Clean, parted by `/`; with one at its end where it is an empty folder. */
  readonly path: string
  /** Bytes. */
  readonly size: number
}

/** Everything commands do with files. `file`: a number, a name, or the beginning of an id; empty where only one can be meant. */
export interface FilesChat {
  list(): readonly FileState[]
  /** All that is in a folder, before it is taken too, which may have to be fetched first; nothing of a single file. */
  paths(file: string): Promise<Outcome<{ file: FileState; paths: readonly FolderPath[] }>>
  /** Hashes what stands at a path, which takes a while, and offers it. `to`: a room, or `@` and somebody; null: the current room. */
  send(path: string, to: string | null): Promise<Outcome<{ file: FileState }>>
  /** The same of several, all of them hashed before the first is offered; one that cannot be read is the end of it. */
  sendAll(paths: readonly string[], to: string | null): Promise<Outcome<{ files: readonly FileState[] }>>
  accept(file: string): Promise<Outcome<{ file: FileState }>>
  decline(file: string): Promise<Outcome<{ file: FileState }>>
  cancel(file: string): Promise<Outcome<{ file: FileState }>>
}
