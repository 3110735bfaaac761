/**
 * The whole check of the project, under one deadline: scripts/check, scripts/build, then `bun test` with the arguments given.
 * Without arguments the simulations, which keep two cores busy for minutes, take nothing that is built and measure no time but their own, run
 * beside all the others and behind them in priority: first beside the check and the build, then beside the tests of single parts, then beside those
 * of programs, which mostly wait for each other. Those that listen to programs come after all that, with nothing beside them.
 * The last line is `N passed, N failed`, read from the summaries of `bun test`.
 */
import { writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join, resolve } from 'node:path'
import { type Counts, readCounts, sumOf } from './counts.ts'
import { QuietResults } from './quiet.ts'
import { argumentsOf, TEST_PARTS } from './test-parts.ts'

/** For the whole; several times what it takes on two cores, and well under the hour that a runner may allow. */
const CAP_MS = 40 * 60_000
/** For a test that asks for no limit of its own: it is hanging. Some compute for seconds, and several times as long where others do so beside them. */
const HANGING_MS = 30_000
/** Between asking a step to end and ending it. */
const GRACE_MS = 5_000

/** Shown of a run that did not come to its end: enough to see in which test it was. */
const LAST_LINES = 10

const ROOT = resolve(import.meta.dir, '..')
const deadline = Date.now() + CAP_MS

type Keep = (line: string) => readonly string[]
const everything: Keep = (line) => [line]

type Write = (text: string) => void
const toOut: Write = (text) => void process.stdout.write(text)
const toErr: Write = (text) => void process.stderr.write(text)

const running = new Set<Bun.Subprocess>()

/** A step leads a process group of its own, so that the programs its tests have started end with it. */
function end(step: Bun.Subprocess, signal: NodeJS.Signals): void {
  try {
    if (process.platform === 'win32') step.kill(signal)
    else process.kill(-step.pid, signal)
  } catch {
    // It has ended by itself in the meantime.
  }
}

/** Passes on what `keep` leaves of each line; answers all of it. */
async function copy(from: ReadableStream<Uint8Array>, to: Write, keep: Keep): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let rest = ''
  for await (const chunk of from) {
    const part = decoder.decode(chunk, { stream: true })
    text += part
    const lines = (rest + part).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines.flatMap(keep)) to(`${line}\n`)
  }
  if (rest !== '') for (const line of keep(rest)) to(`${line}\n`)
  return text
}

interface Ended {
  readonly status: number
  readonly output: string
}

interface Shown {
  /** Of what it writes to its standard error; all of its standard output is. */
  readonly keep: Keep
  readonly out: Write
  readonly err: Write
}

const AS_IT_COMES: Shown = { keep: everything, out: toOut, err: toErr }

/** Also where Linux shares the processor between sessions first (sched(7), autogroup): priorities count only within one of those. */
function putBehind(pid: number, priority: number): void {
  setPriority(pid, priority)
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(priority))
  } catch {
    // Not Linux, or one without those groups.
  }
}

async function step(name: string, command: readonly string[], shown: Shown, priority?: number): Promise<Ended> {
  const child = Bun.spawn([...command], {
    cwd: ROOT,
    // With colours the words that are looked for in the results are others.
    env: { ...process.env, FORCE_COLOR: undefined },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  })
  running.add(child)
  if (priority !== undefined) putBehind(child.pid, priority)
  let overdue = false
  const cap = setTimeout(() => {
    overdue = true
    console.error(`hearsay: ${name} was ended: everything together may take ${CAP_MS / 60_000} minutes`)
    end(child, 'SIGTERM')
    setTimeout(() => end(child, 'SIGKILL'), GRACE_MS).unref()
  }, deadline - Date.now())
  // A program that a test left running still holds the pipes: without this, reading them would last until the deadline.
  let leftOver: Timer | undefined
  child.exited.then(() => {
    leftOver = setTimeout(() => end(child, 'SIGKILL'), GRACE_MS)
  })
  const [out, err, status] = await Promise.all([
    copy(child.stdout, shown.out, everything),
    copy(child.stderr, shown.err, shown.keep),
    child.exited,
  ])
  clearTimeout(cap)
  clearTimeout(leftOver)
  running.delete(child)
  return { status: overdue ? 124 : status, output: out + err }
}

interface Tested {
  readonly status: number
  readonly counts: Counts
}

/** With `aside` it is behind the others in priority. With `held`, what it has to say is said in one piece when it has ended. */
async function tests(
  name: string,
  args: readonly string[],
  { aside = false, held = aside }: { aside?: boolean; held?: boolean } = {},
): Promise<Tested> {
  const quiet = new QuietResults()
  const lines: string[] = []
  const hold: Write = (text) => void lines.push(text)
  const keep: Keep = (line) => quiet.push(line)
  const shown: Shown = held ? { keep, out: hold, err: hold } : { keep, out: toOut, err: toErr }
  const priority = aside ? constants.priority.PRIORITY_LOW : undefined
  const { status, output } = await step(
    name,
    [process.execPath, 'test', '--timeout', String(HANGING_MS), ...args],
    shown,
    priority,
  )
  if (held) toErr(lines.join(''))
  const counts = readCounts(output)
  if (!counts.complete) {
    const last = output.trimEnd().split('\n').slice(-LAST_LINES).join('\n')
    console.error(`hearsay: ${name} ended with status ${status} before its summary; its last lines were\n${last}`)
  }
  return { status, counts }
}

function part(name: keyof typeof TEST_PARTS, how?: { aside?: boolean; held?: boolean }): Promise<Tested> {
  return tests(`bun test of ${name}`, argumentsOf(TEST_PARTS[name]), how)
}

function allSimulations(): Promise<Tested[]> {
  return Promise.all([part('storms', { aside: true }), part('simulations', { aside: true })])
}

async function allTests(simulating: Promise<Tested[]>): Promise<Tested[]> {
  const units = await part('units')
  const programs = await Promise.all([part('programs'), part('networks', { held: true })])
  const simulations = await simulating
  return [units, ...programs, ...simulations, await part('heard')]
}

function endAll(): void {
  for (const step of running) end(step, 'SIGKILL')
}

async function main(): Promise<number> {
  const args = process.argv.slice(2)
  const simulating = args.length > 0 ? null : allSimulations()
  for (const name of ['check', 'build']) {
    const { status } = await step(`scripts/${name}`, [join(ROOT, 'scripts', name)], AS_IT_COMES)
    if (status === 0) continue
    endAll()
    return status
  }
  const all = simulating === null ? [await tests('bun test', args)] : await allTests(simulating)
  const counts = sumOf(all.map((tested) => tested.counts))
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
  const failed = all.find((tested) => tested.status !== 0)
  if (failed) return failed.status
  return counts.complete && counts.failed === 0 && counts.passed > 0 ? 0 : 1
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    endAll()
    process.exit(130)
  })
}
process.exit(await main())
