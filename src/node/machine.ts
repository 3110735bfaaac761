import type { Address } from '../base/address.ts'
import type { Instant } from './context.ts'
import type { LinkState } from './link-state.ts'
import type { NodeOutput } from './outputs.ts'

/** What a driver needs of whatever it drives: a whole node, or a tracker that is nothing else. `Node` tells what each is for. */
export interface Machine {
  accepted(remote: Address, instant: Instant): number | null
  dialled(attempt: number, remote: Address, instant: Instant): number | null
  dialFailed(attempt: number, code: string, reason: string, instant: Instant): void
  listened(address: Address, code: string | null, instant: Instant): void
  received(link: number, bytes: Uint8Array, instant: Instant): void
  closed(link: number, reason: string, instant: Instant): void
  wake(instant: Instant): void
  nextWakeMs(): number | null
  takeOutputs(): NodeOutput[]
  readonly dirtyLinks: ReadonlySet<LinkState>
  pull(link: number, instant: Instant): Uint8Array | null
  readonly hasUnsealed: boolean
  readonly hasUnkept: boolean
  flush(instant: Instant): void
}
