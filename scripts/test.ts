/**
 * The whole check of the project, under one deadline: scripts/check, scripts/build, then `bun test` with the arguments given.
 * The last line is `N passed, N failed`, read from the summary of `bun test`.
 */
import { join, resolve } from 'node:path'
import { readCounts } from './counts.ts'
import { QuietResults } from './quiet.ts'

/** For the whole; several times what it takes on two cores, and well under the hour that a runner may allow. */
const CAP_MS = 40 * 60_000
/** Between asking a step to end and ending it. */
const GRACE_MS = 5_000

/** Shown of a run that did not come to its end: enough to see in which test it was. */
const LAST_LINES = 10

const ROOT = resolve(import.meta.dir, '..')
const deadline = Date.now() + CAP_MS

type Keep = (line: string) => readonly string[]
const everything: Keep = (line) => [line]

let running: Bun.Subprocess | undefined

/** The step leads a process group of its own, so that the programs its tests have started end with it. */
function end(signal: NodeJS.Signals): void {
  if (!running) return
  try {
    if (process.platform === 'win32') running.kill(signal)
    else process.kill(-running.pid, signal)
  } catch {
    // It has ended by itself in the meantime.
  }
}

/** Passes on what `keep` leaves of each line; answers all of it. */
async function copy(from: ReadableStream<Uint8Array>, to: NodeJS.WriteStream, keep: Keep): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let rest = ''
  for await (const chunk of from) {
    const part = decoder.decode(chunk, { stream: true })
    text += part
    const lines = (rest + part).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines.flatMap(keep)) to.write(`${line}\n`)
  }
  if (rest !== '') for (const line of keep(rest)) to.write(`${line}\n`)
  return text
}

interface Ended {
  readonly status: number
  readonly output: string
}

async function step(name: string, command: readonly string[], keep: Keep = everything): Promise<Ended> {
  const child = Bun.spawn([...command], {
    cwd: ROOT,
    // With colours the words that are looked for in the results are others.
    env: { ...process.env, FORCE_COLOR: undefined },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  })
  running = child
  let overdue = false
  const cap = setTimeout(() => {
    overdue = true
    console.error(`hearsay: ${name} was ended: everything together may take ${CAP_MS / 60_000} minutes`)
    end('SIGTERM')
    setTimeout(() => end('SIGKILL'), GRACE_MS).unref()
  }, deadline - Date.now())
  // A program that a test left running still holds the pipes: without this, reading them would last until the deadline.
  let leftOver: Timer | undefined
  child.exited.then(() => {
    leftOver = setTimeout(() => end('SIGKILL'), GRACE_MS)
  })
  const [out, err, status] = await Promise.all([
    copy(child.stdout, process.stdout, everything),
    copy(child.stderr, process.stderr, keep),
    child.exited,
  ])
  clearTimeout(cap)
  clearTimeout(leftOver)
  running = undefined
  return { status: overdue ? 124 : status, output: out + err }
}

async function main(): Promise<number> {
  for (const name of ['check', 'build']) {
    const { status } = await step(`scripts/${name}`, [join(ROOT, 'scripts', name)])
    if (status !== 0) return status
  }
  const quiet = new QuietResults()
  const command = [process.execPath, 'test', ...process.argv.slice(2)]
  const tests = await step('bun test', command, (line) => quiet.push(line))
  const counts = readCounts(tests.output)
  if (!counts.complete) {
    const last = tests.output.trimEnd().split('\n').slice(-LAST_LINES).join('\n')
    console.error(
      `hearsay: bun test ended with status ${tests.status} before its summary; its last lines were\n${last}`,
    )
  }
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
  if (tests.status !== 0) return tests.status
  return counts.complete && counts.failed === 0 && counts.passed > 0 ? 0 : 1
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    end('SIGKILL')
    process.exit(130)
  })
}
process.exit(await main())
