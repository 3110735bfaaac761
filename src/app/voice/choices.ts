import { join } from 'node:path'
import * as v from 'valibot'
import { BITRATE_FIRST, BITRATE_MAX, BITRATE_MIN } from '../../core/voice/loss-control.ts'
import { VOLUME_PERCENT_MAX } from '../../core/voice/mixer.ts'
import type { Log } from '../log.ts'
import { readSmallFile, replaceSmallFile } from '../small-file.ts'
import type { Tuning, VoiceChoices } from './contract.ts'

/**
 * What people have chosen of voice, in `voice.json` beside config.toml: that file is the user's own, with comments that a program would lose.
 * Nobody has to write this one; what cannot be understood in it is as if it were not there.
 */
const FILE = 'voice.json'
const FILE_BYTES_MAX = 256 * 1024
/** People whose volume is remembered; of more, the one set longest ago is forgotten. */
const PEOPLE_MAX = 500
const TEXT_LENGTH_MAX = 1_024
const GAIN_DB_MOST = 20

export const CHOICES_FIRST: VoiceChoices = {
  mode: 'voice',
  bitrate: BITRATE_FIRST,
  frameMs: 20,
  noiseSuppression: true,
  gain: 'auto',
  volumePercent: 100,
  chimes: true,
  input: null,
  output: null,
  talkKey: 'f8',
}

const AS_IT_COMES: Tuning = { volumePercent: 100, silenced: false }

const volume = v.pipe(v.number(), v.minValue(0), v.maxValue(VOLUME_PERCENT_MAX))
const device = v.nullable(v.pipe(v.string(), v.maxLength(TEXT_LENGTH_MAX)))
const gainDb = v.pipe(v.number(), v.minValue(-GAIN_DB_MOST), v.maxValue(GAIN_DB_MOST))
const talkKey = v.nullable(v.pipe(v.string(), v.regex(/^(f([1-9]|1[0-2])|ctrl-space)$/)))
const tuning = v.object({ volumePercent: volume, silenced: v.boolean() })

const fields = {
  mode: v.picklist(['voice', 'push', 'open']),
  bitrate: v.pipe(v.number(), v.minValue(BITRATE_MIN), v.maxValue(BITRATE_MAX)),
  frameMs: v.picklist([10, 20]),
  noiseSuppression: v.boolean(),
  gain: v.union([v.literal('auto'), gainDb]),
  volumePercent: volume,
  chimes: v.boolean(),
  input: device,
  output: device,
  talkKey,
}
/** Each by itself: one that is not understood does not spoil the others. */
const kept = v.object({
  mode: v.fallback(fields.mode, CHOICES_FIRST.mode),
  bitrate: v.fallback(fields.bitrate, CHOICES_FIRST.bitrate),
  frameMs: v.fallback(fields.frameMs, CHOICES_FIRST.frameMs),
  noiseSuppression: v.fallback(fields.noiseSuppression, CHOICES_FIRST.noiseSuppression),
  gain: v.fallback(fields.gain, CHOICES_FIRST.gain),
  volumePercent: v.fallback(fields.volumePercent, CHOICES_FIRST.volumePercent),
  chimes: v.fallback(fields.chimes, CHOICES_FIRST.chimes),
  input: v.fallback(fields.input, CHOICES_FIRST.input),
  output: v.fallback(fields.output, CHOICES_FIRST.output),
  talkKey: v.fallback(fields.talkKey, CHOICES_FIRST.talkKey),
  people: v.fallback(v.record(v.pipe(v.string(), v.maxLength(64)), tuning), {}),
})
const partial = v.partial(v.object(fields))

/** Why a choice cannot be one is nobody's to tell: commands check before. False here is a programmer's fault. */
function areChoices(choices: unknown): boolean {
  return v.is(partial, choices)
}

export interface ChoiceStoreOptions {
  /** Null: nothing is read, and nothing written. */
  readonly folder: string | null
  readonly isWritten: boolean
  /** What this start was asked for: counts over what was chosen before, and is not remembered. */
  readonly given: Partial<VoiceChoices>
  readonly log: Log
}

export class ChoiceStore {
  private chosen: VoiceChoices = CHOICES_FIRST
  private given: Partial<VoiceChoices>
  private readonly people = new Map<string, Tuning>()
  private readonly path: string | null

  constructor(private readonly options: ChoiceStoreOptions) {
    this.given = options.given
    this.path = options.folder === null ? null : join(options.folder, FILE)
    if (this.path !== null) this.read(this.path)
  }

  get choices(): VoiceChoices {
    return { ...this.chosen, ...this.given }
  }

  choose(choices: Partial<VoiceChoices>): void {
    if (!areChoices(choices)) throw new Error('a choice that cannot be one')
    this.chosen = { ...this.chosen, ...choices }
    this.given = { ...this.given, ...choices }
    this.write()
  }

  /** How somebody is to be heard, by their id. */
  tuning(id: string): Tuning {
    return this.people.get(id) ?? AS_IT_COMES
  }

  tune(id: string, change: Partial<Tuning>): Tuning {
    const tuned = { ...this.tuning(id), ...change }
    this.people.delete(id)
    if (tuned.silenced || tuned.volumePercent !== AS_IT_COMES.volumePercent) this.people.set(id, tuned)
    if (this.people.size > PEOPLE_MAX) this.people.delete(this.people.keys().next().value!)
    this.write()
    return tuned
  }

  private read(path: string): void {
    const file = readSmallFile(path, FILE_BYTES_MAX)
    if (!file.ok) {
      if (file.code !== 'missing') this.options.log('voice-choices', `${path} cannot be read: ${file.said}.`)
      return
    }
    const parsed = v.safeParse(kept, parseJson(new TextDecoder().decode(file.bytes)))
    if (!parsed.success) return this.options.log('voice-choices', `${path} is not understood: it is begun anew.`)
    const { people, ...choices } = parsed.output
    this.chosen = choices
    for (const [id, each] of Object.entries(people).slice(0, PEOPLE_MAX)) this.people.set(id, each)
  }

  private write(): void {
    if (this.path === null || !this.options.isWritten) return
    const text = `${JSON.stringify({ ...this.chosen, people: Object.fromEntries(this.people) }, null, 2)}\n`
    const done = replaceSmallFile(this.path, text)
    if (!done.ok) this.options.log('voice-choices', `${this.path} cannot be written: ${done.said}.`)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
