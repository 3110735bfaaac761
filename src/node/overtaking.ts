import { isAuthored } from '../wire/amendment.ts'
import type { AuthoredKind } from '../wire/event.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { Feeds } from './feeds.ts'
import type { Room } from './room-state.ts'

export interface OvertakingOwner {
  sayAgain(room: Room, kind: AuthoredKind, body: Uint8Array, ref: number): void
  /** A feed is somebody's like any other from now on: what is missing of it is to be fetched. */
  givenUp(feed: Feed): void
}

/**
 * What becomes of a feed of ours of which others have more than we do: an old copy of our store has come back, and its numbers would be used
 * twice. Nothing is signed for it any more; what is said next begins a new one, and what was lost comes back from the others.
 */
export class Overtaking {
  constructor(
    private readonly context: NodeContext,
    private readonly feeds: Feeds,
    private readonly owner: OvertakingOwner,
  ) {}

  /**
   * Whoever says so without proof (`isProven`: it is signed by us) is believed of what we had before this start, which costs a new feed in each
   * room at most; nobody else can have written in one that we began since.
   */
  overtaken(feed: Feed, isProven: boolean): void {
    const { writing } = feed
    if (!feed.own || writing === null || writing.isOvertaken || !(isProven || writing.isResumed)) return
    writing.isOvertaken = true
    this.context.emit({ kind: 'disown', feed: feed.log.key })
    const message =
      'Others have more of what you said than is kept here: an older copy of your history has come back. What is missing is fetched from them, and what you say now begins anew.'
    this.context.emit({ kind: 'trouble', code: 'restored', message, user: true })
    const { room } = feed
    if (room?.own === feed) this.beginAnew(room)
    this.published(feed)
  }

  /** Something of it that was sealed has become safe. */
  published(feed: Feed): void {
    const { own, writing } = feed
    if (!own || writing?.isOvertaken !== true || writing.unsafe !== null) return
    feed.own = false
    this.feeds.own.delete(feed)
    this.owner.givenUp(feed)
  }

  /** What waits to be sealed for the former feed is said in a new one. */
  private beginAnew(room: Room): void {
    const { refs, plain } = room
    const waiting = room.builder.take()
    room.own = null
    room.toldName = null
    room.refs = []
    room.plain = []
    // In a conversation each word waits sealed, and what it says beside it.
    let said = 0
    waiting.forEach(({ kind, body }, i) => {
      const ref = refs[i] ?? null
      const words = room.peer === null ? { kind, body } : plain[said++]
      if (ref === null || words === undefined || !isAuthored(words.kind, words.body)) return
      this.owner.sayAgain(room, words.kind, words.body, ref)
    })
  }
}
