import type { Address } from '../base/address.ts'
import { EMPTY } from '../base/bytes.ts'
import { TokenBucket } from '../core/gossip/token-bucket.ts'
import type { Established, Handshake } from '../core/link/handshake.ts'
import { RecordReader } from '../core/link/records.ts'
import type { CipherState } from '../crypto/aead.ts'
import { TRANSFER_RECORD_BYTES_MAX } from '../wire/transfer.ts'

/**
 * Frames a peer may send, and at once. One that fetches a gibibyte a second sends a fifth of it; what is less than that costs a twentieth of a
 * core, whatever is in it.
 */
export const FRAMES_PER_S_MAX = 20_000

/** How a link for files came to be. */
export interface LinkOrigin {
  readonly via: 'dialled' | 'accepted'
  /** The key of the peer that was to be there; null for whoever it is. */
  readonly expected: string | null
  /** The key of the neighbour it goes through; null where it goes through nobody. */
  readonly through: string | null
}

/** One connection for files, from its first byte to its last. */
export class TransferLink {
  phase: 'handshake' | 'open' | 'closed' = 'handshake'
  reader: RecordReader | null = null
  sealer: CipherState | null = null
  peer: Uint8Array = EMPTY
  peerKey = ''
  heardAtMs: number
  /** Since when nothing has been open on it, either way; null while something is. */
  idleSinceMs: number | null
  /** Since when a record has been on its way that has not ended. */
  partialSinceMs: number | null = null
  /** What has come and waits for its turn, the first `inboxAt` bytes of it done. */
  readonly inbox: Uint8Array[] = []
  inboxAt = 0
  inboxBytes = 0
  readonly frames = new TokenBucket(FRAMES_PER_S_MAX, 1000 / FRAMES_PER_S_MAX)
  private readonly raw: Uint8Array[] = []

  constructor(
    readonly id: number,
    readonly remote: Address,
    private readonly origin: LinkOrigin,
    public handshake: Handshake | null,
    readonly openedAtMs: number,
  ) {
    this.heardAtMs = openedAtMs
    this.idleSinceMs = openedAtMs
  }

  get via(): LinkOrigin['via'] {
    return this.origin.via
  }

  get expected(): string | null {
    return this.origin.expected
  }

  get through(): string | null {
    return this.origin.through
  }

  establish(link: Established, peerKey: string): void {
    this.handshake = null
    this.reader = new RecordReader(link.receive, TRANSFER_RECORD_BYTES_MAX)
    this.sealer = link.send
    this.peer = link.peer
    this.peerKey = peerKey
    this.phase = 'open'
  }

  /** Handshake bytes, sent as they are and before any record. */
  queueRaw(bytes: Uint8Array): void {
    if (bytes.length > 0) this.raw.push(bytes)
  }

  takeRaw(): Uint8Array | null {
    return this.raw.shift() ?? null
  }
}
