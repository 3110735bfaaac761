import { compareHlc, type HlcTime } from '../../base/hlc.ts'

/**
 * Who is in a room, as far as their presence has reached us. Presence is said on joining, on leaving, on a change of
 * name, soon after the first neighbour came, and every `PRESENCE_EVERY_MS`; who is not heard of for `PRESENCE_LASTS_MS` is taken to
 * have left. Pure: the time is an argument.
 */
export interface Member {
  readonly id: Uint8Array
  readonly key: string
  name: string
  hops: number
  /** Key of the neighbour that brought this. */
  through: string
  heardAtMs: number
  time: HlcTime
}

/** What a presence tells, and how it came. */
export type Heard = Pick<Member, 'name' | 'time' | 'hops' | 'through' | 'heardAtMs'>

export type MemberChange =
  | { readonly kind: 'joined'; readonly member: Member }
  | { readonly kind: 'left'; readonly member: Member }
  | { readonly kind: 'renamed'; readonly member: Member; readonly was: string }

export const PRESENCE_EVERY_MS = 30_000
/** Three are missed before somebody is taken to be gone. */
export const PRESENCE_LASTS_MS = 100_000
/** A room shows at most so many; more than any screen, less than a flood of made-up identities could fill memory with. */
export const MEMBERS_MAX = 4_096

export class Members {
  private readonly present = new Map<string, Member>()
  /** Times of those who left, so that an old presence replayed does not bring them back. Same bound. */
  private readonly departed = new Map<string, HlcTime>()

  get size(): number {
    return this.present.size
  }

  get(key: string): Member | undefined {
    return this.present.get(key)
  }

  list(): IterableIterator<Member> {
    return this.present.values()
  }

  /** Takes in a presence; answers what changed, or null. Older than what is known changes nothing. */
  here(id: Uint8Array, key: string, { name, time, hops, through, heardAtMs }: Heard): MemberChange | null {
    const known = this.present.get(key)
    if (known !== undefined) {
      const order = compareHlc(time, known.time)
      // The same once more, and said to be younger.
      if (order === 0 && heardAtMs > known.heardAtMs) known.heardAtMs = heardAtMs
      if (order <= 0) return null
      const was = known.name
      Object.assign(known, { name, time, hops, through, heardAtMs })
      return was === name ? null : { kind: 'renamed', member: known, was }
    }
    const gone = this.departed.get(key)
    if (gone !== undefined && compareHlc(time, gone) <= 0) return null
    if (this.present.size >= MEMBERS_MAX) return null
    this.departed.delete(key)
    const member: Member = { id: id.slice(), key, name, hops, through, heardAtMs, time }
    this.present.set(key, member)
    return { kind: 'joined', member }
  }

  left(key: string, time: HlcTime): MemberChange | null {
    const known = this.present.get(key)
    if (known !== undefined) return compareHlc(time, known.time) <= 0 ? null : this.remove(known, time)
    // Whoever was not here may be said to be by a presence that comes late.
    const gone = this.departed.get(key)
    if (gone === undefined || compareHlc(time, gone) > 0) this.depart(key, time)
    return null
  }

  /** Those not heard of for too long. */
  expire(nowMs: number): MemberChange[] {
    const overdue = [...this.present.values()].filter((member) => nowMs - member.heardAtMs > PRESENCE_LASTS_MS)
    return overdue.map((member) => this.remove(member, member.time))
  }

  private remove(member: Member, time: HlcTime): MemberChange {
    this.present.delete(member.key)
    this.depart(member.key, time)
    return { kind: 'left', member }
  }

  private depart(key: string, time: HlcTime): void {
    this.departed.delete(key)
    if (this.departed.size >= MEMBERS_MAX) this.departed.delete(this.departed.keys().next().value!)
    this.departed.set(key, time)
  }
}
