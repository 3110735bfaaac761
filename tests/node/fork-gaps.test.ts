import { expect, test } from 'bun:test'
import { toHex } from '../../src/base/bytes.ts'
import { Author, nameFeed, push } from './author.ts'
import { keeper } from './behind.ts'
import { bring, end, fetchesHeard } from './fetch-peer.ts'
import { openPeer } from './peer.ts'

test('what was told as of another history is not told again when it fills a gap of what came first', () => {
  const bench = keeper()
  const author = new Author(7)
  const first = openPeer(bench)
  nameFeed(first, 1, author, 1, 1)
  push(first, 1, author.say('begin'))
  const twin = author.fork()
  push(first, 1, author.say('ours'))
  const [told, toldToo, untold, newest] = ['told', 'told too', 'untold', 'newest'].map((text) => twin.say(text))
  const second = openPeer(bench, { seed: 101 })
  nameFeed(second, 1, twin, 1, 1)
  for (const made of [told!, toldToo!]) push(second, 1, made)
  // Who has only the newest of the other history: nothing tells that it does not follow ours.
  const third = openPeer(bench, { seed: 102 })
  nameFeed(third, 1, twin, 5, 6)
  push(third, 1, newest!)
  expect(bench.texts()).toEqual(['begin', 'ours', 'told', 'told too', 'newest'])
  bench.pass(2_000)
  expect(fetchesHeard(third)).toMatchObject([{ from: 3, to: 5 }])
  bring(third, untold!)
  bring(third, toldToo!)
  end(third, 3)
  expect(bench.texts().slice(5)).toEqual(['untold'])
  // It is kept where it belongs all the same, and no longer missing.
  expect(bench.store.held(toHex(author.room))[0]!.ranges).toEqual([{ from: 1, to: 6 }])
  bench.pass(60_000)
  expect(bench.texts().length).toBe(6)
})
