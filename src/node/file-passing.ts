import type { Address } from '../base/address.ts'
import { toHex } from '../base/bytes.ts'
import { isFilePassing } from '../wire/holding.ts'
import type { ReceivedPassing } from '../wire/passing.ts'
import type { Instant, NodeContext } from './context.ts'
import type { PassingOn } from './passing-on.ts'
import type { Peering } from './peering.ts'
import type { Rooms } from './rooms.ts'

/** The node's part in files: those who want and those who have one find each other by what passes in a room. The files take links of their own. */
export class FilePassing {
  constructor(
    private readonly context: NodeContext,
    private readonly rooms: Rooms,
    private readonly passing: PassingOn,
    private readonly peering: () => Peering,
  ) {}

  /** Tells a room, or one other, something. `kind`: `seek` or `holding`. */
  say(room: string | Uint8Array, kind: number, body: Uint8Array, { nowMs, wallMs }: Instant): void {
    this.context.nowMs = nowMs
    this.context.wallMs = wallMs
    const where = typeof room === 'string' ? this.rooms.named(room) : this.rooms.conversations.with(room)
    if (where != null) this.passing.say(where.id, kind, this.rooms.clock.tick(wallMs), body)
  }

  /** Where somebody can be dialled, as far as is known here. */
  addressOf(key: string): Address | null {
    return this.peering().addressOf(key)
  }

  /** True where it was about files, and is done with. */
  heard({ room, author, kind, body }: ReceivedPassing, authorKey: string): boolean {
    if (!isFilePassing(kind)) return false
    const key = toHex(room)
    const where = this.rooms.open.get(key) ?? this.rooms.conversations.find(key, author, authorKey)
    if (where !== null) this.context.emit({ kind: 'files', room: where.name, author, passingKind: kind, body })
    return true
  }
}
