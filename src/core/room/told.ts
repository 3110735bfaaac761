import { ByteReader } from '../../base/bytes.ts'
import { markName, unmarkedName } from '../../base/dialects.ts'
import type { HlcTime } from '../../base/hlc.ts'
import { formatBytes } from '../../base/quantity.ts'
import { cleanLine, cleanName, cleanText, decodeUtf8 } from '../../base/text.ts'
import { readReaction, readRemoval, readTextAbout } from '../../wire/amendment.ts'
import type { Bundle } from '../../wire/bundle.ts'
import { EventKind, isSpoken, type SpokenKind } from '../../wire/event.ts'
import { filesBytes, readFileOffer } from '../../wire/file-offer.ts'
import { readRelayed } from '../../wire/relayed.ts'
import { type Change, isEmoji } from './timeline.ts'

/** What an event tells people; strings are clean. */
export type Told =
  | ToldMessage
  /** What the author is called from this event of the feed on. */
  | { readonly what: 'profile'; readonly name: string }
  | (Change & { readonly target: Uint8Array })

export interface ToldMessage {
  readonly what: 'message'
  /** `EventKind.file`: that something was offered, in words. */
  readonly kind: SpokenKind | typeof EventKind.file
  /** Where the message itself says by what name (direct ones do); null: as the feed's profiles tell. */
  readonly name: string | null
  /** Null where the body is gone. */
  readonly text: string | null
  /** The id of the message this one answers. */
  readonly answers: Uint8Array | null
  /** Of what was passed on from another network: the same, whoever passed it on. */
  readonly origin?: Uint8Array
}

/** An event that tells people something. */
export interface ToldEvent {
  readonly id: Uint8Array
  readonly number: number
  readonly time: HlcTime
  readonly tells: Told
}

/** What the events of a bundle of an open room tell. `ids`: theirs, in order. */
export function toldBy(bundle: Bundle, ids: readonly Uint8Array[]): ToldEvent[] {
  return bundle.events.flatMap(({ kind, body, gone, time }, i) => {
    const tells = tellsOf(kind, gone ? null : body, null)
    return tells === null ? [] : [{ id: ids[i]!, number: bundle.first + i, time, tells }]
  })
}

/**
 * What an event tells people, with every string cleaned; null for what tells nothing or is broken. `body` null where it is gone: then
 * a message tells that there was one. `name`: as the event itself tells it (a direct one does), else null.
 */
export function tellsOf(kind: number, body: Uint8Array | null, name: string | null): Told | null {
  if (body === null) {
    const isFile = kind === EventKind.file
    if (!isSpoken(kind) && !isFile && kind !== EventKind.reply && kind !== EventKind.relayed) return null
    return {
      what: 'message',
      kind: isSpoken(kind) || isFile ? kind : EventKind.text,
      name: null,
      text: null,
      answers: null,
    }
  }
  const called = name === null ? null : cleanName(name)
  if (isSpoken(kind)) {
    const text = decodeUtf8(body)
    return text === null ? null : { what: 'message', kind, name: called, text: cleanText(text), answers: null }
  }
  switch (kind) {
    case EventKind.profile: {
      const profile = unmarkedName(cleanName(decodeUtf8(body) ?? ''))
      return profile === '' ? null : { what: 'profile', name: profile }
    }
    case EventKind.reply: {
      const reply = readTextAbout(body)
      if (reply === null) return null
      const text = cleanText(reply.text)
      return { what: 'message', kind: EventKind.text, name: called, text, answers: reply.target }
    }
    case EventKind.file: {
      const offer = readFileOffer(body)
      if (offer === null) return null
      const text = `offered ${cleanLine(offer.name)} (${formatBytes(filesBytes(offer))})`
      return { what: 'message', kind, name: called, text, answers: null }
    }
    case EventKind.relayed: {
      const relayed = readRelayed(new ByteReader(body))
      if (relayed === null) return null
      const { kind, origin } = relayed
      const name = markName(relayed.name, relayed.dialect)
      return { what: 'message', kind, name, text: cleanText(relayed.text), answers: null, origin }
    }
    case EventKind.edit: {
      const edit = readTextAbout(body)
      return edit === null ? null : { what: 'edit', target: edit.target, text: cleanText(edit.text) }
    }
    case EventKind.remove: {
      const target = readRemoval(body)
      return target === null ? null : { what: 'delete', target }
    }
    case EventKind.reaction: {
      const reaction = readReaction(body)
      const emoji = cleanEmoji(reaction?.emoji ?? '')
      return reaction === null || emoji === null
        ? null
        : { what: 'reaction', target: reaction.target, emoji, on: reaction.on }
    }
    default:
      return null
  }
}

/** As it is shown; null where nothing is left to see, or it is longer than any emoji. */
export function cleanEmoji(text: string): string | null {
  const emoji = cleanLine(text).trim()
  return isEmoji(emoji) ? emoji : null
}
