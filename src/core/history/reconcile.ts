import type { ByteReader } from '../../base/bytes.ts'
import { readReconcile } from '../../wire/reconcile.ts'
import type { ReconcileFrame } from '../../wire/reconcile-frames.ts'
import { ReconcileAnswerer } from './reconcile-answerer.ts'
import { type ReconcileFeed, ReconcileKey, type ReconcileRoom } from './reconcile-items.ts'
import { ReconcileOpener } from './reconcile-opener.ts'
import type { ReconcileOwner } from './reconcile-report.ts'

/**
 * Finds out, over one link, which feeds of the rooms both ends have are held differently. A run goes:
 *
 *     opener    OPEN     a few cells of each room it has
 *     answerer  MORE     which of the rooms it has, which differ, and roughly by how much; left out where those cells do
 *     opener    CELLS    as many as it probably takes (or LIST, where that is shorter); again on another MORE
 *     answerer  DIFFER   its own holdings of what differs, the names of what the opener lacks
 *     opener    ANSWER   the names of what the answerer lacks, holdings where cells do not tell all; left out where nothing differs
 *
 * so the answerer knows after half a round trip or one and a half, the opener half a round trip later, and names come after another
 * half. One end opens when the link comes up (who dialled it), and either when it joins a room.
 * Each direction has one run at a time. Feeds are compared as they were when it began; what comes meanwhile travels as ever.
 */
export class Reconciliation<F extends ReconcileFeed, R extends ReconcileRoom<F>> {
  private readonly key: ReconcileKey
  private opener: ReconcileOpener<F, R> | null = null
  private answerer: ReconcileAnswerer<F, R> | null = null

  /**
   * `salt`: 32 bytes known to both ends of the link and to nobody else, such as its handshake's hash. `ours` is asked for the rooms we
   * have when the peer opens a run.
   */
  constructor(
    salt: Uint8Array,
    private readonly ours: () => readonly R[],
    private readonly owner: ReconcileOwner<F, R>,
  ) {
    this.key = new ReconcileKey(salt)
  }

  /** A run of our own is under way. */
  get isOpen(): boolean {
    return this.opener !== null
  }

  /** A run of the peer's is under way. */
  get isAnswering(): boolean {
    return this.answerer !== null
  }

  /** Begins a run about these rooms. Throws while one is under way, and where `fitsInOneRun` says no. */
  open(rooms: readonly R[]): void {
    if (this.opener !== null) throw new Error('a run is under way')
    this.opener = new ReconcileOpener(this.key, rooms, this.owner)
  }

  /** Takes in a frame's body. Answers what the peer did wrong, after which nothing more is to be asked of this; else null. */
  receive(body: ByteReader): string | null {
    const frame = readReconcile(body)
    if (frame === null) return 'sent a broken reconciliation'
    if (frame.kind === 'more' || frame.kind === 'differ') {
      if (this.opener === null) return 'answered a reconciliation that was not opened'
      return this.opener.receive(frame)
    }
    if (frame.kind !== 'open') {
      if (this.answerer === null) return 'went on with a reconciliation that was not opened'
      return this.answerer.receive(frame)
    }
    // Who has not heard the end of a run cannot honestly open the next, so nothing that matters is left to send of one that is done.
    if (this.answerer?.isDone === false) return 'opened a reconciliation within another'
    this.answerer = new ReconcileAnswerer(this.key, frame, this.ours(), this.owner)
    return null
  }

  /** The next frame to send, or null while there is none; to be asked after `open` and after each `receive`, until it answers null. */
  nextFrame(): ReconcileFrame | null {
    const frame = this.answerer?.nextFrame() ?? this.opener?.nextFrame() ?? null
    if (frame !== null) return frame
    if (this.answerer?.isDone === true) this.answerer = null
    if (this.opener?.isDone === true) this.opener = null
    return null
  }
}
