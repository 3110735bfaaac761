import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { readToEnd } from '../../output-end.ts'
import { cpuMsOf } from '../kernel.ts'
import type { Command, NodeConfig, Report } from './kit.ts'

const LOG_CHARACTERS_MAX = 4_000
/** How long a node may take to leave when told to. */
const QUIT_MS_MAX = 2_000

type ReportOf<E extends Report['ev']> = Extract<Report, { readonly ev: E }>

interface Waiter {
  readonly ev: Report['ev']
  readonly resolve: (report: Report) => void
  readonly reject: (error: Error) => void
}

/** One node under measurement: a process that is told what to do in lines of JSON and answers so. */
export class NodeProcess {
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  private readonly waiters = new Set<Waiter>()
  private readonly early: Report[] = []
  private readonly exited: Promise<void>
  private log = ''
  private broken: Error | null = null
  private quitting = false
  private isGone = false
  private lastCpuMs: number | null = null

  constructor(command: readonly string[], config: NodeConfig) {
    // A session of its own: where the scheduler groups by session every node then gets its fair share.
    this.child = spawn(command[0]!, command.slice(1), {
      env: { ...process.env, HEARSAY_BENCH_NODE: JSON.stringify(config) },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    this.child.stdin.on('error', () => {})
    this.child.stderr.on('data', (chunk) => {
      this.log = `${this.log}${chunk}`.slice(-LOG_CHARACTERS_MAX)
    })
    let held = ''
    this.child.stdout.on('data', (chunk) => {
      const lines = `${held}${chunk}`.split('\n')
      held = lines.pop() ?? ''
      for (const line of lines) this.heard(line)
    })
    const closed = new Promise((resolve) => this.child.on('close', resolve))
    this.exited = new Promise((resolve) => {
      const ended = async (why: string, read: Promise<unknown>): Promise<void> => {
        const wasToEnd = this.quitting
        this.isGone = true
        resolve()
        if (wasToEnd) return
        await readToEnd(read)
        this.fail(`node ${config.id} ${why}: ${lineThatTells(this.log)}`)
      }
      this.child.on('exit', (code, signal) => void ended(`ended with ${code ?? signal}`, closed))
      this.child.on('error', ({ message }) => void ended(`could not be started (${message})`, Promise.resolve()))
    })
  }

  get pid(): number {
    return this.child.pid ?? -1
  }

  /** User and system time so far; of one that is gone, what was last seen. */
  get cpuMs(): number | null {
    if (!this.isGone) this.lastCpuMs = cpuMsOf(this.pid) ?? this.lastCpuMs
    return this.lastCpuMs
  }

  send(command: Command): void {
    this.child.stdin.write(`${JSON.stringify(command)}\n`)
  }

  /** The next report of that kind; rejects when the node fails or nothing comes in time. */
  next<E extends Report['ev']>(ev: E, msMax: number): Promise<ReportOf<E>> {
    return new Promise((resolve, reject) => {
      if (this.broken !== null) return reject(this.broken)
      const deadline = setTimeout(() => {
        this.waiters.delete(waiter)
        reject(new Error(`a node did not say '${ev}' within ${msMax} ms`))
      }, msMax)
      const settle = (): void => {
        clearTimeout(deadline)
        this.waiters.delete(waiter)
      }
      const waiter: Waiter = {
        ev,
        resolve(report) {
          settle()
          if (isOf(report, ev)) resolve(report)
        },
        reject(error) {
          settle()
          reject(error)
        },
      }
      this.waiters.add(waiter)
      const at = this.early.findIndex((report) => report.ev === ev)
      if (at >= 0) waiter.resolve(this.early.splice(at, 1)[0]!)
    })
  }

  /** Forgets what was said and not asked for. */
  forget(): void {
    this.early.length = 0
  }

  /** Ends the process as a power cut would; resolves when it is gone. */
  kill(): Promise<void> {
    this.quitting = true
    this.lastCpuMs = this.cpuMs
    this.child.kill('SIGKILL')
    return this.exited
  }

  /** Resolves when the process is gone: it leaves by itself, or is killed. */
  async quit(): Promise<void> {
    this.quitting = true
    this.send({ cmd: 'quit' })
    const deadline = setTimeout(() => this.child.kill('SIGKILL'), QUIT_MS_MAX)
    await this.exited
    clearTimeout(deadline)
  }

  private heard(line: string): void {
    const report = parseReport(line)
    if (report === null) return
    if (report.ev === 'error') return this.fail(report.message)
    for (const waiter of this.waiters) if (waiter.ev === report.ev) return waiter.resolve(report)
    this.early.push(report)
  }

  private fail(message: string): void {
    this.broken ??= new Error(message)
    for (const waiter of [...this.waiters]) waiter.reject(this.broken)
  }
}

/** Of what a process printed as it failed, the line most likely to say why. */
function lineThatTells(log: string): string {
  const lines = log.trim().split('\n')
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? ''
}

/** Libraries may print lines of their own. */
function parseReport(line: string): Report | null {
  try {
    const report: Report = JSON.parse(line)
    return typeof report.ev === 'string' ? report : null
  } catch {
    return null
  }
}

function isOf<E extends Report['ev']>(report: Report, ev: E): report is ReportOf<E> {
  return report.ev === ev
}
