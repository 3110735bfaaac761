import { cleanLine } from '../../base/text.ts'
import type { Fault, Outcome } from '../chat.ts'
import type { Voice, VoiceAnswer } from './contract.ts'

/** What a key of a compositor or window manager can do with a hearsay that runs: `hearsay ptt on` and the like. */

export type ControlWord = 'ptt' | 'mute' | 'unmute' | 'deafen' | 'undeafen' | 'status'
export type ControlHow = 'on' | 'off' | 'toggle'

export interface ControlAsked {
  readonly word: ControlWord
  /** As the word takes it where it is left out: a key is toggled, the rest is done. */
  readonly how: ControlHow
}

const WORDS: readonly ControlWord[] = ['ptt', 'mute', 'unmute', 'deafen', 'undeafen', 'status']
const HOWS: readonly ControlHow[] = ['on', 'off', 'toggle']
/** Those that take on, off or toggle. */
const SWITCHES: readonly ControlWord[] = ['ptt', 'mute', 'deafen']

/** `ptt on`, `mute`, `status`: the words of one request; null where they are none. */
export function readControl(words: readonly string[]): ControlAsked | null {
  const [first, second, more] = words
  const word = WORDS.find((each) => each === first)
  if (word === undefined || more !== undefined) return null
  if (second === undefined) return { word, how: word === 'ptt' ? 'toggle' : 'on' }
  const how = HOWS.find((each) => each === second)
  return how === undefined || !SWITCHES.includes(word) ? null : { word, how }
}

export function isControlWord(word: string | undefined): word is ControlWord {
  return WORDS.some((each) => each === word)
}

/** As far as voice is steered from outside. */
export type Controlled = Pick<Voice, 'view' | 'mute' | 'deafen' | 'press'>

export async function obey(voice: Controlled, { word, how }: ControlAsked): Promise<Outcome<VoiceAnswer>> {
  const { state, room, muted, deafened, pressed } = voice.view()
  if (word === 'status') return { ok: true, state, room, muted, deafened, pressed }
  if (room === null) return NOT_IN_VOICE
  const on = how === 'toggle' ? null : how === 'on'
  if (word === 'ptt') return voice.press(on)
  if (word === 'mute') return voice.mute(on)
  if (word === 'deafen') return voice.deafen(on)
  return word === 'unmute' ? voice.mute(false) : voice.deafen(false)
}

const NOT_IN_VOICE: Fault = { ok: false, code: 'not-in-voice', message: 'You are not in voice: /voice join begins.' }

/** For people, and for what shows it in a bar. */
export function controlSentence({ state, room, deafened, pressed }: VoiceAnswer): string {
  if (room === null) return 'off'
  const more = [deafened ? 'deafened' : '', pressed ? 'talking' : ''].filter((each) => each !== '')
  return cleanLine([state, room, ...more].join(' '))
}
