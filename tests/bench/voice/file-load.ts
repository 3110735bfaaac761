import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Program as AnyProgram } from '../../e2e/program.ts'

/** A file is made once and sent until the end: as large as a film's beginning, so that most of the time is spent sending. */
const FILE_BYTES = 256 * 1024 * 1024
const CHUNK_BYTES = 4 * 1024 * 1024
const MB = 1e6
/** On a machine that does everything else as well. */
const PATIENCE_MS = 120_000

/** What a transfer that runs beside something has done. */
export interface FileLoad {
  isOver: boolean
  files: number
  megabytes: number
  seconds: number
}

export function noFileLoad(): FileLoad {
  return { isOver: false, files: 0, megabytes: 0, seconds: 0 }
}

/** One compiled program sends files to another as fast as they go, one after the other, until `load.isOver`. */
export async function sendUntil(load: FileLoad, folder: string): Promise<void> {
  // Where the program could not be built, nobody may read this module's imports.
  const { Program } = await import('../../e2e/program.ts')
  const home = (name: string): string => {
    const path = join(folder, name)
    mkdirSync(path, { recursive: true })
    return path
  }
  const path = join(home('sender'), 'film.bin')
  const programs: AnyProgram[] = []
  try {
    const sender = await Program.start(['--username', 'Sender', '--ephemeral'], { home: home('sender') })
    programs.push(sender)
    const args = ['--username', 'Taker', '--ephemeral', '--accept-files', 'all', '--connect', sender.address]
    const taker = await Program.start(args, { home: home('taker') })
    programs.push(taker)
    await taker.peerUp(sender.id)
    const startMs = performance.now()
    for (let number = 0; !load.isOver; number++) {
      // Another first word each time: what is there already is not sent.
      writeFile(path, number)
      await sendOnce(load, sender, taker, path)
      load.seconds = (performance.now() - startMs) / 1_000
    }
  } finally {
    await Promise.all(programs.map((program) => program.close()))
    rmSync(path, { force: true })
  }
}

async function sendOnce(load: FileLoad, sender: AnyProgram, taker: AnyProgram, path: string): Promise<void> {
  const before = taker.lines.length
  const reply = await sender.do({ do: 'send', path })
  if (!reply.ok) throw new Error(`a file cannot be sent: ${reply.message}`)
  let kept: string | undefined
  await taker.when(() => {
    for (let i = before; i < taker.lines.length; i++) {
      const line = taker.lines[i]!
      if (line.event !== 'file') continue
      if (line.state === 'failed') throw new Error('the file transfer beside it failed')
      if (line.state === 'done') kept = line.path
    }
    return kept !== undefined || load.isOver
  }, PATIENCE_MS)
  if (kept === undefined) return
  load.files++
  load.megabytes += FILE_BYTES / MB
  rmSync(kept, { force: true })
}

function writeFile(path: string, number: number): void {
  const chunk = new Uint8Array(CHUNK_BYTES)
  new DataView(chunk.buffer).setUint32(0, number)
  const file = openSync(path, 'w')
  for (let at = 0; at < FILE_BYTES; at += CHUNK_BYTES) {
    new DataView(chunk.buffer).setUint32(4, at)
    writeSync(file, chunk)
  }
  closeSync(file)
}
