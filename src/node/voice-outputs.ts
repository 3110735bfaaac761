import type { Address } from '../base/address.ts'

/**
 * What a node tells of voice. Who is in voice in a joined room is told of every such room (`voice-presence`); keys and endpoints only of the one in
 * which we are ourselves, for the voice process, which is told them in the words of app/voice/messages.ts.
 */
export type VoiceTelling =
  | VoicePresenceTelling
  | VoiceSessionTelling
  | VoiceMemberTelling
  | VoiceGoneTelling
  | VoiceKeyTelling

/** A stream's tag and its secret of 32 bytes (wire/voice-datagram.ts). */
export interface VoiceStreamKey {
  readonly tag: number
  readonly secret: Uint8Array
}

/** Somebody is in voice in a room, or is no longer; or mutes or deafens themselves. Not told of ourselves. */
export interface VoicePresenceTelling {
  readonly kind: 'voice-presence'
  readonly room: string
  readonly state: 'joined' | 'left' | 'changed'
  /** Ed25519 public key. */
  readonly member: Uint8Array
  /** As sent; empty if never told. */
  readonly name: string
  readonly muted: boolean
  readonly deafened: boolean
  /** They came just now, and were not there before we heard of the room: worth a chime. */
  readonly isNew: boolean
}

/**
 * We are in voice in a room, or are there anew, with keys that no voice process has seen: begin there. Each member follows as
 * `voice-member`, once keys are known both ways.
 */
export interface VoiceSessionTelling {
  readonly kind: 'voice-session'
  readonly room: string
  /** Our name in datagrams that are passed on. */
  readonly tag: number
  readonly audio: VoiceStreamKey
}

/** Somebody to talk with, or something of theirs has changed: everything of them each time. */
export interface VoiceMemberTelling {
  readonly kind: 'voice-member'
  readonly room: string
  readonly member: Uint8Array
  /** Of no other member: whoever takes a tag that is somebody's is not told of. */
  readonly tag: number
  readonly audio: VoiceStreamKey
  /** The control streams from them to us, and from us to them. */
  readonly theirs: VoiceStreamKey
  readonly ours: VoiceStreamKey
  /** Literal addresses, 8 at most. */
  readonly endpoints: readonly Address[]
  readonly muted: boolean
  /** As in the presence. */
  readonly isNew: boolean
}

/** They are sent nothing any more, and what they send is dropped. */
export interface VoiceGoneTelling {
  readonly kind: 'voice-gone'
  readonly room: string
  readonly member: Uint8Array
  /** They said so, or were given up; not because we left. */
  readonly chime: boolean
}

/** Another own audio stream: what is sealed `afterMs` from now is sealed by it. */
export interface VoiceKeyTelling {
  readonly kind: 'voice-key'
  readonly audio: VoiceStreamKey
  readonly afterMs: number
}

/** Why voice cannot be joined. */
export type VoiceFault = 'not-joined' | 'full'

/** Somebody who is in voice in a room, for lists. */
export interface VoicePresent {
  readonly member: Uint8Array
  readonly name: string
  readonly muted: boolean
  readonly deafened: boolean
  /** Since when, as far as we know: milliseconds on the monotonic clock. */
  readonly sinceMs: number
}

/**
 * The side of a node that voice is steered by: `Node` has it as `voiceAt`, for whatever may have consequences through the driver and with the
 * instant, as in `driver.run((node, instant) => node.voiceAt(instant).join(room))`; and as `voice`, to look at.
 */
export interface VoiceSteering {
  /**
   * In voice in this open room, and in no other: told as `voice-session`. Nothing is told to others before `reachable` has been called for this
   * session. In voice there already: null, and nothing happens.
   */
  join(room: string): VoiceFault | null
  /** Where our voice socket can be reached, as far as we know: to be told to members, and again when it changes. 8 at most are used. */
  reachable(endpoints: readonly Address[]): void
  /**
   * The voice process is another: a new session in the same room, told as `voice-session`, and to others after `reachable`. The node does the
   * same of its own accord where somebody else has our tag, so a `voice-session` may come at any time; of those in it before nobody is told gone.
   */
  anew(): void
  /** What others see of us; holds for later sessions too. */
  state(muted: boolean, deafened: boolean): void
  /** No `voice-gone` follows: the voice process ends with it. */
  leave(): void
  /** In which room we are in voice; null: in none. */
  readonly room: string | null
  /** Who is in voice there, without ourselves. Empty where the room is not joined. */
  present(room: string): VoicePresent[]
}
