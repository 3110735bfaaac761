import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FeedLog, type HeldBundle } from '../../../src/core/history/feed-log.ts'
import { type SigningKey, signingKeyFromSeed, verifier } from '../../../src/crypto/sign.ts'
import { type Bundle, BundleBuilder, decodeBundle, NO_EVENT } from '../../../src/wire/bundle.ts'
import { EventKind, feedIdOf } from '../../../src/wire/event.ts'

const key = signingKeyFromSeed(new Uint8Array(32).fill(1))
const other = signingKeyFromSeed(new Uint8Array(32).fill(2))
const room = new Uint8Array(32)
const epoch = new Uint8Array(8)
const feedKey = { author: key.publicKey, room, epoch, id: feedIdOf(key.publicKey, room, epoch) }

function emptyLog(): FeedLog {
  return new FeedLog(feedKey, verifier(key.publicKey)!)
}

interface Sealed {
  readonly bundle: Bundle
  readonly previous: Uint8Array
  readonly tip: Uint8Array
}

function seal(first: number, previous: Uint8Array, texts: readonly string[], signer: SigningKey = key): Sealed {
  const builder = new BundleBuilder()
  texts.forEach((text, at) => {
    builder.add(EventKind.text, { ms: first + at, counter: 0 }, new TextEncoder().encode(text))
  })
  const { bundle, ids } = builder.seal(first, feedKey.id, previous, signer)
  return { bundle: decodeBundle(bundle.bytes)!, previous, tip: ids.at(-1)! }
}

function append(log: FeedLog, { bundle, previous, tip }: Sealed, from = 1): number {
  const { first, count, bytes } = bundle
  return log.append({ first, count, bytes, previous, hops: 1, from, heardAtMs: 0 }, tip)
}

/** `count` bundles of one or more events each, one after the other from `first`. */
function chain(counts: readonly number[], first = 1, previous: Uint8Array = NO_EVENT): Sealed[] {
  const sealed: Sealed[] = []
  let next = first
  let tip = previous
  for (const count of counts) {
    const one = seal(
      next,
      tip,
      Array.from({ length: count }, (_, at) => `event ${next + at}`),
    )
    sealed.push(one)
    next += count
    tip = one.tip
  }
  return sealed
}

describe('judging a bundle', () => {
  const [first, second] = chain([2, 3]) as [Sealed, Sealed]

  function logWithFirst(): FeedLog {
    const log = emptyLog()
    append(log, first)
    return log
  }

  test('the next one fits, with the hash before it given or left out', () => {
    expect(logWithFirst().judge(second.bundle, second.previous).kind).toBe('fits')
    const verdict = logWithFirst().judge(second.bundle, null)
    expect(verdict).toMatchObject({ kind: 'fits' })
    if (verdict.kind === 'fits') expect(verdict.ids.at(-1)).toEqual(second.tip)
  })

  test('signed by another it is forged; with no hash given it may be that the hashes differ', () => {
    const forged = seal(3, first.tip, ['not by the author'], other)
    expect(logWithFirst().judge(forged.bundle, forged.previous).kind).toBe('forged')
    expect(logWithFirst().judge(forged.bundle, null).kind).toBe('unclear')
  })

  test('with a broken chain it is forged', () => {
    const wrong = new Uint8Array(32).fill(5)
    expect(logWithFirst().judge(second.bundle, wrong).kind).toBe('forged')
  })

  test('every byte of it is covered: changed anywhere it does not fit', () => {
    const { bytes } = second.bundle
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at]! ^= 1 << (at % 8)
      const bundle = decodeBundle(changed)
      if (bundle !== null) expect(logWithFirst().judge(bundle, second.previous).kind).not.toBe('fits')
    }
  })

  test('for another feed of the same author it is forged: nothing can be moved elsewhere', () => {
    const elsewhere = feedIdOf(key.publicKey, new Uint8Array(32).fill(1), epoch)
    const log = new FeedLog({ ...feedKey, id: elsewhere }, verifier(key.publicKey)!)
    expect(log.judge(first.bundle, NO_EVENT).kind).toBe('forged')
  })

  test('rightly signed after another event than ours it is a fork', () => {
    const elsewise = seal(1, NO_EVENT, ['another', 'history'])
    const after = seal(3, elsewise.tip, ['and on'])
    expect(logWithFirst().judge(after.bundle, after.previous).kind).toBe('fork')
    // Without the hash we cannot know, and must ask before anybody is blamed.
    expect(logWithFirst().judge(after.bundle, null).kind).toBe('unclear')
  })

  test('beyond what we have it fits only with the hash before it, which is taken on trust and covered by the signature', () => {
    const third = chain([2, 3, 1])[2]!
    expect(logWithFirst().judge(third.bundle, null).kind).toBe('unclear')
    expect(logWithFirst().judge(third.bundle, third.previous).kind).toBe('fits')
    expect(logWithFirst().judge(third.bundle, new Uint8Array(32)).kind).toBe('forged')
  })

  test('the hash that is kept is not a view of what came in', () => {
    const record = new Uint8Array(64 * 1024)
    record.set(first.tip, 10)
    const verdict = logWithFirst().judge(second.bundle, record.subarray(10, 42))
    if (verdict.kind !== 'fits') throw new Error(verdict.kind)
    expect(verdict.previous.buffer.byteLength).toBeLessThan(64 * 1024)
  })
})

