import { ByteReader, toHex } from '../base/bytes.ts'
import { Generations } from '../base/generations.ts'
import type { EventTelling } from '../node/outputs.ts'
import { EventKind, isSpoken } from '../wire/event.ts'
import { ORIGIN_BYTES, readRelayed } from '../wire/relayed.ts'

/** How far apart two nodes may pass the same words on: what catching up brings later is in the history, and not told again here. */
const AGE_MS = 600_000
/** Of each of two generations: what a lively network says in that time. */
const ORIGINS_MAX = 16_384

/** Who tells what is said; `copy`: what is no news, for others have passed on the same words. */
export interface Hearer {
  tell(telling: EventTelling): void
  copy?(telling: EventTelling): void
}

/**
 * Where two nodes passed the same words on from another network, only the first of the two is told; and where somebody's own words come back from
 * there, neither.
 */
export class RelayedOnce {
  private readonly origins = new Generations(AGE_MS, ORIGINS_MAX)

  /** Has it told, or noted for a copy. */
  pass(telling: EventTelling, hearer: Hearer): void {
    if (this.isFirst(telling)) hearer.tell(telling)
    else hearer.copy?.(telling)
  }

  /** False where these words were told before, by another node or by their author. Time is the events' own. */
  isFirst({ eventKind, body, room, time, id }: EventTelling): boolean {
    if (isSpoken(eventKind) || eventKind === EventKind.reply) {
      this.origins.add(`${room} ${toHex(id.subarray(0, ORIGIN_BYTES))}`, time.ms)
      return true
    }
    if (eventKind !== EventKind.relayed) return true
    const relayed = readRelayed(new ByteReader(body))
    return relayed === null || this.origins.add(`${room} ${toHex(relayed.origin)}`, time.ms)
  }
}
