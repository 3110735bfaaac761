import { expect, test } from 'bun:test'
import fc from 'fast-check'

/** A family's pair of functions, as bytes of a whole body and back. */
export interface Codec<T> {
  readonly values: fc.Arbitrary<T>
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T | null
  /** Bytes after the known fields are left for later versions. */
  readonly growing?: boolean
}

/** What every codec of the wire owes: registers one test a law. */
export function obeysTheLaws<T>(name: string, codec: Codec<T>): void {
  test(`${name}: what is written is read back`, () => {
    fc.assert(
      fc.property(codec.values, (value) => {
        expect(codec.decode(codec.encode(value))).toEqual(value)
      }),
    )
  })

  test(`${name}: cut short at any byte it is refused`, () => {
    fc.assert(
      fc.property(codec.values, (value) => {
        const bytes = codec.encode(value)
        for (let length = 0; length < bytes.length; length++) expect(codec.decode(bytes.slice(0, length))).toBeNull()
      }),
      { numRuns: 25 },
    )
  })

  test(`${name}: ${codec.growing === true ? 'what a later version adds is left alone' : 'one byte more is refused'}`, () => {
    fc.assert(
      fc.property(codec.values, fc.integer({ min: 0, max: 255 }), (value, extra) => {
        const read = codec.decode(Uint8Array.of(...codec.encode(value), extra))
        if (codec.growing === true) expect(read).toEqual(value)
        else expect(read).toBeNull()
      }),
      { numRuns: 50 },
    )
  })

  test(`${name}: no bytes make it throw, and what it reads it would write the same`, () => {
    const mutated = fc.tuple(codec.values, spoiling()).map(([value, spoil]) => spoil(codec.encode(value)))
    fc.assert(
      fc.property(fc.oneof(anyBytes(200), mutated), (bytes) => {
        const read = codec.decode(bytes)
        if (read === null) return
        const again = codec.encode(read)
        expect(codec.growing === true ? bytes.slice(0, again.length) : bytes).toEqual(again)
      }),
      { numRuns: 400 },
    )
  })
}

export function anyBytes(lengthMax: number, lengthMin = 0): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: lengthMin, maxLength: lengthMax })
}

export function exactly(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length })
}

/** Integers that crowd at the borders of a varint's lengths. */
export function numbers(min: number, max: number): fc.Arbitrary<number> {
  const borders = [min, max]
  for (let power = 7; power <= 49; power += 7) {
    for (const value of [2 ** power - 1, 2 ** power]) if (value > min && value < max) borders.push(value)
  }
  return fc.oneof(
    fc.constantFrom(...borders),
    fc.maxSafeInteger().map((any) => min + (Math.abs(any) % (max - min + 1))),
  )
}

/** Text of any code points that fits in `bytesMax` bytes. */
export function texts(bytesMax: number, charsMin = 0): fc.Arbitrary<string> {
  const any = fc.string({ unit: 'binary', minLength: charsMin, maxLength: Math.floor(bytesMax / 4) })
  return fc.oneof(any, fc.string({ minLength: charsMin, maxLength: bytesMax }))
}

/** A few changes at random places: a bit flipped, a byte set, a piece cut out or put in. */
export function spoiling(): fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> {
  const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const change = fc.record({ at, what: fc.constantFrom('flip', 'set', 'cut', 'insert'), byte: fc.nat(255) })
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => (bytes) => {
    let result = [...bytes]
    for (const { at, what, byte } of changes) {
      const index = Math.floor(at * result.length)
      if (what === 'flip') result[index] = (result[index] ?? 0) ^ (1 << (byte % 8))
      else if (what === 'set') result[index] = byte
      else if (what === 'cut') result = [...result.slice(0, index), ...result.slice(index + (byte % 4) + 1)]
      else result.splice(index, 0, byte)
    }
    return Uint8Array.from(result)
  })
}
