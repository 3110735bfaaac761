import type { Priority } from '../../wire/membership.ts'
import type { MemberLink } from './hyparview-link.ts'
import type { Members } from './hyparview-members.ts'
import {
  ACTIVE_MAX,
  CHOSEN_MIN,
  DISPLACE_BURST,
  DISPLACE_REFILL_MS,
  OFFERED_MAX,
  OFFERED_PER_BLOCK_MAX,
} from './hyparview-parameters.ts'
import { TokenBucket } from './token-bucket.ts'

/** Places a newcomer needs free to be spliced into a link: for both its ends, and for one that was to come before. */
const SPLICE_PLACES = 3

/**
 * Who may become a neighbour, and at whose cost. In the paper whoever joins, or has no neighbour, displaces any of ours at random; a thousand strangers
 * who keep joining would soon be all we have. Here
 *
 * - two neighbours stay whoever asks: those that we chose ourselves, longest ago, and else those that have been there longest;
 * - of the others those go first that came to us, or that a walk brought, and not we chose;
 * - two of those at most are from one address block of the public network, and a third displaces one of them;
 * - when many press in, the newest goes and not any, and free places are kept for peers of our own choice.
 */
export class Admission {
  private readonly displacements = new TokenBucket(DISPLACE_BURST, DISPLACE_REFILL_MS)

  constructor(private readonly members: Members) {}

  /** Makes room for a peer that asks to be a neighbour; false: it is to be refused. Whoever joins asks with `high`. */
  admits(asker: MemberLink, priority: Priority): boolean {
    const { members } = this
    if (members.isMesh(asker.key)) return true
    if (priority === 'splice' && members.active.length > ACTIVE_MAX - SPLICE_PLACES) return false
    members.asked.add(members.nowMs)
    const { isPressed } = members
    if (this.hasPlaceFor(asker, isPressed)) return true
    return priority === 'high' && this.displaceFor(asker, isPressed)
  }

  /** Makes room for a peer that we asked and that agreed; false: there is none left. */
  admitsAsked(link: MemberLink): boolean {
    const { members } = this
    if (members.isMesh(link.key)) return true
    const { isPressed } = members
    if (link.origin === 'walk') return this.hasPlaceFor(link, isPressed) || this.displaceFor(link, isPressed)
    if (link.origin === 'offered') return this.hasPlaceFor(link, isPressed)
    if (members.active.length < ACTIVE_MAX) return true
    const victims = this.displaceable().filter((each) => each.origin !== 'chosen')
    if (victims.length === 0 || (members.chosen >= CHOSEN_MIN && !link.reunion)) return false
    members.displace(this.any(victims), link)
    return true
  }

  private hasPlaceFor(stranger: MemberLink, isPressed: boolean): boolean {
    const { active } = this.members
    if (active.length >= ACTIVE_MAX || this.crowdOf(stranger, active).length >= OFFERED_PER_BLOCK_MAX) return false
    return !isPressed || strangersAmong(active).length < OFFERED_MAX
  }

  private displaceFor(stranger: MemberLink, isPressed: boolean): boolean {
    const { members } = this
    const displaceable = this.displaceable()
    const strangers = strangersAmong(displaceable)
    let victims = strangers.length > 0 ? strangers : displaceable
    const isCrowded = this.crowdOf(stranger, members.active).length >= OFFERED_PER_BLOCK_MAX
    if (isCrowded) victims = this.crowdOf(stranger, strangers)
    if (victims.length === 0 || !this.displacements.take(members.nowMs)) return false
    const isNewest = isCrowded || isPressed || strangers.length === 0
    members.displace(isNewest ? newest(victims) : this.any(victims), stranger)
    return true
  }

  /** All neighbours but the two that stay whoever comes. */
  private displaceable(): MemberLink[] {
    const worth = (link: MemberLink) => (link.origin === 'chosen' ? 0 : 1)
    const byWorth = [...this.members.active].sort((a, b) => worth(a) - worth(b) || a.sinceMs - b.sinceMs)
    return byWorth.slice(CHOSEN_MIN)
  }

  /** Those of `links` that we did not choose and that are from the same block. */
  private crowdOf({ place: { block } }: MemberLink, links: readonly MemberLink[]): MemberLink[] {
    return block === null ? [] : strangersAmong(links).filter((link) => link.place.block === block)
  }

  private any(links: readonly MemberLink[]): MemberLink {
    return links[this.members.rng.below(links.length)]!
  }
}

function strangersAmong(links: readonly MemberLink[]): MemberLink[] {
  return links.filter((link) => link.origin !== 'chosen')
}

function newest(links: readonly MemberLink[]): MemberLink {
  return links.reduce((young, link) => (link.sinceMs >= young.sinceMs ? link : young))
}
