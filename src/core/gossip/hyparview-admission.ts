import type { Priority } from '../../wire/membership.ts'
import type { MemberLink } from './hyparview-link.ts'
import type { Members } from './hyparview-members.ts'
import {
  ACTIVE_MAX,
  CHOSEN_MIN,
  DISPLACE_BURST,
  DISPLACE_REFILL_MS,
  LEAVES_LINKED_MAX,
  LEAVES_MAX,
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
 * - when many press in, the newest goes and not any, and free places are kept for peers of our own choice;
 * - who cannot be dialled displaces nobody and is displaced by nobody: for such peers there are places of their own, or those that nobody else
 *   takes in would drive each other out for ever. Until it is known whether a peer can be dialled it has one of these.
 */
export class Admission {
  private readonly displacements = new TokenBucket(DISPLACE_BURST, DISPLACE_REFILL_MS)

  constructor(private readonly members: Members) {}

  /** Makes room for a peer that asks to be a neighbour; false: it is to be refused. Whoever joins asks with `high`. */
  admits(asker: MemberLink, priority: Priority): boolean {
    const { members } = this
    if (asker.reach === 'no') return this.leaves < (priority === 'high' ? LEAVES_MAX : LEAVES_LINKED_MAX)
    if (members.isMesh(asker.key)) return true
    if (priority === 'splice' && members.regular.length > ACTIVE_MAX - SPLICE_PLACES) return false
    members.asked.add(members.nowMs)
    const { isPressed } = members
    if (this.hasPlaceFor(asker, isPressed)) return true
    if (priority !== 'high') return false
    return asker.reach === 'unknown' ? this.admitsExtra(asker) : this.displaceFor(asker, isPressed)
  }

  /** More is known of who can be dialled: those let in beyond the five are leaves, or have their turn as others do. */
  settle(): void {
    const { members } = this
    for (const link of [...members.active]) {
      if (!link.isExtra || link.reach === 'unknown') continue
      const isLeaf = link.reach === 'no'
      // Of the five some may yet be leaves.
      const { regular } = members
      if (!isLeaf && regular.length >= ACTIVE_MAX && regular.some((each) => each.isAwaited)) continue
      const { isPressed } = members
      const isIn = isLeaf || this.hasPlaceFor(link, isPressed) || this.displaceFor(link, isPressed)
      if (isIn) link.isExtra = false
      else members.displace(link, null)
    }
  }

  private get leaves(): number {
    return this.members.active.length - this.members.regular.length
  }

  private admitsExtra(asker: MemberLink): boolean {
    const { reach, regular } = this.members
    if (this.leaves >= LEAVES_MAX || !reach.probe(asker)) return false
    asker.isExtra = true
    for (const link of regular) reach.probe(link)
    return true
  }

  /** Makes room for a peer that we asked and that agreed; false: there is none left. */
  admitsAsked(link: MemberLink): boolean {
    const { members } = this
    if (members.isMesh(link.key)) return true
    const { isPressed } = members
    if (link.origin === 'walk' || link.origin === 'sought')
      return this.hasPlaceFor(link, isPressed) || this.displaceFor(link, isPressed)
    if (link.origin === 'offered') return this.hasPlaceFor(link, isPressed)
    if (link.reach === 'no' || members.regular.length < ACTIVE_MAX) return true
    const victims = this.displaceable().filter((each) => each.origin !== 'chosen')
    if (victims.length === 0 || (members.chosen >= CHOSEN_MIN && !link.reunion)) return false
    members.displace(this.any(victims), link)
    return true
  }

  private hasPlaceFor(stranger: MemberLink, isPressed: boolean): boolean {
    const { regular } = this.members
    if (regular.length >= ACTIVE_MAX || this.isCrowded(stranger, regular)) return false
    return !isPressed || strangersAmong(regular).length < OFFERED_MAX
  }

  private displaceFor(stranger: MemberLink, isPressed: boolean): boolean {
    const { members } = this
    const displaceable = this.displaceable()
    const strangers = strangersAmong(displaceable)
    let victims = strangers.length > 0 ? strangers : displaceable
    const isCrowded = this.isCrowded(stranger, members.regular)
    if (isCrowded) victims = this.crowdOf(stranger, strangers)
    else if (victims.some((each) => this.isOverCrowded(each)))
      victims = victims.filter((each) => this.isOverCrowded(each))
    if (victims.length === 0 || !this.displacements.take(members.nowMs)) return false
    const isNewest = isCrowded || isPressed || strangers.length === 0
    members.displace(isNewest ? newest(victims) : this.any(victims), stranger)
    return true
  }

  /** All neighbours but the two that stay whoever comes. */
  private displaceable(): MemberLink[] {
    const worth = (link: MemberLink) => (link.origin === 'chosen' ? 0 : 1)
    const byWorth = this.members.regular.sort((a, b) => worth(a) - worth(b) || a.sinceMs - b.sinceMs)
    return byWorth.slice(CHOSEN_MIN)
  }

  /** As many of its block are there as may be, and others are known. */
  private isCrowded(stranger: MemberLink, links: readonly MemberLink[]): boolean {
    const { block } = stranger.place
    if (block === null || this.crowdOf(stranger, links).length < OFFERED_PER_BLOCK_MAX) return false
    return this.members.hasOthersThan(block)
  }

  /** It is of a block of which more are there than may be where others are known. */
  private isOverCrowded(link: MemberLink): boolean {
    return this.crowdOf(link, this.members.regular).length > OFFERED_PER_BLOCK_MAX
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
