import type { Address } from '../base/address.ts'
import { TokenBucket } from '../core/gossip/token-bucket.ts'
import { PassingKind, type ReceivedPassing } from '../wire/passing.ts'
import { decodeSignal, encodeSignal, tellableEndpoints, type VoiceSignal } from '../wire/voice-signal.ts'
import type { NodeContext } from './context.ts'
import type { SayPassing } from './passing-on.ts'
import type { Room } from './room-state.ts'
import type { Rooms } from './rooms.ts'
import { VoiceAnnouncer } from './voice-announcer.ts'
import type { VoiceFault, VoicePresent, VoiceSteering } from './voice-outputs.ts'
import type { Partner } from './voice-partner.ts'
import { type InVoice, type Said, VOICE_ROOM_MAX, VoiceRoster } from './voice-roster.ts'
import { type SaidState, VoiceSession } from './voice-session.ts'

const EXPIRE_EVERY_MS = 5_000
/** Older than this by its own clock, a state is a recording that somebody plays back. Clocks may differ by so much. */
const STATE_AGE_MAX_MS = 10 * 60_000
/** New sessions because somebody has our tag. */
const REDRAWS_BURST = 3
const REDRAW_REFILL_MS = 10 * 60_000

/** Says that we are in voice and by what keys, and keeps up with who else is. */
export class Voice implements VoiceSteering {
  private readonly roster = new VoiceRoster()
  private readonly announcer: VoiceAnnouncer
  private session: VoiceSession | null = null
  private joinedMs = 0
  /** When others were told first that we are in voice in this room, through all sessions; null: not yet. */
  private toldMs: number | null = null
  private muted = false
  private deafened = false
  private readonly redraws = new TokenBucket(REDRAWS_BURST, REDRAW_REFILL_MS)
  private isExpiring = false

  constructor(
    private readonly context: NodeContext,
    private readonly rooms: Pick<Rooms, 'clock' | 'open' | 'named'>,
    private readonly say: SayPassing,
  ) {
    this.announcer = new VoiceAnnouncer(context, {
      state: () => this.saidState(),
      tell: (room, signal) => this.tell(room, signal),
      granted: (partner) => this.tellMember(partner),
    })
  }

  get room(): string | null {
    return this.session?.room.name ?? null
  }

  present(name: string): VoicePresent[] {
    const room = this.rooms.named(name)
    if (room === undefined) return []
    return [...this.roster.present(room).values()].map(({ id, key, muted, deafened, sinceMs }) => {
      return { member: id, name: nameOf(room, key), muted, deafened, sinceMs }
    })
  }

  join(name: string): VoiceFault | null {
    const room = this.rooms.named(name)
    if (room === undefined) return 'not-joined'
    if (this.session?.room === room) return null
    if (this.roster.present(room).size >= VOICE_ROOM_MAX) return 'full'
    this.leave()
    this.joinedMs = this.context.nowMs
    this.begin(room)
    return null
  }

  reachable(endpoints: readonly Address[]): void {
    if (this.session?.reachable(tellableEndpoints(endpoints)) !== true) return
    this.toldMs ??= this.context.nowMs
    this.announcer.sayIn(0)
  }

  anew(): void {
    if (this.session !== null) this.begin(this.session.room)
  }

  state(muted: boolean, deafened: boolean): void {
    if (muted === this.muted && deafened === this.deafened) return
    this.muted = muted
    this.deafened = deafened
    this.announcer.sayIn(0)
  }

  leave(): void {
    const { session, toldMs } = this
    if (session === null) return
    this.session = null
    this.toldMs = null
    this.announcer.turnTo(null)
    if (toldMs !== null) this.tell(session.room, { kind: 'left' })
  }

  /** A room was joined. */
  entered(room: Room): void {
    this.roster.entered(room, this.context.nowMs)
  }

