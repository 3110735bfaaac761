import { seededRng } from '../../../src/base/rng.ts'
import type { KeepBundle } from '../../../src/ports/store.ts'
import { openRoomId } from '../../../src/wire/event.ts'
import { Writer } from '../../ports/store-writer.ts'

const WORDS = 20_000
const SYLLABLES = 'ka to mi re lu so na vi pe ra du fo ze ba ti on er al is um'.split(' ')

function word(rank: number): string {
  let made = ''
  for (let rest = rank + SYLLABLES.length; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) {
    made += SYLLABLES[rest % SYLLABLES.length]
  }
  return made
}

const VOCABULARY = Array.from({ length: WORDS }, (_, rank) => word(rank))

/** The words that are in nearly a third of all messages, in some hundred, and those two of the middle. */
export const COMMON = VOCABULARY[0]!
export const RARE = VOCABULARY[15_000]!
export const MIDDLING = [VOCABULARY[40]!, VOCABULARY[300]!] as const

export interface CorpusOptions {
  readonly messages: number
  readonly authors: number
  readonly rooms: number
  readonly signed: boolean
  /** Milliseconds between two messages. */
  readonly stepMs: number
}

export const ROOM_IDS = ['general', 'dev', 'music', 'food'].map(openRoomId)

/** Messages of 3 to 16 words (57 bytes on average), each a bundle of its own, words and authors by Zipf's law. */
export function* corpus({ messages, authors, rooms, signed, stepMs }: CorpusOptions): Generator<KeepBundle> {
  const random = seededRng(1)
  const zipf = (count: number): number =>
    Math.min(count - 1, Math.floor(Math.exp(random.float() * Math.log(count)) - 1))
  const writers = new Map<number, Writer>()
  for (let i = 0; i < messages; i++) {
    const author = zipf(authors)
    const room = author % rooms
    let writer = writers.get(author)
    if (writer === undefined) {
      writer = new Writer(author, ROOM_IDS[room]!, 1, !signed)
      writers.set(author, writer)
      yield writer.call(`author-${author}`)
    }
    const length = 3 + random.below(14)
    const text = Array.from({ length }, () => VOCABULARY[zipf(WORDS)]).join(' ')
    yield writer.say(text, { ms: 1_700_000_000_000 + i * stepMs, counter: 0 })
  }
}

/** The author of most of it, and one of little. */
export const BUSY_AUTHOR = new Writer(0).feed.author
