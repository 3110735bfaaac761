/** util-linux has it, which is on nearly every Linux. */
const PROGRAM = 'chrt'
/** It takes 2 ms. One that hangs is not waited for. */
const ANSWER_MS_MAX = 500
/** The lowest: any of them is before everything ordinary, and nothing real-time is to wait for talk. */
const PRIORITY = '1'
/** The only one that those who are not real-time have. */
const ORDINARY = '0'

/** `hung`: it was not waited for, and nobody knows. */
export type ChrtAnswer = 'done' | 'refused' | 'hung' | 'missing'

/** What asks the system; another where that is tested. */
export interface ChrtSystem {
  chrt(args: readonly string[]): Promise<ChrtAnswer>
}

/**
 * Scheduling of this process by chrt(1): round robin among the real-time ones (sched(7)), which takes root, CAP_SYS_NICE or
 * RLIMIT_RTPRIO, for all its threads: the one that sounds waits for locks that the runtime's own hold. Where it is refused the first time, it is
 * asked for no more. What is started meanwhile, programs and threads, is ordinary.
 */
export class Chrt {
  private isRefused = process.platform !== 'linux'
  private isAllowed = false

  constructor(private readonly system: ChrtSystem = linux) {}

  async realTime(): Promise<void> {
    if (this.isRefused) return
    const answer = await this.system.chrt(['--rr', '--reset-on-fork', ...ofAll(PRIORITY)])
    // Later it may fail of a thread that has just ended, or take too long: who may go first must be able to go back.
    this.isRefused = answer === 'missing' || (answer === 'refused' && !this.isAllowed)
    if (answer === 'done') this.isAllowed = true
  }

  async ordinary(): Promise<void> {
    if (this.isRefused) return
    const answer = await this.system.chrt(['--other', ...ofAll(ORDINARY)])
    // The mark of threads whose children are ordinary takes CAP_SYS_NICE to be taken away: who lacks that goes back with it, or not at all.
    if (answer === 'refused') await this.system.chrt(['--other', '--reset-on-fork', ...ofAll(ORDINARY)])
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
}