  /** A room is about to be left. */
  leaving(name: string): void {
    const room = this.rooms.named(name)
    if (room === undefined) return
    if (this.session?.room === room) this.leave()
    this.roster.left(room)
  }

  /** There is somebody to tell, after there was nobody. */
  linkUp(): void {
    this.announcer.sayIn(0)
  }

  arrived(passing: ReceivedPassing, authorKey: string): void {
    const room = this.rooms.open.get(passing.room.toHex())
    if (room === undefined || this.context.wallMs - passing.time.ms > STATE_AGE_MAX_MS) return
    const signal = decodeSignal(passing.body)
    if (signal === null || !this.rooms.clock.see(passing.time, this.context.wallMs)) return
    const said: Said = { author: passing.author, authorKey, time: passing.time }
    if (signal.kind === 'here') return this.here(room, said, signal)
    const gone = this.roster.goodbye(room, said)
    if (gone !== null) this.gone(gone)
  }

  private here(room: Room, said: Said, here: VoiceSignal & { kind: 'here' }): void {
    const heard = this.roster.here(room, said, here, this.session?.room === room, this.context.nowMs)
    if (heard === null) return
    const { who, change } = heard
    if (change === 'joined' || change === 'changed') this.tellPresence(who, change)
    if (!this.isExpiring) this.expireLater()
    if (this.session?.room !== room) return
    if (who.tag === this.session.tag && this.redraws.take(this.context.nowMs)) return this.anew()
    if (change === 'session') this.drop(who, false)
    const partner = change === 'older' ? this.session.partners.get(who.key) : this.session.admit(who)
    if (partner === undefined || partner === null) return
    this.session.heard(partner, here, change !== 'older')
    this.tellMember(partner)
    this.announcer.mend()
  }

  private begin(room: Room): void {
    this.session = new VoiceSession(this.context, room)
    const { tag, audio } = this.session
    this.announcer.turnTo(this.session)
    for (const who of this.roster.present(room).values()) this.session.admit(who)
    this.context.emit({ kind: 'voice-session', room: room.name ?? '', tag, audio })
  }

  private gone(who: InVoice): void {
    this.tellPresence(who, 'left')
    if (this.session?.room !== who.room) return
    this.drop(who, true)
    this.announcer.mend()
  }

  private drop(who: InVoice, chime: boolean): void {
    if (this.session?.drop(who.key) !== true) return
    this.context.emit({ kind: 'voice-gone', room: who.room.name ?? '', member: who.id, chime })
  }

  private saidState(): SaidState {
    const { nowMs } = this.context
    const ageTenths = Math.ceil((nowMs - (this.toldMs ?? nowMs)) / 100)
    return { muted: this.muted, deafened: this.deafened, ageTenths }
  }

  private tell(room: Room, signal: VoiceSignal): boolean {
    return this.say(room.id, PassingKind.voice, this.rooms.clock.tick(this.context.wallMs), encodeSignal(signal))
  }

  private tellMember(partner: Partner): void {
    const { who } = partner
    const telling = this.session?.telling(partner, who.isNew && who.sinceMs > this.joinedMs) ?? null
    if (telling === null) return
    this.context.emit(telling)
    // Not once more to the next voice process.
    who.isNew = false
  }

  private tellPresence(who: InVoice, state: 'joined' | 'left' | 'changed'): void {
    const { room, id: member, key, muted, deafened } = who
    const isNew = state === 'joined' && who.isNew
    const name = nameOf(room, key)
    this.context.emit({ kind: 'voice-presence', room: room.name ?? '', state, member, name, muted, deafened, isNew })
  }

  private expireLater(): void {
    this.isExpiring = true
    this.context.after(EXPIRE_EVERY_MS, () => {
      this.isExpiring = false
      for (const who of this.roster.expire(this.context.nowMs)) this.gone(who)
      if (this.roster.size > 0) this.expireLater()
    })
  }
}

function nameOf(room: Room, key: string): string {
  return room.members.get(key)?.name ?? ''
}
