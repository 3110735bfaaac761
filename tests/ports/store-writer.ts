import { utf8 } from '../../src/base/bytes.ts'
import type { HlcTime } from '../../src/base/hlc.ts'
import type { FeedKey } from '../../src/core/history/feed-log.ts'
import type { Told } from '../../src/core/room/told.ts'
import { type SigningKey, signingKeyFromSeed } from '../../src/crypto/sign.ts'
import type { KeepBundle, KeepFork, StoredMessage } from '../../src/ports/store.ts'
import { encodeReaction, encodeRemoval, encodeTextAbout } from '../../src/wire/amendment.ts'
import { BundleBuilder, NO_EVENT } from '../../src/wire/bundle.ts'
import { withoutBody } from '../../src/wire/bundle-gone.ts'
import { EventKind, feedIdOf, openRoomId } from '../../src/wire/event.ts'

export const GENERAL = openRoomId('general')
export const DEV = openRoomId('dev')
/** When the first thing is said: 2026. */
export const START_MS = 1_790_000_000_000

export interface Event {
  readonly tells: Told
  readonly time?: HlcTime
}

/** One author in one room: signs real bundles, in order. */
export class Writer {
  readonly feed: FeedKey
  private readonly key: SigningKey
  private previous = NO_EVENT
  private next = 1
  private ms = START_MS

  constructor(seed: number, room: Uint8Array = GENERAL, epoch = 1, unsigned = false) {
    const secret = new Uint8Array(32)
    new DataView(secret.buffer).setUint32(0, seed)
    const key = signingKeyFromSeed(secret)
    const signature = new Uint8Array(64)
    this.key = unsigned ? { publicKey: key.publicKey, sign: () => signature } : key
    const author = key.publicKey
    const epochBytes = new Uint8Array(8).fill(epoch)
    this.feed = { author, room, epoch: epochBytes, id: feedIdOf(author, room, epochBytes) }
  }

  /** Events under one signature; a second apart where no time is given. */
  bundle(...events: readonly Event[]): KeepBundle {
    const builder = new BundleBuilder()
    const first = this.next
    for (const { tells, time } of events) {
      this.ms = time?.ms ?? this.ms + 1_000
      if (!builder.add(kindOf(tells), time ?? { ms: this.ms, counter: 0 }, bodyOf(tells)))
        throw new Error('does not fit')
    }
    const { previous } = this
    const { bundle, ids } = builder.seal(first, this.feed.id, previous, this.key)
    this.previous = ids.at(-1)!
    this.next = first + bundle.count
    const isGone = ({ tells }: Event): boolean => tells.what === 'message' && tells.text === null
    const bytes = events.reduce(
      (made, event, i) => (isGone(event) ? withoutBody(made, first + i)! : made),
      bundle.bytes,
    )
    return {
      what: 'keep',
      feed: this.feed,
      own: false,
      first,
      count: bundle.count,
      previous,
      lastId: this.previous,
      time: bundle.events.at(-1)!.time,
      bytes,
      events: events.map(({ tells }, i) => ({
        id: ids[i]!,
        number: first + i,
        time: bundle.events[i]!.time,
        tells,
      })),
    }
  }

  say(text: string, time?: HlcTime): KeepBundle {
    return this.bundle({ tells: message(text), ...(time === undefined ? {} : { time }) })
  }

  call(name: string): KeepBundle {
    return this.bundle({ tells: { what: 'profile', name } })
  }

  /** Another history from here on: what the copy says next stands where this one's next words do. */
  fork(): Writer {
    const copy = Object.create(Writer.prototype) as Writer
    return Object.assign(copy, this)
  }
}

/** As the second history of its feed, which parts from the first at number `since`. */
export function asFork({ own: _, ...op }: KeepBundle, since = op.first): KeepFork {
  return { ...op, what: 'fork', since }
}

export function message(text: string | null, answers: Uint8Array | null = null, name: string | null = null): Told {
  return { what: 'message', kind: EventKind.text, name, text, answers }
}

function kindOf(tells: Told): number {
  switch (tells.what) {
    case 'message':
      return tells.answers === null ? tells.kind : EventKind.reply
    case 'profile':
      return EventKind.profile
    case 'edit':
      return EventKind.edit
    case 'delete':
      return EventKind.remove
    case 'reaction':
      return EventKind.reaction
  }
}

function bodyOf(tells: Told): Uint8Array {
  if (tells.what === 'profile') return utf8(tells.name)
  if (tells.what === 'edit') return encodeTextAbout(tells)!
  if (tells.what === 'delete') return encodeRemoval(tells.target)
  if (tells.what === 'reaction') return encodeReaction(tells)
  const { text, answers } = tells
  return answers === null ? utf8(text ?? 'gone') : encodeTextAbout({ target: answers, text: text ?? 'gone' })!
}

/** The id of a bundle's one event. */
export function idOf(bundle: KeepBundle): Uint8Array {
  return bundle.lastId
}

export function textsOf(messages: readonly StoredMessage[]): string[] {
  return messages.map(({ text }) => text)
}
