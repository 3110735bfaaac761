import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { VoiceEvent } from '../../src/app/events.ts'
import type { VoicePeer } from '../../src/app/voice/contract.ts'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { levelAt, Tone } from '../ports/sound-ends.ts'
import { writeWav } from '../voice/wav.ts'
import { Program, temporaryHome } from './program.ts'

const TONE_SECONDS = 60
const HEADER_BYTES = 44
const WINDOW_SAMPLES = 0.2 * SAMPLE_RATE_HZ
/** A tone is sent at half of full scale, and is nobody's fault where it is a little less. */
const HEARD_LEVEL = 0.1
const LOOK_MS = 50
/** It bounds a failure. */
const PATIENCE_MS = 20_000

/** Somebody who hums one tone for as long as they are not muted, with a file for a microphone and another for ears. */
export class VoicePerson {
  private constructor(
    readonly program: Program,
    readonly hz: number,
    private readonly ears: string,
  ) {}

  /** `via`: what is put before the program, as for one in a network of its own. */
  static async start(
    name: string,
    hz: number,
    args: readonly string[],
    via: readonly string[] = [],
  ): Promise<VoicePerson> {
    const home = temporaryHome()
    const [mouth, ears] = [join(home, 'mouth.wav'), join(home, 'ears.wav')]
    const sound = new Float32Array(TONE_SECONDS * SAMPLE_RATE_HZ)
    new Tone(hz).fill(sound)
    writeWav(mouth, sound, SAMPLE_RATE_HZ)
    const files = ['--audio-in', mouth, '--audio-out', ears, '--voice-mode', 'open', '--no-noise-suppression']
    const options = { home, env: { XDG_RUNTIME_DIR: home }, via }
    const program = await Program.start(['--username', name, '--ephemeral', ...files, ...args], options)
    // Nothing but the tones, as they are.
    await program.do({ do: 'voice', action: 'gain', gain: 0 })
    await program.do({ do: 'voice', action: 'chimes', on: false })
    return new VoicePerson(program, hz, ears)
  }

  join(room?: string) {
    return this.program.do({ do: 'voice', action: 'join', ...(room === undefined ? {} : { room }) })
  }

  /** Takes away what was heard so far; a voice process that is started later writes it anew. */
  forget(): void {
    rmSync(this.ears, { force: true })
  }

  /** Waits until what comes in is the tones of these, and of nobody else among `all`. */
  async hears(these: readonly VoicePerson[], all: readonly VoicePerson[]): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS
    for (;;) {
      const sound = this.lately()
      const isHeard = (person: VoicePerson): boolean => levelAt(person.hz, sound) > HEARD_LEVEL
      if (sound.length > 0 && all.every((person) => isHeard(person) === these.includes(person))) return
      if (performance.now() > deadlineMs) {
        const levels = all.map((person) => `${person.hz} Hz at ${levelAt(person.hz, sound).toFixed(3)}`)
        throw new Error(`heard ${sound.length === 0 ? 'nothing' : levels.join(', ')}`)
      }
      await Bun.sleep(LOOK_MS)
    }
  }

  /** The last that was told of voice. */
  get told(): VoiceEvent | undefined {
    return this.program.lines.findLast((line): line is VoiceEvent => line.event === 'voice')
  }

  peer(other: VoicePerson): VoicePeer | undefined {
    return this.told?.peers.find(({ id }) => id === other.program.id)
  }

  /** The voice process, which is the only child there is. */
  get voicePid(): number | null {
    const { pid } = this.program
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return children === '' ? null : Number(children.split(' ')[0])
  }

  private lately(): Float32Array {
    if (!existsSync(this.ears)) return new Float32Array(0)
    const file = openSync(this.ears, 'r')
    try {
      const samples = Math.floor((fstatSync(file).size - HEADER_BYTES) / 2)
      if (samples < WINDOW_SAMPLES) return new Float32Array(0)
      const window = new Int16Array(WINDOW_SAMPLES)
      readSync(file, new Uint8Array(window.buffer), 0, window.byteLength, HEADER_BYTES + 2 * (samples - WINDOW_SAMPLES))
      return Float32Array.from(window, (sample) => sample / 32_768)
    } finally {
      closeSync(file)
    }
  }
}
