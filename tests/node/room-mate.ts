import { ByteReader } from '../../src/base/bytes.ts'
import { Reconciliation } from '../../src/core/history/reconcile.ts'
import type { ReconcileFeed, ReconcileRoom } from '../../src/core/history/reconcile-items.ts'
import { openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { writeReconcile } from '../../src/wire/reconcile.ts'
import type { Peer } from './peer.ts'

/**
 * Has a peer compare a room with the node as one who has just joined it and has heard nothing there yet: the node knows from then on that it is
 * in it, if the node is so itself, and tells it what it has.
 */
export function compareRoom<P extends Peer>(peer: P, room: Uint8Array = openRoomId('general')): P {
  if (peer.established === null) throw new Error('a peer compares rooms once it is linked')
  const rooms: ReconcileRoom<ReconcileFeed>[] = [{ id: room, feeds: [] }]
  const run = new Reconciliation<ReconcileFeed, ReconcileRoom<ReconcileFeed>>(peer.established.hash, () => rooms, {
    shared() {},
    differs() {},
    named() {},
  })
  let heard = 0
  const talk = (): boolean => {
    const frame = run.nextFrame()
    if (frame !== null) peer.send(FrameType.reconcile, (out) => writeReconcile(out, frame))
    const answers = peer.heardOf(FrameType.reconcile)
    const fresh = answers.slice(heard)
    heard = answers.length
    for (const body of fresh) {
      const fault = run.receive(new ByteReader(body))
      if (fault !== null) throw new Error(`the node ${fault}`)
    }
    return frame !== null || fresh.length > 0
  }
  run.open(rooms)
  while (talk()) {}
  if (run.isOpen) throw new Error('the node did not answer')
  return peer
}
