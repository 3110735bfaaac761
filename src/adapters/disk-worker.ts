/** Runs in a thread of its own, for a `DiskThread`: reads, hashes and writes while the program's own thread talks. */
import { fstatSync, readSync, writeSync } from 'node:fs'
import { equalBytes } from '../base/bytes.ts'
import { leafHashes } from '../core/transfer/tree.ts'
import { errorCode } from './disk-fault.ts'
import type { DiskAnswer, DiskJob, DiskMemory } from './disk-thread.ts'

declare const self: Worker

const memories = new Map<number, SharedArrayBuffer>()
const NOTHING = { fault: '', code: '', read: 0, size: 0, mtimeMs: 0, isRight: false }

self.onmessage = ({ data }: MessageEvent<DiskJob | DiskMemory>) => {
  if ('id' in data) self.postMessage(answerTo(data))
  else if (data.memory === null) memories.clear()
  else memories.set(data.memory, data.shared)
}

function answerTo(job: DiskJob): DiskAnswer {
  try {
    const memory = memories.get(job.memory)
    if (memory === undefined) throw new Error('a job for memory that nobody has told of')
    return job.kind === 'read' ? read(job, memory) : store(job, memory)
  } catch (error) {
    return { ...NOTHING, id: job.id, fault: String(error), code: errorCode(error) }
  }
}

function read({ id, from, length, fd, at }: DiskJob, memory: SharedArrayBuffer): DiskAnswer {
  const into = new Uint8Array(memory, from, length)
  let done = 0
  while (done < length) {
    const bytes = readSync(fd, into, done, length - done, at + done)
    if (bytes === 0) break
    done += bytes
  }
  const { size, mtimeMs } = fstatSync(fd)
  return { ...NOTHING, id, read: done, size, mtimeMs }
}

function store({ id, from, length, hashBytes, fd, at }: DiskJob, memory: SharedArrayBuffer): DiskAnswer {
  const bytes = new Uint8Array(memory, from, length)
  const isRight = equalBytes(leafHashes(bytes), new Uint8Array(memory, from + length, hashBytes))
  if (isRight && fd >= 0) {
    // A disk that is nearly full takes a part at first.
    for (let done = 0; done < length; ) done += writeSync(fd, bytes, done, length - done, at + done)
  }
  return { ...NOTHING, id, isRight }
}
