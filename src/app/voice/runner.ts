import type { VoiceCommand } from './messages.ts'

/** A voice process, as the supervisor keeps one. */
export interface VoiceProcess {
  start(): void
  send(command: VoiceCommand): boolean
  stop(): Promise<void>
}

/** What a voice process is wanted for. */
export type Purpose = 'room' | 'test' | 'devices'

/** Has a voice process run for as long as it is wanted for anything. */
export class VoiceRunner {
  /** It hears. */
  isReady = false
  private readonly purposes = new Set<Purpose>()
  private ending: Promise<void> | null = null

  constructor(private readonly process: VoiceProcess) {}

  want(purpose: Purpose): void {
    this.purposes.add(purpose)
    // One that ends must have ended before another can be started.
    if (this.ending === null) this.process.start()
  }

  isWanted(purpose: Purpose): boolean {
    return this.purposes.has(purpose)
  }

  release(purpose: Purpose): void {
    if (!this.purposes.delete(purpose) || this.purposes.size > 0 || this.ending !== null) return
    this.isReady = false
    this.ending = this.end()
  }

  /** False where none hears: what matters is said to it once it does. */
  send(command: VoiceCommand): boolean {
    return this.isReady && this.process.send(command)
  }

  /** It is not wanted for anything any more. Resolves when it has ended. */
  async close(): Promise<void> {
    for (const purpose of [...this.purposes]) this.release(purpose)
    await this.ending
  }

  private async end(): Promise<void> {
    await this.process.stop()
    this.ending = null
    if (this.purposes.size > 0) this.process.start()
  }
}
