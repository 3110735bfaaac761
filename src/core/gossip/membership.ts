import type { Contact, MembershipMessage } from '../../wire/membership.ts'
import type { HyParViewOutput } from './hyparview.ts'

export type MembershipOutput = HyParViewOutput

/**
 * What decides which of the open links are with neighbours, to broadcast over, and whom to dial for more. Pure: every input takes the time, what
 * is wanted is taken with `takeOutputs`, and `wake` is due at `nextWakeMs`. Peers are named by their keys in hexadecimal.
 */
export interface Membership {
  /** Keys of the peers to broadcast to. */
  readonly neighbours: readonly string[]
  /** Peers known that are not neighbours. */
  readonly known: readonly Contact[]
  /** Peers worth keeping for the next start, the best first. */
  readonly worthKeeping: readonly Contact[]
  /** Peers that could be asked. `source`: who named them; null for the user and what an earlier run remembered. */
  meet(contacts: readonly Contact[], source: string | null, nowMs: number): void
  /** Joins the network of a linked peer, as a user asks for. */
  join(key: string, nowMs: number): void
  /**
   * Makes a neighbour of the first of these peers of which it is known where it is, and that is none yet, in the place of another if need be. Answers its
   * key as soon as it is dialled or asked; null where there is none.
   */
  seek(keys: Iterable<string>, nowMs: number): string | null
  /** A link is up. `contact.address`: where others can dial it, if anywhere; `host`: where it is seen. */
  linkUp(contact: Contact, host: string, nowMs: number, via: 'dialled' | 'accepted'): void
  linkDown(key: string, how: 'left' | 'failed', nowMs: number): void
  /** The connection under a link has given way to another one with the same running peer. */
  linkReplaced(key: string, nowMs: number, via: 'dialled' | 'accepted'): void
  dialFailed(key: string, nowMs: number): void
  /** What came of a `probe`: whether anybody took the connection. */
  probed(key: string, isThere: boolean, nowMs: number): void
  received(from: string, message: MembershipMessage, nowMs: number): void
  wake(nowMs: number): void
  nextWakeMs(): number | null
  takeOutputs(): readonly MembershipOutput[]
}
