import { equalBytes } from '../base/bytes.ts'
import { compareHlc, type HlcTime } from '../base/hlc.ts'
import { TokenBucket } from '../core/gossip/token-bucket.ts'
import { PATH_PEERS_MAX } from '../core/voice/paths.ts'
import type { VoiceHere } from '../wire/voice-signal.ts'
import { sessionTag } from '../wire/voice-signal-keys.ts'
import type { Room } from './room-state.ts'

/** Three times that it is said (voice-announcer.ts) are missed, and some more, before somebody is given up. */
export const VOICE_LASTS_MS = 45_000
/** In one room, ourselves included: a voice process takes no more. */
export const VOICE_ROOM_MAX = PATH_PEERS_MAX
/** In all rooms that we are in by text alone: some 1 MB. */
const PRESENT_MAX = 2_048
/** Those present, and as many again who have been: some 2 MB. */
const TRACES_MAX = 2 * PRESENT_MAX
/** What is said of somebody who has just come is news; of one who came before it is none. */
const NEW_MS_MAX = 10_000
/** Something older than what is known may have been overtaken on its way; anything yet older is a recording. Shorter than ids are known for. */
const OVERTAKEN_MS_MAX = 30_000
/** What one author says of one room: some ten events when the keys of a full room change, and one every few seconds. */
const EVENTS_BURST = 64
const EVENT_REFILL_MS = 250
/** How often they begin: each time everybody's keys change. A voice process that crashes over and over is started again every few seconds. */
const SESSIONS_BURST = 6
const SESSION_REFILL_MS = 5_000

/** Somebody who is in voice in a room, as they said last. */
export interface InVoice {
  readonly room: Room
  readonly id: Uint8Array
  readonly key: string
  /** Monotonic. */
  readonly sinceMs: number
  session: Uint8Array
  tag: number
  muted: boolean
  deafened: boolean
  isNew: boolean
  time: HlcTime
  heardAtMs: number
}

/** What a state has changed. `older`: nothing of itself, but what else came with it may be new. */
export type VoiceChange = 'joined' | 'session' | 'changed' | 'same' | 'older'

/** What is known of an author in a room beyond their being there. */
interface Trace {
  readonly authorKey: string
  readonly roomKey: string
  readonly events: TokenBucket
  readonly sessions: TokenBucket
  /** When they left, or were heard of last before they were given up: what is not newer brings nobody back. */
  ended: HlcTime | null
}

/** Who is in voice in the rooms that we have joined. Pure: the time is an argument. */
export class VoiceRoster {
  private readonly rooms = new Map<string, { readonly enteredMs: number; readonly present: Map<string, InVoice> }>()
  private readonly traces = new Map<string, Trace>()
  /** How many are present, in all rooms. */
  size = 0

  entered(room: Room, nowMs: number): void {
    this.rooms.set(room.key, { enteredMs: nowMs, present: new Map() })
  }

  left(room: Room): void {
    this.size -= this.rooms.get(room.key)?.present.size ?? 0
    this.rooms.delete(room.key)
  }

  present(room: Room): ReadonlyMap<string, InVoice> {
    return this.rooms.get(room.key)?.present ?? NOBODY
  }

