import { compareBytes, utf8 } from '../../base/bytes.ts'
import { pauseMs } from '../redial.ts'
import { type MeshPeer, OFFLINE_MS, type Roster, STALE_MS } from './roster.ts'

/** At a time: as many as there may be connections. */
const DIALS_MAX = 128

/** Whom of the roster we dial, and when. */
export class MeshDials {
  private readonly all = new Map<number, MeshPeer>()
  private next = 1

  /** `own`: what we are called. */
  constructor(
    private readonly own: string,
    private readonly roster: Roster,
  ) {}

  /** The number of an attempt to be made now; null where none is due. */
  begin(peer: MeshPeer, nowMs: number): number | null {
    if (!isOursToDial(this.own, peer.id) || peer.link !== null || peer.isDialling) return null
    const isThere = nowMs - peer.heardAtMs < OFFLINE_MS
    if (!isThere || nowMs < peer.restsUntilMs || this.all.size >= DIALS_MAX) return null
    if (this.roster.successor(peer, nowMs) !== null) return null
    peer.isDialling = true
    const attempt = this.next++
    this.all.set(attempt, peer)
    return attempt
  }

  /** Whom an attempt was for, which is over with it; null where it was none of ours. */
  take(attempt: number): MeshPeer | null {
    const peer = this.all.get(attempt) ?? null
    this.all.delete(attempt)
    if (peer !== null) peer.isDialling = false
    return peer
  }

  /** It could not be reached, or has hung up: it is not dialled for a while, longer from time to time until it says something. */
  rest(peer: MeshPeer, nowMs: number): void {
    peer.restsUntilMs = nowMs + pauseMs(peer.failures)
    peer.failures++
  }

  /** It has begun again, and was not there when it could not be reached. False where it says so too often, as somebody else may. */
  isBack(peer: MeshPeer, nowMs: number): boolean {
    if (nowMs - peer.backAtMs < STALE_MS) return false
    peer.backAtMs = nowMs
    peer.failures = 0
    peer.restsUntilMs = 0
    return true
  }
}

/** Whether we are to dial, and not they: whose id sorts lower does, in byte order. */
function isOursToDial(own: string, theirs: string): boolean {
  return compareBytes(utf8(own), utf8(theirs)) < 0
}
