import { toHex } from '../base/bytes.ts'
import type { RandomBytes, Rng } from '../base/rng.ts'
import { type Timer, TimerQueue } from '../base/timers.ts'
import { type LinkKeys, type LinkWork, proofOf } from '../core/link/handshake.ts'
import type { AgreementKey } from '../crypto/agree.ts'
import type { SigningKey } from '../crypto/sign.ts'
import type { LinkState } from './link-state.ts'
import type { NodeOutput } from './outputs.ts'

/** Now, on both clocks: monotonic for deadlines, wall-clock for what goes into events. Milliseconds. */
export interface Instant {
  readonly nowMs: number
  readonly wallMs: number
}

/** Who a node is and what it tells others of itself. */
export interface NodeIdentity {
  readonly signing: SigningKey
  /** The X25519 side of the identity: direct messages are sealed to it. */
  readonly agreement: AgreementKey
  /** This process's X25519 key for links. */
  readonly linkStatic: AgreementKey
}

/** What the parts of one node share: the time of the input being handled, timers, randomness, and where outputs go. */
export class NodeContext implements Instant {
  nowMs = 0
  wallMs = 0
  readonly timers = new TimerQueue<() => void>()
  /** Links with something to send; the driver takes them after each input. */
  readonly dirty = new Set<LinkState>()
  /** Our public key in hexadecimal. */
  readonly ownKey: string
  private pending: NodeOutput[] = []
  private proof: Uint8Array | null = null

  constructor(
    readonly identity: NodeIdentity,
    /** For keys and epochs: as good as the system gives. */
    readonly randomBytes: RandomBytes,
    /** For jitter: fast, and need not be secret. */
    readonly rng: Rng,
    private readonly work: LinkWork = {},
  ) {
    this.ownKey = toHex(identity.signing.publicKey)
  }

  /** What a handshake takes: with a secret that is drawn for it. */
  linkKeys(): LinkKeys {
    const { identityVerifier, agreementKey } = this.work
    const keys = { identity: this.identity.signing, staticKey: this.identity.linkStatic }
    this.proof ??= proofOf(keys)
    return { ...keys, ephemeralSecret: this.randomBytes(32), proof: this.proof, identityVerifier, agreementKey }
  }

  emit(output: NodeOutput): void {
    this.pending.push(output)
  }

  takeOutputs(): NodeOutput[] {
    if (this.pending.length === 0) return NOTHING
    const outputs = this.pending
    this.pending = []
    return outputs
  }

  /** Runs what is due by now. */
  fireDue(): void {
    for (let due = this.timers.takeDue(this.nowMs); due !== null; due = this.timers.takeDue(this.nowMs)) due()
  }

  after(delayMs: number, run: () => void): Timer<() => void> {
    return this.timers.set(this.nowMs + delayMs, run)
  }
}

const NOTHING: NodeOutput[] = []
