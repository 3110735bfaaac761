import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { cleanLine } from '../../base/text.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../log.ts'
import { parseReport, type VoiceCommand, type VoiceReport } from './messages.ts'
import { makeVoiceFolder, sweepVoiceFolders } from './own-folder.ts'
import { VOICE_ARGUMENT, voiceEnvironment } from './own-program.ts'

export type ProcessState =
  | { readonly is: 'starting' }
  /** It hears. Whatever it has to know has to be said to it now: it remembers nothing of the one before. */
  | { readonly is: 'running' }
  /** It has crashed and is started again in a moment. */
  | { readonly is: 'restarting'; readonly message: string }
  /** It crashes again and again, and is not started any more. */
  | { readonly is: 'failed'; readonly message: string }
  | { readonly is: 'ended' }

export interface SupervisorOptions {
  /** What starts this program: `ownProgram()`. */
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly log: Log
  changed(state: ProcessState): void
  heard(report: VoiceReport): void
}

/**
 * From one start to the next at least, after the first crash, the second, and so on. One that has run for longer than that is started at once, so
 * that it is heard again within two seconds also the fifth time; one that crashes as it starts is not started all the time.
 */
const RESTART_MS = [0, 100, 300, 600, 1_000, 1_500] as const
/** Crashes one after the other, each within `STEADY_MS` of when it could hear, or before, until it is given up: half a minute of trying. */
const CRASHES_MAX = 20
const STEADY_MS = 10_000

/** Ten signs of life. Opening a device waits for the sound server, which may take a second or two. */
const LIFELESS_MS_MAX = 5_000
/** Looked so much later than was meant, we were stopped ourselves (Ctrl-Z, a machine that slept), and may not have heard it yet. */
const LATE_MS_MAX = 1_000
/** Commands between two signs of life: more are not people's, and one that hangs would have them kept without end. */
const COMMANDS_MAX = 1_000
/** It ends by itself when it is told to; giving devices back takes a moment. */
const ENDING_MS_MAX = 2_500
/** Of what it printed on standard error, to tell a crash by. */
const LAST_WORDS_LENGTH = 400
/** What ALSA says of every click, and of devices that are not there, has ended no process. */
const CHATTER = /^ALSA lib /
/** They may come a little after its end, or, where another process holds the pipe, no end of them. */
const LAST_WORDS_MS_MAX = 200

interface Running {
  readonly child: Bun.Subprocess<'ignore', 'ignore', 'pipe'>
  readonly folder: string
  lastWords: string
  /** Settled when all of its last words are there. */
  listening: Promise<void>
  /** When it could hear; null before. */
  readyMs: number | null
  lifeMs: number
  commands: number
  cancelLook(): void
}

/** Keeps a voice process running. It dies alone, and when we do: the channel between us closes then, however we ended. */
export class VoiceSupervisor {
  private readonly options: SupervisorOptions
  private running: Running | null = null
  private crashes = 0
  private startedMs = Number.NEGATIVE_INFINITY
  private cancelStart: (() => void) | null = null
  private isWanted = false

  constructor(options: SupervisorOptions) {
    this.options = options
  }

  /** Of the one that runs. */
  get pid(): number | null {
    return this.running?.child.pid ?? null
  }

  /** Starts it, unless it runs. One that was given up is tried again. */
  start(): void {
    this.isWanted = true
    if (this.running !== null || this.cancelStart !== null) return
    this.crashes = 0
    this.spawn()
    void sweepVoiceFolders(tmpdir(), this.options.clock.wallMs())
  }

  /** False where there is no process that hears, or it hears too slowly. */
  send(command: VoiceCommand): boolean {
    const { running } = this
    if (running === null || running.commands >= COMMANDS_MAX) return false
    running.commands++
    try {
      running.child.send(command)
      return true
    } catch {
      // It has just ended; that is told soon.
      return false
    }
  }

  /** Ends it for good, for now. */
  async stop(): Promise<void> {
    if (!this.isWanted) return
    this.isWanted = false
    this.cancelStart?.()
    this.cancelStart = null
    const { running } = this
    if (running === null) return this.options.changed({ is: 'ended' })
    const { clock } = this.options
    running.child.disconnect()
    const cancel = clock.timer(clock.nowMs() + ENDING_MS_MAX, () => running.child.kill('SIGKILL'))
    await running.child.exited
    cancel()
    this.over(running, 'asked')
  }

