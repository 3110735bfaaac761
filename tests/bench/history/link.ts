import { ByteReader, ByteWriter } from '../../../src/base/bytes.ts'
import { Reconciliation } from '../../../src/core/history/reconcile.ts'
import type { ReconcileFeed, ReconcileRoom } from '../../../src/core/history/reconcile-items.ts'
import { beginFrame, endFrame } from '../../../src/wire/frame.ts'
import { FRAME_HEADER_BYTES } from '../../../src/wire/limits.ts'
import { writeReconcile } from '../../../src/wire/reconcile.ts'
import type { ReconcileFrame } from '../../../src/wire/reconcile-frames.ts'
import type { Holding } from '../../../src/wire/reconcile-holding.ts'

export type Room = ReconcileRoom<ReconcileFeed>

/** What one end has been told, in the order it was. */
export interface Findings {
  readonly shared: Room[]
  readonly differs: { readonly feed: ReconcileFeed; readonly theirs: Holding }[]
  readonly named: {
    readonly room: Room
    readonly author: Uint8Array
    readonly epoch: Uint8Array
    readonly theirs: Holding
  }[]
}

/** One end of a link, and what it has been told. */
export class End {
  readonly findings: Findings = { shared: [], differs: [], named: [] }
  readonly machine: Reconciliation<ReconcileFeed, Room>

  constructor(
    salt: Uint8Array,
    readonly rooms: readonly Room[],
  ) {
    const { findings } = this
    this.machine = new Reconciliation<ReconcileFeed, Room>(salt, () => rooms, {
      shared: (both) => findings.shared.push(...both),
      differs: (feed, theirs) => findings.differs.push({ feed, theirs }),
      named: (room, author, epoch, theirs) => findings.named.push({ room, author, epoch, theirs }),
    })
  }

  /** Takes in a frame as the link would bring it; answers the fault it finds. */
  hear(frame: ReconcileFrame): string | null {
    return this.machine.receive(new ByteReader(onTheWire(frame), FRAME_HEADER_BYTES))
  }

  /** All frames it has to send. */
  *frames(): Generator<ReconcileFrame> {
    for (let frame = this.machine.nextFrame(); frame !== null; frame = this.machine.nextFrame()) yield frame
  }
}

/** A frame as the link carries it, without what sealing adds to a record of many. */
export function onTheWire(frame: ReconcileFrame): Uint8Array {
  const out = new ByteWriter(1024)
  const at = beginFrame(out, 0x16)
  writeReconcile(out, frame)
  endFrame(out, at)
  return out.view()
}

export interface Traffic {
  /** Both ways. */
  readonly bytes: number
  /** There or back until both ends know all: two make a round trip. An answer that only ends the run comes after. */
  readonly flights: number
  readonly kinds: readonly string[]
}

/** Lets the opener open and both talk until neither has more to say. Throws where one finds fault with the other. */
export function converse(opener: End, answerer: End): Traffic {
  opener.machine.open(opener.rooms)
  const kinds: string[] = []
  let bytes = 0
  let flights = 0
  for (let [from, to] = [opener, answerer]; ; [from, to] = [to, from]) {
    let sent = 0
    let news = 0
    for (const frame of from.frames()) {
      const wire = onTheWire(frame)
      sent += wire.length
      if (frame.kind !== 'answer' || frame.held.length + frame.named.length > 0) news++
      kinds.push(frame.kind)
      const fault = to.machine.receive(new ByteReader(wire, FRAME_HEADER_BYTES))
      if (fault !== null) throw new Error(`fault: ${fault}`)
    }
    if (sent === 0) return { bytes, flights, kinds }
    bytes += sent
    if (news > 0) flights++
  }
}
