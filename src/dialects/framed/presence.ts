import type { FramedMessage } from './messages.ts'

/** Bridges remembered: many more than one network has. */
const FELLOWS_MAX = 64
/**
 * The room in which bridges tell each other that they are there. Nobody else is in it: the originals pass on what is said in every room, and show
 * what is said in theirs.
 */
export const BRIDGES_ROOM = 'hearsay/bridges'

export function isPresence({ room }: FramedMessage & { readonly type: 'chat' }): boolean {
  return room === BRIDGES_ROOM
}

/** Which other bridges there are in the network. Who is gone stays: a bridge that is waited for in vain is waited for no more. */
export class Presence {
  readonly fellows = new Set<string>()

  constructor(private readonly own: string) {}

  /** True where that is news to us, and we so to it. */
  heard(bridge: string): boolean {
    if (bridge === this.own || this.fellows.has(bridge)) return false
    if (this.fellows.size >= FELLOWS_MAX) this.fellows.delete(this.fellows.values().next().value!)
    this.fellows.add(bridge)
    return true
  }
}
