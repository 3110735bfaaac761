import type { VoiceEvent } from '../../app/events.ts'
import type { VoiceView } from '../../app/voice/contract.ts'
import type { Message, Voice } from './model/model.ts'

/** How voice stands, as the screen shows it; null where we are in none. `self`: our own id. */
function voiceOf(view: VoiceView, self: string): Voice | null {
  if (view.room === null) return null
  const { room, muted, deafened, pressed, mode, talkKey, peers } = view
  const speaking = peers.filter((peer) => peer.speaking && !peer.silenced).map(({ id }) => id)
  const silent = peers.filter((peer) => peer.muted || peer.silenced).map(({ id }) => id)
  return {
    state: deafened ? 'deafened' : muted ? 'muted' : 'on',
    room,
    isHeld: pressed,
    key: mode === 'push' ? talkKey : null,
    speaking: new Set(view.talking && !muted ? [...speaking, self] : speaking),
    muted: new Set(muted ? [...silent, self] : silent),
  }
}

/** What an event of voice makes of the screen. `event` null: something else happened, after which the test of the microphone may be over. */
export function voiceMessage(view: VoiceView, self: string, event: VoiceEvent | null): Message {
  const counts =
    event === null ? [] : [{ room: event.room, count: event.peers.length + (event.state === 'off' ? 0 : 1) }]
  return { kind: 'voice', voice: voiceOf(view, self), microphoneDb: view.test?.peakDb ?? null, counts }
}
