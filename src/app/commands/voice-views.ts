import type { Chat } from '../chat.ts'
import type { DeviceView, VoiceAnswer, VoiceChoices, VoicePeer, VoiceView } from '../voice/contract.ts'
import { columns, namesOf } from './views.ts'

/** How commands put voice into lines for people. */

export function standing({ room, muted, deafened, pressed }: VoiceAnswer): string {
  if (room === null) {
    if (deafened) return 'You are not in voice, and will be deafened there.'
    return muted ? 'You are not in voice, and will be muted there.' : 'You are not in voice. /voice join begins.'
  }
  if (deafened) return `You are in voice in ${room}, muted, and hear nobody. /undeafen changes that.`
  if (muted) return `You are in voice in ${room}, muted. /unmute lets the others hear you.`
  return pressed ? `You are talking in ${room}.` : `You are in voice in ${room}.`
}

export function peerRows(peers: readonly VoicePeer[], chat: Chat): string[] {
  const names = namesOf(chat)
  const rows = peers.map((peer) => [
    names.show(peer),
    peer.speaking ? 'speaks' : peer.deafened ? 'deafened' : peer.muted ? 'muted' : 'silent',
    wayOf(peer, (person) => names.show(person)),
    peer.lossPercent === null ? '' : `${peer.lossPercent} % lost`,
    peer.jitterMs === null ? '' : `jitter ${Math.round(peer.jitterMs)} ms`,
    peer.delayMs === null ? '' : `delay ${Math.round(peer.delayMs)} ms`,
    peer.silenced ? 'muted by you' : peer.volumePercent === 100 ? '' : `volume ${peer.volumePercent} %`,
  ])
  return columns(rows)
}

function wayOf({ path, through, rttMs }: VoicePeer, show: (person: { id: string; name: string }) => string): string {
  if (path === null) return ''
  if (path === 'none') return 'no way yet'
  const there = path === 'direct' ? 'direct' : `through ${through === null ? 'somebody' : show(through)}`
  return rttMs === null ? there : `${there}, ${Math.round(rttMs)} ms`
}

export function deviceLines(title: string, devices: readonly DeviceView[], word: 'in' | 'out'): string[] {
  if (devices.length === 0) return [`${title}: none`]
  const rows = devices.map(({ name, isDefault, chosen }, index) => [
    `  ${chosen ? '*' : ' '} ${index + 1}`,
    name,
    isDefault ? 'the default' : '',
  ])
  return [`${title} (/voice device ${word} <number> chooses)`, ...columns(rows)]
}

export function choiceLine(choices: VoiceChoices): string {
  const { mode, bitrate, frameMs, noiseSuppression, gain, volumePercent, chimes, talkKey } = choices
  return [
    mode === 'push' ? `push-to-talk (${talkKey ?? 'no key at the prompt'}, /ptt, hearsay ptt)` : MODES[mode],
    `${bitrate / 1_000} kbit/s`,
    `frames of ${frameMs} ms`,
    `noise suppression ${noiseSuppression ? 'on' : 'off'}`,
    gain === 'auto' ? 'automatic gain' : `gain ${gain} dB`,
    `volume ${volumePercent} %`,
    `chimes ${chimes ? 'on' : 'off'}`,
  ].join(', ')
}

const MODES = { voice: 'opened by your voice', open: 'always open' } as const

export function soundLine({ ready, input, output, port }: VoiceView): string {
  if (!ready) return 'Sound is starting.'
  const missing = [input ? '' : 'no microphone', output ? '' : 'nothing to play on'].filter((each) => each !== '')
  const sound = missing.length === 0 ? 'Microphone and playback are open' : `There is ${missing.join(' and ')}`
  return `${sound}; UDP port ${port ?? 'none'}.`
}
