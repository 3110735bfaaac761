import { type Timer, TimerQueue } from '../base/timers.ts'
import type { DialectOutput } from './outputs.ts'

/** What the machines of all dialects share: the time of the input being handled, timers, and where outputs go. */
export class DialectMachine {
  protected nowMs = 0
  private readonly timers = new TimerQueue<() => void>()
  private pending: DialectOutput[] = []

  wake(nowMs: number): void {
    this.nowMs = nowMs
    for (let due = this.timers.takeDue(nowMs); due !== null; due = this.timers.takeDue(nowMs)) due()
  }

  nextWakeMs(): number | null {
    return this.timers.nextAtMs()
  }

  takeOutputs(): DialectOutput[] {
    const outputs = this.pending
    if (outputs.length > 0) this.pending = []
    return outputs
  }

  protected emit(output: DialectOutput): void {
    this.pending.push(output)
  }

  protected after(delayMs: number, run: () => void): Timer<() => void> {
    return this.timers.set(this.nowMs + delayMs, run)
  }

  protected cancel(timer: Timer<() => void> | null): void {
    if (timer !== null) this.timers.cancel(timer)
  }

  protected trouble(code: string, message: string, user = false): void {
    this.emit({ kind: 'trouble', code, message, user })
  }
}
