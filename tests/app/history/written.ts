import { toHex, utf8 } from '../../../src/base/bytes.ts'
import type { HlcTime } from '../../../src/base/hlc.ts'
import type { FeedKey } from '../../../src/core/history/feed-log.ts'
import type { EventTelling, KeepOutput } from '../../../src/node/outputs.ts'
import { encodeReaction, encodeRemoval, encodeTextAbout } from '../../../src/wire/amendment.ts'
import { EventKind } from '../../../src/wire/event.ts'
import { Author } from '../../node/author.ts'
import { WALL_START_MS } from '../../sim/time.ts'

/** What a node gives for one event: to be kept, and told. */
export interface Given {
  readonly id: Uint8Array
  readonly keep: Omit<KeepOutput, 'seq'>
  readonly telling: EventTelling
}

export interface Told {
  readonly own?: boolean
  readonly backlog?: boolean
  readonly ms?: number
  readonly name?: string
}

/** Somebody who says things in an open room, as a node passes them on. */
export class Writer {
  readonly author: Author
  readonly feed: FeedKey
  private ms = WALL_START_MS

  constructor(
    who: number,
    readonly room = 'general',
    private readonly own = false,
    epoch = 1,
  ) {
    this.author = new Author(who, room, epoch)
    const { key, room: id, epoch: bytes, feedId } = this.author
    this.feed = { author: key.publicKey, room: id, epoch: bytes, id: feedId }
  }

  /** Another history from here on. */
  fork(): Writer {
    const copy = Object.create(Writer.prototype) as Writer
    return Object.assign(copy, this, { author: this.author.fork() })
  }

  text(text: string, told?: Told): Given {
    return this.give(EventKind.text, utf8(text), told)
  }

  offer(body: Uint8Array, told?: Told): Given {
    return this.give(EventKind.file, body, told)
  }

  called(name: string): Given {
    return this.give(EventKind.profile, utf8(name))
  }

  reply(target: Uint8Array, text: string, told?: Told): Given {
    return this.give(EventKind.reply, encodeTextAbout({ target, text })!, told)
  }

  edit(target: Uint8Array, text: string, told?: Told): Given {
    return this.give(EventKind.edit, encodeTextAbout({ target, text })!, told)
  }

  remove(target: Uint8Array, told?: Told): Given {
    return this.give(EventKind.remove, encodeRemoval(target), told)
  }

  react(target: Uint8Array, emoji: string, on: boolean, told?: Told): Given {
    return this.give(EventKind.reaction, encodeReaction({ target, emoji, on }), told)
  }

  give(kind: number, body: Uint8Array, { backlog = false, ms, name = '' }: Told = {}): Given {
    this.ms = ms ?? this.ms + 1
    const time: HlcTime = { ms: this.ms, counter: 0 }
    const number = this.author.next
    const { bundle, previous, ids } = this.author.say({ kind, body, time })
    const id = ids[0]!
    const { feed, own } = this
    const events = [{ id, number, time, kind, body, name: null }]
    const { first, count, bytes } = bundle
    return {
      id,
      keep: { kind: 'keep', feed, own, first, count, previous, lastId: id, time, bytes, events },
      telling: {
        ...{ kind: 'event', room: this.room, peer: null, id, author: feed.author, name, number, time },
        ...{ eventKind: kind, body, hops: 1, self: own, backlog },
      },
    }
  }
}

/** Given as of another history than the first, which it parts from at number `since`. */
export function asFork({ id, keep, telling }: Given, since: number): Given {
  return { id, keep: { ...keep, own: false, forkedSince: since }, telling: { ...telling, backlog: true, forked: true } }
}

export function hexOf({ id }: Given): string {
  return toHex(id)
}