/** A log without cleverness: a list, and how much of its beginning is gone. */
class NaiveLog {
  readonly all: HeldBundle[] = []
  dropped = 0

  get held(): HeldBundle[] {
    return this.all.slice(this.dropped)
  }

  get next(): number {
    const last = this.all.at(-1)
    return last === undefined ? 1 : last.first + last.count
  }

  get base(): number {
    return this.held[0]?.first ?? this.next
  }
}

type Act = { readonly kind: 'append'; readonly count: number; readonly gap: number } | { readonly kind: 'drop' }

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        count: fc.integer({ min: 1, max: 9 }),
        gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(20)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const) }) },
  ),
  { maxLength: 300, size: 'max' },
)

function held(first: number, count: number): HeldBundle {
  return { first, count, bytes: new Uint8Array(count), previous: NO_EVENT, hops: 0, from: 0, heardAtMs: 0 }
}

describe('the window of a log', () => {
  test('is what a plain list would be, through appending, gaps and dropping', () => {
    fc.assert(
      fc.property(acts, fc.nat(3_000), (list, probe) => {
        const log = emptyLog()
        const naive = new NaiveLog()
        for (const act of list) {
          if (act.kind === 'append') {
            const bundle = held(naive.next + act.gap, act.count)
            naive.all.push(bundle)
            expect(log.append(bundle, NO_EVENT)).toBeGreaterThan(bundle.bytes.length)
          } else if (naive.held.length > 0) {
            naive.dropped++
            log.dropOldest()
          }
          expect([log.start, log.end]).toEqual([naive.dropped, naive.all.length])
          expect([log.base, log.next]).toEqual([naive.base, naive.next])
        }
        naive.held.forEach((bundle, at) => {
          const position = naive.dropped + at
          expect(log.at(position)).toBe(bundle)
          const before = at === 0 ? undefined : naive.held[at - 1]
          const follows = before !== undefined && before.first + before.count === bundle.first
          expect(log.beginsAt(position)).toBe(!follows)
        })
        const number = probe % (naive.next + 10)
        const found = naive.held.findIndex((bundle) => bundle.first + bundle.count > number)
        expect(log.positionOf(number)).toBe(naive.dropped + (found < 0 ? naive.held.length : found))
      }),
      { numRuns: 60 },
    )
  })

  test('gives back what it took', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 200 }), (counts) => {
        const log = emptyLog()
        let balance = 0
        for (const count of counts) balance += log.append(held(log.next, count), NO_EVENT)
        while (log.start < log.end) balance -= log.dropOldest()
        expect(balance).toBe(0)
        expect(log.base).toBe(log.next)
      }),
    )
  })

  test('knows the newest event also when it holds none any more', () => {
    const log = emptyLog()
    const [one, two] = chain([1, 1]) as [Sealed, Sealed]
    append(log, one)
    log.dropOldest()
    expect(log.tip).toEqual(one.tip)
    expect(log.judge(two.bundle, null).kind).toBe('fits')
  })
})
