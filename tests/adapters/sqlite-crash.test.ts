import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRng } from '../../src/base/rng.ts'
import { verifier } from '../../src/crypto/sign.ts'
import { chainBundle, decodeBundle, NO_EVENT, signatureOf, signedPart } from '../../src/wire/bundle.ts'
import { GENERAL } from '../ports/store-writer.ts'
import { opened, StoreProcess } from './sqlite-processes.ts'

/** More by HEARSAY_KILLS; another series by HEARSAY_SEED. */
const KILLS = Number(process.env['HEARSAY_KILLS'] ?? 20)
const SEED = Number(process.env['HEARSAY_SEED'] ?? Date.now() % 1_000_000)
const LIFE_MS_MAX = 120
const SIDE_BY_SIDE = 4

const folder = mkdtempSync(join(tmpdir(), 'hearsay-crash-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Kills a writer after `lifeMs` of writing; answers how far it had told that it is safe. */
async function killed(path: string, lifeMs: number): Promise<number> {
  const writer = await StoreProcess.start('write', path)
  await Bun.sleep(lifeMs)
  // A line that was cut off tells nothing.
  const lines = (await writer.kill()).split('\n').slice(1, -1)
  return Number(lines.at(-1) ?? 0)
}

/** Everything the file holds is whole and follows one another; answers how many events that are. */
function wholeEvents(path: string): number {
  const store = opened(path, { distrust: true })
  try {
    expect(store.setAside).toBeNull()
    const [feed] = store.feeds()
    if (feed === undefined) return 0
    expect(feed.ranges).toEqual([{ from: 1, to: feed.next }])
    const check = verifier(feed.key.author)!
    let previous = NO_EVENT
    let next = 1
    while (next < feed.next) {
      for (const served of store.bundles(feed.key, next, feed.next, 1e9)) {
        expect(served.first).toBe(next)
        expect(served.previous).toEqual(previous)
        const bundle = decodeBundle(served.bytes)!
        previous = chainBundle(bundle, feed.key.id, previous).at(-1)!
        expect(check.verify(signedPart(next, previous), signatureOf(bundle))).toBe(true)
        next += served.count
      }
    }
    expect(feed.tip).toEqual(previous)
    const texts = [...store.export(GENERAL)].flat().map(({ text }) => text)
    expect(texts).toEqual(Array.from({ length: feed.next - 1 }, (_, i) => `message ${i + 1}`))
    // The index too: the last one said is found by its number.
    const newest = `${feed.next - 1}`
    expect(store.search({ words: newest, limit: 1 })[0]!.message.text).toBe(`message ${newest}`)
    return feed.next - 1
  } finally {
    store.close()
  }
}

describe('killed at any moment', () => {
  test(`a store has everything that was acknowledged, and nothing by half (${KILLS} times)`, async () => {
    const random = seededRng(SEED)
    let most = 0
    try {
      for (let done = 0; done < KILLS; done += SIDE_BY_SIDE) {
        const paths = Array.from({ length: Math.min(SIDE_BY_SIDE, KILLS - done) }, (_, i) =>
          join(folder, `${done + i}.db`),
        )
        const acknowledged = await Promise.all(paths.map((path) => killed(path, random.below(LIFE_MS_MAX))))
        paths.forEach((path, i) => {
          const held = wholeEvents(path)
          expect(held).toBeGreaterThanOrEqual(acknowledged[i]!)
          most = Math.max(most, acknowledged[i]!)
        })
      }
    } catch (error) {
      console.error(`the series of HEARSAY_SEED=${SEED}`)
      throw error
    }
    // Had none come to write anything, nothing would have been tried.
    expect(most).toBeGreaterThan(0)
  }, 600_000)
})
