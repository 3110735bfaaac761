import type { Clock } from '../../ports/clock.ts'
import type { AppEvent } from '../events.ts'
import type { VoiceCommand, VoiceReport } from './messages.ts'

export const TEST_SECONDS = 15
/** So much later than it was said, what is said is told from what is heard in the room. */
const DELAY_MS = 300
/** A voice near a microphone is louder, and a quiet room is not. */
const HEARD_DB = -45
const SILENT_DB = -90
const SAY = 'Say something: you hear yourself a moment later, and nobody else does.'

export interface MicrophoneTestOptions {
  readonly clock: Clock
  readonly input: string | null
  readonly output: string | null
  send(command: VoiceCommand): boolean
  emit(event: AppEvent): void
  /** It is over, by itself or because it was to be. */
  ended(): void
}

/** Plays back what the microphone hears, for as long as it takes to say a sentence or two, and says what to do about what came of it. */
export class MicrophoneTest {
  private loudestDb = Number.NEGATIVE_INFINITY
  private level = { peakDb: -127, levelDb: -127 }
  /** It was said why it cannot be, and nothing has to be said at its end. */
  hasFailed = false
  private isOver = false
  private readonly cancel: () => void

  constructor(private readonly options: MicrophoneTestOptions) {
    const { clock } = options
    this.cancel = clock.timer(clock.nowMs() + TEST_SECONDS * 1_000, () => this.end())
    this.begin()
  }

  get shown(): { readonly peakDb: number; readonly levelDb: number } {
    return this.level
  }

  /** As soon as there is a voice process, and again where it is another. */
  begin(): void {
    const { input, output } = this.options
    this.options.send({ do: 'loopback', input, output, delayMs: DELAY_MS })
  }

  /** True where the report was about the test. */
  hear(report: VoiceReport): boolean {
    if (this.isOver) return false
    if (report.tell !== 'level') return false
    const { peakDb, levelDb, gaps } = report
    this.level = { peakDb, levelDb }
    // Only now it is known that there are devices, and that they run.
    if (this.loudestDb === Number.NEGATIVE_INFINITY) this.notice('voice-test-begun', SAY)
    this.loudestDb = Math.max(this.loudestDb, peakDb)
    this.options.emit({ event: 'level', peakDb: tenth(peakDb), levelDb: tenth(levelDb), gaps })
    return true
  }

  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.cancel()
    this.options.send({ do: 'quiet' })
    const message = this.advice()
    if (message !== null) this.notice('voice-test', message)
    this.options.ended()
  }

  private notice(code: string, message: string): void {
    this.options.emit({ event: 'notice', code, message })
  }

  private advice(): string | null {
    const { loudestDb } = this
    if (this.hasFailed) return null
    if (loudestDb === Number.NEGATIVE_INFINITY) {
      return 'The test is over, and nothing came from the microphone. /voice devices lists others.'
    }
    const loudest = `at its loudest ${Math.round(loudestDb)} dB`
    if (loudestDb < SILENT_DB) {
      return 'The test is over: the microphone gives nothing but silence. Is it muted in the system, or on itself? /voice devices lists others.'
    }
    if (loudestDb < HEARD_DB) {
      return `The test is over: the microphone hears little (${loudest}). Raise it in the system's mixer, or choose another: /voice devices.`
    }
    return `The test is over: the microphone works (${loudest}). If you did not hear yourself, choose where to play: /voice device out <name>.`
  }
}

function tenth(decibels: number): number {
  return Math.round(decibels * 10) / 10
}
