import type { PlannedEntry } from '../core/transfer/folder.ts'
import type { ResumeHeader } from '../core/transfer/resume.ts'
import type { ManifestEntry } from '../wire/manifest.ts'

/**
 * Files of this machine: those that are given, and those that are received. Nothing here throws for a fault of the disk or the user; nothing waits
 * on the calling thread.
 */
export interface Files {
  /** What stands at a path, ready to be read. Symbolic links are followed to the path itself, never inside a folder. */
  source(path: string): Promise<Source | FilesFault>
  /** Begins to receive something into a folder, under the header's name or, where that is taken, one with a number. */
  create(folder: string, header: ResumeHeader, entries: readonly PlannedEntry[] | null): Promise<Target | FilesFault>
  /** What an earlier run has begun in a folder, by the names `resume` takes. */
  unfinished(folder: string): Promise<readonly string[]>
  /** Goes on with it, unless another process is at it (`busy`). `plan` makes entries of the manifest, and says null to one that is of no use. */
  resume(
    folder: string,
    name: string,
    plan: (header: ResumeHeader, manifest: Uint8Array) => readonly PlannedEntry[] | null,
  ): Promise<Target | FilesFault>
  /** What is free where a folder is; null where that cannot be told. */
  freeBytes(folder: string): Promise<number | null>
}

/** Something to be given: its bytes, a folder's manifest first. */
export interface Source {
  readonly ok: true
  readonly name: string
  /** Of all its bytes, the manifest's included. */
  readonly size: number
  /** Empty of a single file. */
  readonly manifest: Uint8Array
  readonly entries: readonly ManifestEntry[]
  readonly changedMs: number
  /** What is inside a folder and is not given; null where that is nothing. */
  readonly omitted: Omitted | null
  /**
   * So many bytes from `at`, all of them, the caller's own and alone in their memory; in `memory` where that is given and the disk likes it. `changed`: what stands there is
   * not what it was when this was opened.
   */
  read(at: number, length: number, memory?: Uint8Array): Promise<Uint8Array | FilesFault>
  close(): void
}

/** Why something inside a folder is not given: a symbolic link; a pipe, socket or device; no right to look; a name that is no UTF-8; too long or too deep a path. */
export type OmittedKind = 'link' | 'no-file' | 'unreadable' | 'name' | 'path'

/** What is left out of a folder that is given. A folder that cannot be read counts once, whatever is in it. */
export interface Omitted {
  readonly count: number
  /** The path of the first, beginning with the folder's name, as it is on the disk: to be cleaned before it is shown. */
  readonly first: string
  readonly kinds: ReadonlySet<OmittedKind>
}

/**
 * Something being received. Offsets are those of the content. A fault that is `changed`: what was written is not there any more, or something else is in
 * its place. That is not written to, moved or taken away: `settle` leaves it as it is, and the content is to be received anew.
 */
export interface Target {
  readonly ok: true
  readonly header: ResumeHeader
  /** Where it will stand when it is whole, unless that name is taken by then. */
  readonly path: string
  /** What an earlier run has recorded, unverified: a bit for each leaf that may have been written, lowest first. Empty for a new one. */
  readonly bitmap: Uint8Array
  /** An earlier run moved it into place, and perhaps told nobody: it is to be checked there and finished again, and cannot be written to. */
  readonly isPlaced?: boolean
  /** Of one that hands on what comes, in order, and keeps nothing: how far ahead of that bytes may come, and who hears how many have been handed on. */
  readonly inOrder?: { readonly aheadBytes: number; hear(handedOn: (bytes: number) => void): void }
  /** Pages an earlier run has kept, unverified, by their numbers, from the top one on; the first so many. */
  pages(countMax: number): Promise<readonly { readonly number: number; readonly bytes: Uint8Array }[]>
  /** Null when it is written: in the system's hands, though perhaps not on the disk yet. */
  write(at: number, bytes: Uint8Array): Promise<FilesFault | null>
  /** Bytes of the bitmap from `from` on. */
  record(from: number, bytes: Uint8Array): Promise<FilesFault | null>
  keepPage(number: number, bytes: Uint8Array): Promise<FilesFault | null>
  /** As of a source; what was never written comes as zeros or as a fault. */
  read(at: number, length: number): Promise<Uint8Array | FilesFault>
  /** A single page kept before; null where there is none. */
  page(number: number, length: number): Promise<Uint8Array | null>
  /** Everything is here: to the disk, with its times, and under its name. It can still be read, and until `settle` a later run finds it as one that is placed. */
  finish(): Promise<{ readonly ok: true; readonly path: string } | FilesFault>
  /** It has been told that it is here: nothing is left for a later run. */
  settle(): Promise<void>
  /** Takes it away, what is here of it too. */
  discard(): Promise<void>
  /** Lets go of it; what is here stays for `resume`. */
  close(): void
}

/** `message` is a sentence for the user: what happened, and what to do. */
export interface FilesFault {
  readonly ok: false
  readonly code:
    | 'missing'
    | 'denied'
    | 'full'
    | 'changed'
    | 'not-a-file'
    | 'not-a-folder'
    | 'too-large'
    | 'damaged'
    | 'busy'
    | 'failed'
  readonly message: string
  /** The same without what the user is to do, for where that is done by itself. */
  readonly what?: string
  /** Of what an earlier run has begun: what it was, where nothing of it is left. */
  readonly header?: ResumeHeader
  readonly cause: unknown
}
