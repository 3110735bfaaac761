import { describe, expect, test } from 'bun:test'
import { FeedLog } from '../../src/core/history/feed-log.ts'
import { RangeSet } from '../../src/core/history/ranges.ts'
import { Feed } from '../../src/node/feed.ts'
import { OwnHolding } from '../../src/node/own-holding.ts'
import { Author, type Made } from './author.ts'

/** What a node says to hold of a feed, and when. */
class Holding {
  readonly author = new Author(7)
  readonly feed: Feed
  given = 0
  safe = 0
  private readonly own: OwnHolding

  constructor() {
    const { key, room, epoch, feedId } = this.author
    const log = new FeedLog({ author: key.publicKey, room, epoch, id: feedId }, { verify: () => true })
    this.feed = new Feed(log, 'feed', 'author', false, 0, null)
    const keeping = this
    this.own = new OwnHolding(this.feed, {
      get mark() {
        return keeping.given
      },
      isSafe: (mark) => keeping.safe >= mark,
    })
  }

  append({ bundle, previous, ids }: Made): void {
    const { first, count, bytes } = bundle
    this.feed.log.append({ first, count, bytes, previous, hops: 1, from: 1, heardAtMs: 0 }, ids.at(-1)!)
  }

  /** As from to; null for nothing new. */
  told(): string | null {
    this.own.look('us', 0)
    const [part] = this.own.takeUntold()
    return part === undefined ? null : `${part.from} ${part.next}`
  }
}

describe('what is held of a feed', () => {
  test('without a store is what the window has since the last hole', () => {
    const holding = new Holding()
    expect(holding.told()).toBeNull()
    holding.append(holding.author.say('1', '2'))
    holding.append(holding.author.say('3'))
    expect(holding.told()).toBe('1 4')
    expect(holding.told()).toBeNull()
    holding.author.say('4')
    holding.append(holding.author.say('5'))
    expect(holding.told()).toBe('5 6')
  })

  test('with one is the newest part of what is stored, and more as holes are filled', () => {
    const holding = new Holding()
    holding.feed.hold(1, 4)
    holding.feed.hold(8, 11)
    expect(holding.told()).toBe('8 11')
    holding.feed.hold(6, 8)
    expect(holding.told()).toBe('6 11')
    holding.feed.hold(4, 6)
    expect(holding.told()).toBe('1 11')
  })

  test('is told when it is safe, and no sooner for what comes after it', () => {
    const holding = new Holding()
    const give = (from: number, to: number): void => {
      holding.feed.hold(from, to)
      holding.given++
    }
    give(1, 3)
    expect(holding.told()).toBeNull()
    give(3, 5)
    expect(holding.told()).toBeNull()
    holding.safe = 1
    expect(holding.told()).toBe('1 3')
    give(5, 6)
    holding.safe = 2
    expect(holding.told()).toBe('1 5')
    expect(holding.told()).toBeNull()
    holding.safe = 3
    expect(holding.told()).toBe('1 6')
  })

  test('is nothing of what lacks its words, and nothing at all of an author with two histories', () => {
    const holding = new Holding()
    holding.feed.hold(1, 9)
    holding.feed.unproven = { ids: new Map(), numbers: new RangeSet([{ from: 4, to: 5 }]) }
    expect(holding.told()).toBe('5 9')
    holding.feed.unproven = null
    expect(holding.told()).toBe('1 9')
    holding.feed.hold(9, 10)
    holding.feed.log.forked = true
    expect(holding.told()).toBeNull()
  })
})
