import { formatAddress } from '../../base/address.ts'
import { Generations } from '../../base/generations.ts'
import type { Contact } from '../../wire/membership.ts'
import type { MemberLink } from './hyparview-link.ts'
import type { Members } from './hyparview-members.ts'
import {
  ACTIVE_MAX,
  LEFT_MS,
  LEFT_REMEMBERED_MAX,
  PROBE_REFILL_MS,
  PROBES_BURST,
  UNANSWERED_MAX,
  UNANSWERED_MS,
  UNREACHABLE_MAX,
  UNREACHABLE_MS,
} from './hyparview-parameters.ts'
import { TokenBucket } from './token-bucket.ts'

/**
 * Who can be dialled. A peer behind an address translator opens links but takes none, and looks like any other where it is seen: whoever counts on
 * its address counts on nothing. So where it matters a neighbour that dialled us is dialled once itself, to see whether anybody is there.
 */
export class Reach {
  private readonly probes = new TokenBucket(PROBES_BURST, PROBE_REFILL_MS)
  /** Addresses of linked peers at which they were not to be had. */
  private readonly unreachable = new Generations(UNREACHABLE_MS, UNREACHABLE_MAX)
  /** Where nobody answered of late. Bounded by what may be dialled in that time. */
  private readonly unanswered = new Generations(UNANSWERED_MS, UNANSWERED_MAX)
  /** Who said goodbye. */
  private readonly left = new Generations(LEFT_MS, LEFT_REMEMBERED_MAX)

  constructor(private readonly members: Members) {}

  /** What is known of a peer as its link comes up. */
  judge(link: MemberLink, via: 'dialled' | 'accepted'): void {
    if (link.contact.address === null || (via === 'accepted' && !this.isReachable(link.contact))) link.reach = 'no'
    else link.reach = via === 'dialled' ? 'yes' : 'unknown'
  }

  /** Has a neighbour dialled where it is said to be. Answers whether it is, or was found out before. */
  probe(link: MemberLink): boolean {
    if (link.reach !== 'unknown' || link.isProbed) return true
    if (!this.probes.take(this.members.nowMs)) return false
    link.isProbed = true
    this.members.outputs.push({ kind: 'probe', contact: link.contact })
    return true
  }

  /** Where all places are taken it had better be known who counts: one neighbour after another is tried. */
  probeNext(): void {
    const { regular } = this.members
    const unknown = regular.find((link) => link.reach === 'unknown' && !link.isProbed)
    if (regular.length >= ACTIVE_MAX && unknown !== undefined) this.probe(unknown)
  }

  /** What came of it. */
  probed(link: MemberLink, isThere: boolean): void {
    if (link.reach !== 'unknown') return
    link.reach = isThere ? 'yes' : 'no'
    if (isThere) return
    this.unreachable.add(addressKey(link.contact), this.members.nowMs)
    this.members.passive.remove(link.key)
  }

  isReachable(contact: Contact): boolean {
    return !this.unreachable.has(addressKey(contact), this.members.nowMs)
  }

  noAnswer(contact: Contact): void {
    this.unanswered.add(addressKey(contact), this.members.nowMs)
  }

  hasLeft(key: string): void {
    this.left.add(key, this.members.nowMs)
  }

  /** Whether to dial it, as far as is known. */
  isHopeful(contact: Contact): boolean {
    const { nowMs } = this.members
    return !this.unanswered.has(addressKey(contact), nowMs) && !this.left.has(contact.key, nowMs)
  }
}

function addressKey({ key, address }: Contact): string {
  return address === null ? key : `${key} ${formatAddress(address)}`
}