  private spawn(): void {
    const { command, environment, clock, changed } = this.options
    changed({ is: 'starting' })
    const nowMs = clock.nowMs()
    this.startedMs = nowMs
    const folder = this.makeFolder()
    if (folder === null) return
    try {
      const child = Bun.spawn([...command, VOICE_ARGUMENT, folder], {
        env: voiceEnvironment(environment, folder),
        // PortAudio and naudiodon print there, and the screen is ours.
        ...{ stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' },
        serialization: 'json',
        // Linux shares the processor out among sessions first (autogroups), and among what runs in one after that: in ours it would wait for
        // whatever else this terminal does, the main process first.
        detached: process.platform === 'linux',
        ipc: (message) => this.hear(running, message),
        onExit: (_child, code, signal) =>
          void this.ended(running, signal === null ? `status ${code}` : `signal ${signal}`),
      })
      const running: Running = {
        ...{ child, folder, lastWords: '', readyMs: null, lifeMs: nowMs, commands: 0 },
        listening: Promise.resolve(),
        cancelLook: () => {},
      }
      this.running = running
      running.listening = this.listen(running).catch(() => {})
      this.look(running)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      this.crashed(error instanceof Error ? error.message : String(error))
    }
  }

  /** Null where there can be none: to try again would not help. */
  private makeFolder(): string | null {
    try {
      return makeVoiceFolder(tmpdir())
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.isWanted = false
      const remedy = 'Set TMPDIR to a folder that can be written, and start hearsay again.'
      this.options.changed({ is: 'failed', message: `Voice has no room for temporary files (${why}). ${remedy}` })
      return null
    }
  }

  private hear(running: Running, message: unknown): void {
    if (this.running !== running) return
    const report = parseReport(message)
    if (report === null) {
      return this.options.log('voice-message', 'The voice process said something that is not understood.')
    }
    running.lifeMs = this.options.clock.nowMs()
    running.commands = 0
    if (report.tell === 'ready') {
      running.readyMs ??= running.lifeMs
      this.options.changed({ is: 'running' })
    }
    this.options.heard(report)
  }

  private async listen(running: Running): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of running.child.stderr) {
      running.lastWords = (running.lastWords + decoder.decode(chunk, { stream: true })).slice(-LAST_WORDS_LENGTH)
    }
  }

  /** Ends one that hangs, so that it is started again. */
  private look(running: Running): void {
    const { clock, log } = this.options
    const atMs = running.lifeMs + LIFELESS_MS_MAX
    running.cancelLook = clock.timer(atMs, () => {
      const nowMs = clock.nowMs()
      if (nowMs - atMs > LATE_MS_MAX) running.lifeMs = nowMs
      if (nowMs < running.lifeMs + LIFELESS_MS_MAX) return this.look(running)
      log('voice-hangs', 'The voice process has not been heard of for 5 s and is ended.')
      running.child.kill('SIGKILL')
    })
  }

  private async ended(running: Running, how: string): Promise<void> {
    const { clock } = this.options
    const late = new Promise<void>((resolve) => clock.timer(clock.nowMs() + LAST_WORDS_MS_MAX, resolve))
    await Promise.race([running.listening, late])
    this.over(running, how)
  }

  private over(running: Running, how: string): void {
    running.cancelLook()
    rmSync(running.folder, { recursive: true, force: true })
    if (this.running !== running) return
    this.running = null
    if (!this.isWanted) return this.options.changed({ is: 'ended' })
    // On a busy machine one that crashes as it starts may take long to do so.
    if (running.readyMs !== null && this.options.clock.nowMs() - running.readyMs >= STEADY_MS) this.crashes = 0
    const words = running.lastWords.split('\n').filter((line) => line.trim() !== '' && !CHATTER.test(line))
    const lastWords = cleanLine(words.at(-1)?.trim() ?? '')
    this.crashed(lastWords === '' ? how : `${how}, saying: ${lastWords}`)
  }

  private crashed(how: string): void {
    const { clock, log, changed } = this.options
    log('voice-crashed', `The voice process ended with ${how}.`)
    this.crashes++
    if (this.crashes >= CRASHES_MAX) {
      const message = `Voice cannot be kept running: its process ends each time, with ${how}.`
      this.isWanted = false
      return changed({ is: 'failed', message })
    }
    const gapMs = RESTART_MS[Math.min(this.crashes, RESTART_MS.length) - 1]!
    changed({ is: 'restarting', message: `Voice has crashed (${how}) and is coming back.` })
    this.cancelStart = clock.timer(Math.max(clock.nowMs(), this.startedMs + gapMs), () => {
      this.cancelStart = null
      this.spawn()
    })
  }
}
