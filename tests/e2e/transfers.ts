import { createHash } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { FileEvent } from '../../src/app/events.ts'
import { type Rng, seededRng } from '../../src/base/rng.ts'
import type { Line, Program } from './program.ts'

/** What tests of files between programs have in common. */

const BLOCK_BYTES = 1024 * 1024
export const MEBIBYTE = 2 ** 20

/** A file of which no two mebibytes are alike, soon made. */
export function makeFile(path: string, size: number, seed = size): string {
  const block = seededRng(seed).bytes(Math.min(size, BLOCK_BYTES - 7))
  const file = openSync(path, 'w')
  for (let at = 0; at < size; at += block.length) writeSync(file, block, 0, Math.min(block.length, size - at), at)
  closeSync(file)
  return path
}

/** So many files of up to 1,000 bytes, in folders of a hundred. */
export function makeFolder(path: string, files: number): string {
  const bytes = seededRng(files).bytes(2_000)
  for (let i = 0; i < files; i++) {
    const folder = join(path, `${Math.floor(i / 100)}`)
    if (i % 100 === 0) mkdirSync(folder, { recursive: true })
    const file = openSync(join(folder, `${i}.txt`), 'w')
    writeSync(file, bytes, i % 1_000, (i * 37) % 1_000, 0)
    closeSync(file)
  }
  return path
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** Everything in a folder by its path, and what is in the files. */
export function treeOf(path: string): Map<string, string> {
  const paths = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
  const files = paths.filter((each) => statSync(join(path, each)).isFile())
  return new Map(
    files.map((each) => [
      each,
      createHash('sha256')
        .update(readFileSync(join(path, each)))
        .digest('hex'),
    ]),
  )
}

export function isAbout(line: Line, name: string): line is FileEvent {
  return line.event === 'file' && line.name === name
}

/** The first line about a file, from the one with this number on, that fits. */
export async function fileLine(
  program: Program,
  name: string,
  fits: (line: FileEvent) => boolean,
  patienceMs = 30_000,
  from = 0,
): Promise<FileEvent> {
  let found: FileEvent | undefined
  await program.when(() => {
    found = program.lines.slice(from).find((line): line is FileEvent => isAbout(line, name) && fits(line))
    return found !== undefined
  }, patienceMs)
  return found!
}

/** Where it stands when it is whole. */
export async function taken(program: Program, name: string, patienceMs?: number): Promise<string> {
  const line = await fileLine(program, name, ({ state }) => state === 'done' || state === 'failed', patienceMs)
  if (line.state !== 'done' || line.path === undefined) throw new Error(`${name} failed: ${line.reason}`)
  return line.path
}

export async function offer(program: Program, path: string): Promise<void> {
  const reply = await program.do({ do: 'send', path })
  if (!reply.ok) throw new Error(`${path} was not offered: ${reply.message}`)
}

/** A number from an environment variable: how much of what is promised is tried. */
export function amount(variable: string, usual: number): number {
  const text = process.env[variable]
  return text === undefined || text === '' ? usual : Number(text)
}

/** Runs a story by chance; a failure says which. */
export async function byChance(story: (rng: Rng) => Promise<void>): Promise<void> {
  const seed = amount('HEARSAY_SEED', Date.now() % 1_000_000)
  try {
    await story(seededRng(seed))
  } catch (error) {
    console.error(`the series of HEARSAY_SEED=${seed}`)
    throw error
  }
}
