import { formatAddress } from '../../base/address.ts'
import type { DialectName } from '../../base/dialects.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import { FloodNote } from '../../dialects/flood-note.ts'
import type { PeerTelling } from '../../dialects/outputs.ts'
import { heardName } from '../../dialects/words.ts'
import type { Clock } from '../../ports/clock.ts'
import type { PeerView } from '../chat.ts'
import type { AppEvent } from '../events.ts'
import { type Fellowship, isNeighbour } from './fellows.ts'
import { strangerName } from './links.ts'
import type { Machines } from './machines.ts'

/** How many who come are told of at once, and how often one more: whoever calls and hangs up in a loop would fill the screen. */
const COMINGS_AT_ONCE = 100
const COMING_EVERY_MS = 1_000

interface Stranger {
  readonly dialect: DialectName
  readonly telling: PeerTelling
  readonly view: PeerView
  /** Front ends were told that he is there. */
  isShown: boolean
}

/** Who is there in the networks of other protocols, as front ends see them: but for our neighbours, whom the mesh or the tracker knows as well. */
export class Strangers {
  private readonly known = new Map<string, Stranger>()
  private readonly comings = new TokenBucket(COMINGS_AT_ONCE, COMING_EVERY_MS)
  private readonly flood = new FloodNote()
  private cancelTimer: (() => void) | null = null

  constructor(
    private readonly host: Fellowship & { emit(event: AppEvent): void },
    private readonly machines: () => Machines,
    /** Of those who have none. */
    private readonly room: string,
    private readonly log: (code: string, message: string) => void,
    private readonly clock: Pick<Clock, 'nowMs' | 'timer'>,
  ) {}

  told(dialect: DialectName, telling: PeerTelling): void {
    const { state, address, dialled, reason } = telling
    const id = `${dialect}:${telling.id}`
    const via = dialect === 'mesh' ? 'lan' : dialect === 'tracker' ? 'tracker' : dialled ? 'dialled' : 'accepted'
    const room = dialect === 'line' || dialect === 'tracker' ? { room: this.room } : {}
    const where = { address: formatAddress(address), via, dialled, dialect, verified: false } as const
    const view: PeerView = { id, name: strangerName(dialect, telling), ...where, ...room, rttMs: null }
    this.log('peer', `${id} at ${where.address} is ${state}${reason === '' ? '' : `: ${reason}`}`)
    const before = this.known.get(id)
    if (state === 'up') this.known.set(id, { dialect, telling, view, isShown: before?.isShown ?? false })
    else this.known.delete(id)
    if (state === 'down' && before?.isShown === true) this.emit(view, 'down', reason)
    this.show()
  }

  /** Who is our neighbour by our own protocol is told of as that, and not once more as a stranger. */
  show(): void {
    let isAnyLate = false
    for (const stranger of this.known.values()) {
      const isToBeShown = !isNeighbour({ ...stranger.telling, dialect: stranger.dialect }, this.host)
      if (isToBeShown === stranger.isShown) continue
      if (isToBeShown && !this.comings.take(this.clock.nowMs())) {
        isAnyLate = true
        continue
      }
      stranger.isShown = isToBeShown
      this.emit(stranger.view, isToBeShown ? 'up' : 'down', isToBeShown ? '' : 'is linked by our own protocol now')
    }
    if (isAnyLate) this.showLater()
  }

  stop(): void {
    this.cancelTimer?.()
  }

  views(): PeerView[] {
    const strangers = [...this.known.values()].filter(
      ({ dialect, telling }) => !isNeighbour({ ...telling, dialect }, this.host),
    )
    return strangers.map(({ dialect, telling, view }) => ({ ...view, name: this.nameNow(dialect, telling) }))
  }

  private showLater(): void {
    const nowMs = this.clock.nowMs()
    if (this.flood.isDue(nowMs)) {
      const message = 'Those with older programs come and go too often to tell of each: /peers lists who is there.'
      this.host.emit({ event: 'notice', code: 'strangers-flood', message })
    }
    this.cancelTimer?.()
    this.cancelTimer = this.clock.timer(nowMs + this.comings.waitMs(nowMs), () => this.show())
  }

  /** Those of `line` say how they are called only when they speak, and of `mesh` they may change it. */
  private nameNow(dialect: DialectName, { id, link, name }: PeerTelling): string {
    const { line, mesh } = this.machines()
    if (dialect === 'line') return strangerName(dialect, { id, name: line?.links.get(link ?? 0)?.name ?? name })
    const known = dialect === 'mesh' ? mesh?.roster.peers.get(id)?.name : undefined
    return strangerName(dialect, { id, name: known === undefined ? name : heardName(known) })
  }

  private emit({ rttMs: _, room: __, ...view }: PeerView, state: 'up' | 'down', reason: string): void {
    this.host.emit({ event: 'peer', state, ...view, ...(state === 'down' ? { reason } : {}) })
  }
}