  /**
   * Takes in a state of an author that is to be believed by its time. Null: it is old, too much, or there is no room. `isOurs`: we are in voice
   * there too.
   */
  here(
    room: Room,
    { author, authorKey, time }: Said,
    here: VoiceHere,
    isOurs: boolean,
    nowMs: number,
  ): { readonly who: InVoice; readonly change: VoiceChange } | null {
    const place = this.rooms.get(room.key)
    if (place === undefined) return null
    const known = place.present.get(authorKey)
    const traced = this.traces.get(authorKey + room.key)
    if (known === undefined) {
      if (isOld(time, traced?.ended) || !this.hasRoom(place.present, isOurs)) return null
      const trace = traced ?? this.trace(room, authorKey)
      if (!trace.events.take(nowMs) || !trace.sessions.take(nowMs)) return null
      const ageMs = here.ageTenths * 100
      const sinceMs = nowMs - ageMs
      const isNew = ageMs <= NEW_MS_MAX && sinceMs > place.enteredMs
      const { muted, deafened } = here
      const ids = { id: author.slice(), key: authorKey, ...sessionOf(room, author, here) }
      const who = { room, ...ids, sinceMs, muted, deafened, isNew, time, heardAtMs: nowMs }
      place.present.set(authorKey, who)
      this.size++
      return { who, change: 'joined' }
    }
    const isSame = equalBytes(known.session, here.session)
    if (isOld(time, known.time)) {
      const isOvertaken = isSame && known.time.ms - time.ms <= OVERTAKEN_MS_MAX
      return isOvertaken && traced?.events.take(nowMs) === true ? { who: known, change: 'older' } : null
    }
    if (traced?.events.take(nowMs) !== true || !(isSame || traced.sessions.take(nowMs))) return null
    const change = isSame ? (isAlike(known, here) ? 'same' : 'changed') : 'session'
    if (!isSame) Object.assign(known, sessionOf(room, author, here), { isNew: false })
    Object.assign(known, { muted: here.muted, deafened: here.deafened, time, heardAtMs: nowMs })
    return { who: known, change }
  }

  /** Somebody says that they have left; whom we lose by it. */
  goodbye(room: Room, { authorKey, time }: Said): InVoice | null {
    const place = this.rooms.get(room.key)
    if (place === undefined) return null
    const known = place.present.get(authorKey)
    const trace = this.traces.get(authorKey + room.key) ?? this.trace(room, authorKey)
    if (isOld(time, known?.time ?? trace.ended)) return null
    trace.ended = time
    return known === undefined ? null : this.remove(known)
  }

  /** Those not heard of for too long. */
  expire(nowMs: number): InVoice[] {
    const gone: InVoice[] = []
    for (const { present } of this.rooms.values()) {
      for (const who of present.values()) if (nowMs - who.heardAtMs > VOICE_LASTS_MS) gone.push(who)
    }
    for (const who of gone) {
      const trace = this.traces.get(who.key + who.room.key)
      if (trace !== undefined) trace.ended = who.time
      this.remove(who)
    }
    return gone
  }

  private remove(who: InVoice): InVoice {
    this.rooms.get(who.room.key)?.present.delete(who.key)
    this.size--
    return who
  }

  private hasRoom(present: ReadonlyMap<string, InVoice>, isOurs: boolean): boolean {
    return isOurs ? present.size < VOICE_ROOM_MAX - 1 : present.size < VOICE_ROOM_MAX && this.size < PRESENT_MAX
  }

  private trace(room: Room, authorKey: string): Trace {
    if (this.traces.size >= TRACES_MAX) this.forgetOne()
    const trace: Trace = {
      authorKey,
      roomKey: room.key,
      events: new TokenBucket(EVENTS_BURST, EVENT_REFILL_MS),
      sessions: new TokenBucket(SESSIONS_BURST, SESSION_REFILL_MS),
      ended: null,
    }
    this.traces.set(authorKey + room.key, trace)
    return trace
  }

  /** The one of those who are not present that was seen first; who is present goes to the end. */
  private forgetOne(): void {
    for (const [key, trace] of this.traces) {
      this.traces.delete(key)
      if (this.rooms.get(trace.roomKey)?.present.has(trace.authorKey) !== true) return
      this.traces.set(key, trace)
    }
  }
}

/** Of a passing event, what tells whose it is and when it was said. */
export interface Said {
  readonly author: Uint8Array
  readonly authorKey: string
  readonly time: HlcTime
}

const NOBODY: ReadonlyMap<string, InVoice> = new Map()

function sessionOf(room: Room, author: Uint8Array, { session }: VoiceHere): Pick<InVoice, 'session' | 'tag'> {
  return { session: session.slice(), tag: sessionTag(room.id, author, session) }
}

function isOld(time: HlcTime, newest: HlcTime | null | undefined): boolean {
  return newest !== null && newest !== undefined && compareHlc(time, newest) <= 0
}

function isAlike(a: Pick<InVoice, 'muted' | 'deafened'>, b: Pick<InVoice, 'muted' | 'deafened'>): boolean {
  return a.muted === b.muted && a.deafened === b.deafened
}
