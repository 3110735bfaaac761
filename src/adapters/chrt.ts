import { readdirSync, readFileSync } from 'node:fs'

/** util-linux has it, which is on nearly every Linux. */
const PROGRAM = 'chrt'
/** It takes 2 ms. One that hangs is not waited for. */
const ANSWER_MS_MAX = 500
/** The lowest: any of them is before everything ordinary, and nothing real-time is to wait for talk. */
const PRIORITY = '1'
/** The only one that those who are not real-time have. */
const ORDINARY = '0'
const REAL_TIME = ['--rr', '--reset-on-fork']
/**
 * The compilers of the runtime, and what gives memory back: they work for seconds when a program begins, sound does not wait for them, and as
 * real-time threads they took both processors from everything else (0.2 to 0.9 s long at 16 processes).
 */
const UNHURRIED = ['JITWorker', 't Helper Thread', 'JSCWarmUp', 'mi-scavenger']

/** `hung`: it was not waited for, and nobody knows. */
export type ChrtAnswer = 'done' | 'refused' | 'hung' | 'missing'

/** What asks the system; another where that is tested. */
export interface ChrtSystem {
  chrt(args: readonly string[]): Promise<ChrtAnswer>
  /** This process's own, each by number and name; empty where the system does not tell. */
  threads(): readonly { readonly id: string; readonly name: string }[]
}

/**
 * Scheduling of this process by chrt(1): round robin among the real-time ones (sched(7)), which takes root, CAP_SYS_NICE or
 * RLIMIT_RTPRIO, for all its threads but those that sound does not wait for. Where it is refused the first time, it is asked for no more.
 * What is started meanwhile, programs and threads, is ordinary.
 */
export class Chrt {
  private isRefused = process.platform !== 'linux'
  private isAllowed = false

  constructor(private readonly system: ChrtSystem = linux) {}

  async realTime(): Promise<void> {
    if (this.isRefused) return
    const answer = await this.system.chrt([...REAL_TIME, ...ofAll(PRIORITY)])
    // Later it may fail of a thread that has just ended, or take too long: who may go first must be able to go back.
    this.isRefused = answer === 'missing' || (answer === 'refused' && !this.isAllowed)
    if (answer !== 'done') return
    this.isAllowed = true
    const unhurried = this.system.threads().filter(({ name }) => UNHURRIED.includes(name))
    await Promise.all(unhurried.map(({ id }) => this.backToOrdinary(['--pid', ORDINARY, id])))
  }

  async ordinary(): Promise<void> {
    if (!this.isRefused) await this.backToOrdinary(ofAll(ORDINARY))
  }

  /** The mark of threads whose children are ordinary takes CAP_SYS_NICE to be taken away: who lacks that goes back with it, or not at all. */
  private async backToOrdinary(which: readonly string[]): Promise<void> {
    const answer = await this.system.chrt(['--other', ...which])
    if (answer === 'refused') await this.system.chrt(['--other', '--reset-on-fork', ...which])
  }
}

function ofAll(priority: string): string[] {
  return ['--all-tasks', '--pid', priority, `${process.pid}`]
}

const linux: ChrtSystem = {
  async chrt(args) {
    try {
      const stdio = ['ignore', 'ignore', 'ignore'] as const
      const chrt = Bun.spawn([PROGRAM, ...args], { stdio: [...stdio], timeout: ANSWER_MS_MAX })
      const status = await chrt.exited
      return status === 0 ? 'done' : chrt.signalCode === null ? 'refused' : 'hung'
    } catch {
      return 'missing'
    }
  },
  threads() {
    try {
      return readdirSync('/proc/self/task').flatMap((id) => nameOf(id))
    } catch {
      return []
    }
  },
}

/** None where it has just ended. */
function nameOf(id: string): { id: string; name: string }[] {
  try {
    return [{ id, name: readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trimEnd() }]
  } catch {
    return []
  }
}
