import { toHex } from '../base/bytes.ts'
import { cleanName } from '../base/text.ts'
import { type MemberChange, PRESENCE_EVERY_MS } from '../core/room/members.ts'
import { decodePresence, encodePresence, PassingKind, type ReceivedPassing, readSealed } from '../wire/passing.ts'
import type { NodeContext } from './context.ts'
import type { PassingOn } from './passing-on.ts'
import type { Room } from './room-state.ts'
import type { Rooms } from './rooms.ts'

/** No room tells its presence more often than this, whatever happens around it. */
const PRESENCE_GAP_MS = 250
/** With the first neighbour, presence is told within this. */
const SOON_MS_MAX = 50
/** Older than this by its own clock, a presence is a recording that somebody plays back. Clocks may differ by so much. */
const PRESENCE_AGE_MAX_MS = 10 * 60_000

/** Who wants to know of presences, whatever room they are of, and of changes among members. */
export interface PresenceWatcher {
  /** Somebody's newest presence has come by a neighbour; both by their keys. */
  heard(authorKey: string, through: string): void
  membersChanged(room: Room): void
}

/** Says who we are in which rooms, and keeps up with who else is. */
export class PresenceKeeper {
  constructor(
    private readonly context: NodeContext,
    private readonly rooms: Pick<Rooms, 'clock' | 'open'>,
    private readonly passing: () => PassingOn,
    private readonly name: () => string,
    private readonly watcher: PresenceWatcher,
  ) {
    this.beat()
  }

  /** At once: a change that others should see. */
  tell(room: Room, state: 'here' | 'left'): void {
    if (room.name === null) return
    const body = encodePresence({ state, name: this.name() })
    const told = this.passing().say(room.id, PassingKind.presence, this.rooms.clock.tick(this.context.wallMs), body)
    if (told) room.presenceAtMs = this.context.nowMs
  }

  /** Soon, and once however often it is asked for: there is somebody to tell again. */
  tellSoon(room: Room): void {
    if (room.presencePlanned || room.name === null) return
    room.presencePlanned = true
    const sinceMs = this.context.nowMs - room.presenceAtMs
    const waitMs = Math.max(0, PRESENCE_GAP_MS - sinceMs) + this.context.rng.float() * SOON_MS_MAX
    this.context.after(waitMs, () => {
      room.presencePlanned = false
      if (this.rooms.open.get(room.key) === room) this.tell(room, 'here')
    })
  }

  /** Takes in what was said in a room before it was joined here, and says that we are there. */
  entered(room: Room): void {
    for (const { sealed, hops, authorKey, bornAtMs, through } of this.passing().presences(room.key)) {
      const passing = readSealed(sealed, hops)
      if (passing !== null && authorKey !== this.context.ownKey) {
        this.take(passing, authorKey, this.context.nowMs - bornAtMs, through)
      }
    }
    this.tell(room, 'here')
  }

  /** `ageMs`: how long ago it was said. `through`: key of the neighbour that brought it. */
  arrived(passing: ReceivedPassing, authorKey: string, ageMs: number, through: string): void {
    if (passing.kind !== PassingKind.presence) return
    this.watcher.heard(authorKey, through)
    this.take(passing, authorKey, ageMs, through)
  }

  private take(passing: ReceivedPassing, authorKey: string, ageMs: number, through: string): void {
    const room = this.rooms.open.get(toHex(passing.room))
    const presence = decodePresence(passing.body)
    if (room === undefined || presence === null) return
    if (this.context.wallMs - passing.time.ms > PRESENCE_AGE_MAX_MS) return
    if (!this.rooms.clock.see(passing.time, this.context.wallMs)) return
    if (presence.state === 'left') return this.changed(room, room.members.left(authorKey, passing.time))
    const name = cleanName(presence.name)
    const { author, time, hops } = passing
    const heardAtMs = this.context.nowMs - ageMs
    this.changed(room, room.members.here(author, authorKey, { name, time, hops, through, heardAtMs }))
  }

  private changed(room: Room, change: MemberChange | null): void {
    if (change === null || room.name === null) return
    if (change.kind !== 'renamed') this.watcher.membersChanged(room)
    const { member } = change
    const was = change.kind === 'renamed' ? change.was : ''
    this.context.emit({
      kind: 'member',
      room: room.name,
      state: change.kind,
      member: member.id,
      name: member.name,
      was,
      hops: member.hops,
      through: member.through,
    })
  }

  private beat(): void {
    for (const room of this.rooms.open.values()) {
      for (const change of room.members.expire(this.context.nowMs)) this.changed(room, change)
      if (this.context.nowMs - room.presenceAtMs >= PRESENCE_EVERY_MS / 2) this.tell(room, 'here')
    }
    this.context.after(PRESENCE_EVERY_MS * (0.9 + 0.2 * this.context.rng.float()), () => this.beat())
  }
}
