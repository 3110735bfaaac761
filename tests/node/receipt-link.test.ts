import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteReader } from '../../src/base/bytes.ts'
import type { PartHolders } from '../../src/core/gossip/holders.ts'
import { ReceiptLink } from '../../src/node/receipt-link.ts'
import { MEMBER_NUMBERS_MAX, RECEIPT_NAMES_MAX, readReceipts, writeReceipts } from '../../src/wire/receipts.ts'
import { written } from '../wire/codecs.ts'

type News = PartHolders & { readonly handle: number }

const tagAt = (at: number): string => at.toString(16).padStart(16, '0')
const tags = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => tagAt(from + i))

/** Two ends of a link, and what comes out at the other: each member with what it holds. */
class Ends {
  frames = 0
  bytes = 0
  private readonly ours = new ReceiptLink()
  private readonly theirs = new ReceiptLink()

  tell(news: readonly News[]): string[] {
    const heard: string[] = []
    for (const frame of this.ours.frames(news)) {
      const bytes = written((out) => writeReceipts(out, frame))
      const read = readReceipts(new ByteReader(bytes))
      if (read === null || !this.theirs.name(read)) throw new Error('what was written is refused')
      this.frames++
      this.bytes += bytes.length
      for (const entry of read.entries) {
        for (const tag of this.theirs.members(entry))
          heard.push(`${entry.handle} ${entry.next - entry.span} ${entry.next} ${tag}`)
      }
    }
    return heard.sort()
  }
}

const asHeard = (news: readonly News[]): string[] =>
  news.flatMap(({ handle, from, next, tags }) => tags.map((tag) => `${handle} ${from} ${next} ${tag}`)).sort()

describe('what one end tells of members', () => {
  test('is what the other hears, whatever it is', () => {
    const news = fc.array(
      fc.record({
        handle: fc.integer({ min: 1, max: 65_536 }),
        from: fc.integer({ min: 1, max: 900 }),
        length: fc.integer({ min: 1, max: 1_000 }),
        members: fc.uniqueArray(fc.nat(6_000), { minLength: 1, maxLength: 40 }),
      }),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(fc.array(news, { maxLength: 8 }), (rounds) => {
        const ends = new Ends()
        for (const round of rounds) {
          const told = round.map(({ handle, from, length, members }) => ({
            handle,
            from,
            next: from + length,
            tags: members.map(tagAt),
          }))
          expect(ends.tell(told)).toEqual(asHeard(told))
        }
      }),
      { numRuns: 60 },
    )
  })

  test('of a room of a thousand takes a name each once, and then a few bytes for all of them', () => {
    const ends = new Ends()
    ends.tell([{ handle: 1, from: 1, next: 2, tags: tags(0, 1_000) }])
    expect(ends.bytes).toBeLessThan(8 * 1_000 + 20)
    ends.bytes = 0
    ends.tell([{ handle: 1, from: 1, next: 3, tags: tags(0, 1_000) }])
    expect(ends.bytes).toBeLessThan(12)
  })

  test('is cut into frames where it is too much for one, and numbering begins anew where numbers run out', () => {
    const ends = new Ends()
    const news = [0, 3_000, 6_000].map((from) => ({ handle: 1, from: 1, next: 2, tags: tags(from, 3_000) }))
    expect(ends.tell(news)).toEqual(asHeard(news))
    expect(ends.frames).toBeGreaterThan((3 * 3_000) / RECEIPT_NAMES_MAX)
    const many = Array.from({ length: 5_000 }, (_, i) => ({
      handle: i + 1,
      from: 1,
      next: 2,
      tags: [tagAt(i % MEMBER_NUMBERS_MAX)],
    }))
    expect(ends.tell(many)).toEqual(asHeard(many))
  })
})
