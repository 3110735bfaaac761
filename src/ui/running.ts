import { settledWithin } from './patience.ts'

/** Commands under way before no more are begun: with lines of 64 KiB, 64 MiB at the very most. */
const RUNNING_MAX = 1024
/** How long answers may still come after the chat has closed. */
const ANSWERS_MS_MAX = 1000

/** Commands whose answer has not come yet. */
export class Running {
  private readonly runs = new Set<Promise<void>>()
  private full = false

  /** `ended`: called after each. */
  constructor(private readonly ended: () => void) {}

  /** True from the most to half of that, so that reading goes on for a while once it does. */
  get isFull(): boolean {
    this.full = this.runs.size >= (this.full ? RUNNING_MAX / 2 : RUNNING_MAX)
    return this.full
  }

  add(run: Promise<void>): void {
    this.runs.add(run)
    void run.then(() => {
      this.runs.delete(run)
      this.ended()
    })
  }

  /** Waits a little for those that are left. For when the chat is closed and has nothing to wait for itself. */
  settled(): Promise<void> {
    return settledWithin(Promise.all(this.runs), ANSWERS_MS_MAX)
  }
}
