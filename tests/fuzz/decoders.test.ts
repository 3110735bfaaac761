import { afterAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { seededRng } from '../../src/base/rng.ts'
import { heapBytes } from '../node/heap.ts'
import { spoiling } from '../wire/codec-laws.ts'
import { type Case, readCorpus } from './corpus.ts'
import { CHEAP, CODECS, DEAR, type Decoder } from './decoders.ts'
import { mutate } from './mutator.ts'
import { failure, INPUTS, SEED } from './seed.ts'
import { Watchdog } from './watchdog.ts'

/** A thousand times what the dearest of them takes. */
const INPUT_MS_MAX = 2_000
const GROWTH_BYTES_MAX = 4 * 1024 * 1024

const corpus = readCorpus()
const watchdog = new Watchdog('decoders')
afterAll(() => watchdog.end())

function read(name: string, decode: Decoder, bytes: Uint8Array, number: number): boolean {
  watchdog.before(bytes)
  const startedAtMs = performance.now()
  try {
    const good = decode(bytes)
    const tookMs = performance.now() - startedAtMs
    if (tookMs > INPUT_MS_MAX) throw new Error(`took ${Math.round(tookMs)} ms`)
    return good
  } catch (cause) {
    throw failure(name, number, bytes, cause)
  }
}

describe('saved cases', () => {
  test('there are some for every decoder, and no others', () => {
    expect([...corpus.keys()].filter((name) => name !== 'link').sort()).toEqual(
      [...Object.keys(CHEAP), ...Object.keys(DEAR)].sort(),
    )
  })

  test.each(Object.entries({ ...CHEAP, ...DEAR }))('%s: read or refused as when they were saved', (name, decode) => {
    for (const [number, { bytes, good }] of corpus.get(name)!.entries()) {
      const now = read(name, decode, bytes, number)
      if (good !== null && now !== good) throw failure(name, number, bytes, `${good ? 'refused' : 'read'} now`)
    }
  })
})

/** Changed copies of what was saved, for one decoder after another. */
function fuzz(decoders: Record<string, Decoder>, inputs: number): { good: number; grown: number } {
  const rng = seededRng(SEED)
  const names = Object.keys(decoders)
  const all = [...corpus.values()].flat()
  const any = (cases: readonly Case[]) => cases[rng.below(cases.length)]!.bytes
  let good = 0
  let before = 0
  for (let number = 0; number < inputs; number++) {
    if (number === Math.floor(inputs / 5)) before = heapBytes()
    const name = names[number % names.length]!
    const bytes = mutate(rng.below(20) === 0 ? any(all) : any(corpus.get(name)!), any(all), rng)
    if (read(name, decoders[name]!, bytes, number)) good++
  }
  return { good, grown: heapBytes() - before }
}

describe('changed inputs', () => {
  test(`${INPUTS.bytes} of them: no decoder throws, hangs or keeps anything`, () => {
    const { good, grown } = fuzz(CHEAP, INPUTS.bytes)
    // Were nearly all refused at their first byte, nothing would have been tried.
    expect(good).toBeGreaterThan(INPUTS.bytes / 20)
    expect(grown).toBeLessThan(GROWTH_BYTES_MAX)
  }, 120_000)

  test(`${INPUTS.dear} of them for what opens and verifies`, () => {
    const { good, grown } = fuzz(DEAR, INPUTS.dear)
    expect(good).toBeGreaterThan(INPUTS.dear / 50)
    expect(grown).toBeLessThan(GROWTH_BYTES_MAX)
  }, 120_000)

  test(`${INPUTS.structured} spoilt values of every codec`, () => {
    const list = Object.entries(CODECS)
    for (const [name, { encodings, decode }] of list) {
      const property = fc.property(encodings, spoiling(), (encoded, spoil) => {
        read(name, decode, spoil(encoded), 0)
      })
      fc.assert(property, { seed: SEED, numRuns: Math.ceil(INPUTS.structured / list.length) })
    }
  }, 120_000)
})
