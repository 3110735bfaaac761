/** The compiled program from outside: how soon it is ready, and what it costs to have it open. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Memory, memoryOf } from './kernel.ts'
import { type Sample, summarise } from './statistics.ts'

const START_MS_MAX = 20_000
const IDLE_MS = 2_000
/** Not measured: what comes from disk the first time. */
const WARM_STARTS = 2

export interface ReadyTimes {
  /** From spawning `hearsay --json --ephemeral` to its `ready` line, in milliseconds. */
  readonly ready: Sample
  /** From spawning `node -e 0` to its end; null where there is no Node. */
  readonly node: Sample | null
}

export interface IdleMemory {
  readonly rssMb: Sample
  readonly pssMb: Sample
}

interface Started {
  readonly readyMs: number
  readonly pid: number
  /** Closes its input and waits until it is gone. */
  end(): Promise<void>
}

/** In an empty folder with an empty environment. Throws when it does not become ready. */
async function startProgram(program: string, folder: string): Promise<Started> {
  const startedAtMs = performance.now()
  const child = Bun.spawn([program, '--json', '--ephemeral'], {
    cwd: folder,
    env: {},
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const deadline = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX)
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let said = ''
  while (!said.includes('"ready"')) {
    const { value, done } = await reader.read()
    if (done) {
      clearTimeout(deadline)
      const errors = (await child.stderr.text()).trim().split('\n').at(-1)
      throw new Error(`it ended with ${await child.exited} and was never ready: ${errors}`)
    }
    said += decoder.decode(value, { stream: true })
  }
  const readyMs = performance.now() - startedAtMs
  clearTimeout(deadline)
  return {
    readyMs,
    pid: child.pid,
    async end() {
      const patience = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX)
      child.stdin.end()
      await child.exited
      clearTimeout(patience)
    },
  }
}

async function timeNode(node: string): Promise<number> {
  const startedAtMs = performance.now()
  const child = Bun.spawn([node, '-e', '0'], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
    timeout: START_MS_MAX,
  })
  await child.exited
  return performance.now() - startedAtMs
}

async function inEmptyFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-bench-'))
  try {
    return await act(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The time of `node -e 0` alone; null where there is no Node. */
export async function measureNodeStart(count: number): Promise<Sample | null> {
  const node = Bun.which('node')
  if (node === null) return null
  const times: number[] = []
  for (let i = 0; i < count + WARM_STARTS; i++) times.push(await timeNode(node))
  return summarise(times.slice(WARM_STARTS))
}

/** Turn and turn about, so that what slows the machine down slows both. */
export function measureReady(program: string, count: number): Promise<ReadyTimes> {
  const node = Bun.which('node')
  return inEmptyFolder(async (folder) => {
    const ready: number[] = []
    const nodes: number[] = []
    for (let i = 0; i < count + WARM_STARTS; i++) {
      const started = await startProgram(program, folder)
      ready.push(started.readyMs)
      await started.end()
      if (node !== null) nodes.push(await timeNode(node))
    }
    return { ready: summarise(ready.slice(WARM_STARTS))!, node: summarise(nodes.slice(WARM_STARTS)) }
  })
}

/** Two seconds after `ready`, nobody connected. Null where the kernel does not tell. */
export function measureIdleMemory(program: string, count: number): Promise<IdleMemory | null> {
  return inEmptyFolder(async (folder) => {
    const taken: Memory[] = []
    for (let i = 0; i < count; i++) {
      const started = await startProgram(program, folder)
      await Bun.sleep(IDLE_MS)
      const memory = memoryOf(started.pid)
      await started.end()
      if (memory === null) return null
      taken.push(memory)
    }
    const rssMb = summarise(taken.map((memory) => memory.rssMb))!
    return { rssMb, pssMb: summarise(taken.map((memory) => memory.pssMb))! }
  })
}
