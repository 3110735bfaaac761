/** util-linux has it, which is on nearly every Linux. */
const PROGRAM = 'chrt'
/** It takes 2 ms. One that hangs is not waited for. */
const ANSWER_MS_MAX = 500
/** The lowest: any of them is before everything ordinary, and nothing real-time is to wait for talk. */
const PRIORITY = '1'
/** The only one that those who are not real-time have. */
const ORDINARY = '0'

/**
 * Scheduling of this process, all its threads, by chrt(1): round robin among the real-time ones (sched(7)), which takes root, CAP_SYS_NICE or
 * RLIMIT_RTPRIO. Where it is refused the first time, it is asked for no more. What is started meanwhile, programs and threads, is ordinary.
 */
export class Chrt {
  private isRefused = process.platform !== 'linux'
  private isAllowed = false

  async realTime(): Promise<void> {
    await this.run(['--rr', '--reset-on-fork'], PRIORITY)
  }

  async ordinary(): Promise<void> {
    await this.run(['--other'], ORDINARY)
  }

  private async run(policy: readonly string[], priority: string): Promise<void> {
    if (this.isRefused) return
    const command = [PROGRAM, '--all-tasks', ...policy, '--pid', priority, `${process.pid}`]
    try {
      const chrt = Bun.spawn(command, { stdio: ['ignore', 'ignore', 'ignore'], timeout: ANSWER_MS_MAX })
      if ((await chrt.exited) === 0) this.isAllowed = true
      // Later it may fail of a thread that has just ended, or take too long: who may go first must be able to go back.
      else this.isRefused = !this.isAllowed && chrt.signalCode === null
    } catch {
      // There is no such program.
      this.isRefused = true
    }
  }
}
