import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { joinBytes } from '../../../src/base/bytes.ts'
import { Chunks } from '../../../src/core/circuit/chunks.ts'

test('what goes in comes out, in order, in chunks, whenever it is taken', () => {
  const steps = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant('take' as const)), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (all) => {
      const chunks = new Chunks(16)
      const [given, taken]: Uint8Array[][] = [[], []]
      const take = (): boolean => {
        const bytes = chunks.take()
        if (bytes !== null) taken!.push(bytes)
        return bytes !== null
      }
      for (const step of all) {
        if (step === 'take') take()
        else {
          chunks.append(step)
          // It copies: what becomes of the giver's bytes is no matter.
          given!.push(step.slice())
          step.fill(0)
        }
      }
      while (take());
      expect(joinBytes(taken!)).toEqual(joinBytes(given!))
      expect(taken!.every(({ length }) => length > 0 && length <= 16)).toBe(true)
      expect(chunks.length).toBe(0)
    }),
  )
})

test('crumbs are gathered', () => {
  const chunks = new Chunks(16)
  for (let i = 0; i < 40; i++) chunks.append(Uint8Array.of(i))
  expect(chunks.length).toBe(40)
  expect([chunks.take(), chunks.take(), chunks.take(), chunks.take()].map((bytes) => bytes?.length)).toEqual([
    16,
    16,
    8,
    undefined,
  ])
})
