import { expect, test } from 'bun:test'
import { delayPicture } from './voice/delay-picture.ts'

const dots = (name: string, delays: readonly number[]) => ({
  name,
  colour: '#1a6',
  as: 'dots' as const,
  points: delays.map((delayMs, i) => ({ atMs: 500 * i, delayMs })),
})

test('a picture of delays has a point for each of them, higher where it was longer, within its frame', () => {
  const picture = delayPicture([{ title: 'ours & <theirs>', series: [dots('a', [80, 120, 95])], goalMs: 90 }])
  const places = [...picture.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)])
  expect(places.length).toBe(3)
  const [first, second, third] = places as [number[], number[], number[]]
  expect(second[1]!).toBeLessThan(third[1]!)
  expect(third[1]!).toBeLessThan(first[1]!)
  for (const [x, y] of places) expect([x! >= 0 && x! <= 900, y! >= 0 && y! <= 260]).toEqual([true, true])
  expect(picture).toContain('ours &amp; &lt;theirs>')
})

test('what was not measured is left out of it', () => {
  const picture = delayPicture([
    { title: 'nothing', series: [dots('a', [])], goalMs: null },
    { title: 'something', series: [{ ...dots('b', [1, 2]), as: 'line' }], goalMs: null },
  ])
  expect(picture).not.toContain('nothing')
  expect(picture.match(/<polyline/g)?.length).toBe(1)
  expect(picture).not.toMatch(/NaN|Infinity/)
})
