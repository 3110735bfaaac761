/** How long those with a higher port have to say that they are there. */
const ELECTION_ANSWER_MS = 3_000

export type ElectionStep =
  /** Ask these ports; `ok` of any of them ends it. */
  | { readonly kind: 'ask'; readonly ports: readonly number[] }
  /** Nobody higher is there. */
  | { readonly kind: 'take-over' }

/**
 * The originals' election (Bully, by port alone): whoever cannot reach the tracker asks every peer with a higher port, and takes over if none
 * says `ok` in three seconds. Who has been told `ok` waits for the next look at the tracker, and begins again if nobody is there.
 */
export class Election {
  private askedUntilMs: number | null = null

  get isOpen(): boolean {
    return this.askedUntilMs !== null
  }

  begin(own: number, peers: Iterable<number>, nowMs: number): ElectionStep | null {
    if (this.askedUntilMs !== null) return null
    const ports = [...peers].filter((port) => port > own)
    if (ports.length === 0) return { kind: 'take-over' }
    this.askedUntilMs = nowMs + ELECTION_ANSWER_MS
    return { kind: 'ask', ports }
  }

  /** One who goes before us is there. */
  answered(): void {
    this.askedUntilMs = null
  }

  get dueMs(): number | null {
    return this.askedUntilMs
  }

  /** To be called when it is due. */
  wake(nowMs: number): ElectionStep | null {
    if (this.askedUntilMs === null || nowMs < this.askedUntilMs) return null
    this.askedUntilMs = null
    return { kind: 'take-over' }
  }
}
