import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { namedDevices } from '../../src/adapters/sound-names.ts'
import { DEVICE_NAME_GRAPHEMES_MAX, DEVICES_MAX } from '../../src/ports/sound.ts'

const named = (...names: string[]): string[] =>
  namedDevices(names.map((name, i) => ({ id: `device ${i}`, name, isDefault: false }))).map((device) => device.name)

test('two of one name are told apart, also where a name looks like a number given', () => {
  expect(named('USB', 'USB (2)', 'USB', 'USB')).toEqual(['USB', 'USB (2)', 'USB (3)', 'USB (4)'])
})

test('names are cleaned, and those that look alike then are told apart', () => {
  expect(named('Head\u202eset\n', ' Head  set', 'Head\u001b[31m set')).toEqual(['Headset', 'Head set', 'Head set (2)'])
})

test('a device without a name goes by its id', () => {
  expect(named('', '\u200b')).toEqual(['device 0', 'device 1'])
})

test('one id is one device, and one device the default', () => {
  const found = ['a', 'b', 'a', ''].map((id) => ({ id, name: id, isDefault: true }))
  expect(namedDevices(found)).toEqual([
    { id: 'a', name: 'a', isDefault: true },
    { id: 'b', name: 'b', isDefault: false },
  ])
})

test('whatever a system tells, the list is short, and its names are short, clean and different', () => {
  const device = fc.record({
    id: fc.string({ maxLength: 300 }),
    name: fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom('USB', '👩‍👩‍👧‍👦'.repeat(99))),
    isDefault: fc.boolean(),
  })
  const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
  fc.assert(
    fc.property(fc.array(device, { maxLength: 100 }), (found) => {
      const names = namedDevices(found).map(({ name }) => name)
      expect(names.length).toBeLessThanOrEqual(DEVICES_MAX)
      expect(new Set(names).size).toBe(names.length)
      for (const name of names) {
        expect([...graphemes.segment(name)].length).toBeLessThanOrEqual(DEVICE_NAME_GRAPHEMES_MAX)
        expect(name).not.toMatch(/^$|[\n\r\u001b\u202e]/)
      }
    }),
    { numRuns: 60 },
  )
})
