import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { CellRow, Peeler } from '../../../src/core/history/reconcile-cells.ts'
import { ReconcileItems, ReconcileKey } from '../../../src/core/history/reconcile-items.ts'
import { estimate, survey } from '../../../src/core/history/reconcile-survey.ts'
import { SURVEY_BYTES, WORDS_PER_CELL } from '../../../src/wire/reconcile-frames.ts'
import type { Room } from '../../bench/history/link.ts'
import { bytesOf, LOBBY, roomOf } from './reconcile-made.ts'

const someFeeds = (count: number): Room => roomOf(LOBBY, new Array(count).fill(7))

function itemsOf(room: Room, salt: number): ReconcileItems<Room['feeds'][number]> {
  return new ReconcileItems([room], new ReconcileKey(bytesOf(salt)))
}

function cellsOf(items: ReconcileItems<Room['feeds'][number]>, count: number): Uint32Array {
  const cells = new Uint32Array(count * WORDS_PER_CELL)
  new CellRow(items).write(items.spans[0]!, cells, count)
  return cells
}

/** How many cells it takes to get everything out of them, given a few at a time. */
function cellsNeeded(items: ReconcileItems<Room['feeds'][number]>, countMax: number, step: number): number {
  const cells = cellsOf(items, countMax)
  const peeler = new Peeler()
  for (let count = step; count <= countMax; count += step) {
    peeler.add(cells.slice((count - step) * WORDS_PER_CELL, count * WORDS_PER_CELL))
    if (peeler.isDone) return count
  }
  return Number.POSITIVE_INFINITY
}

describe('a row of cells', () => {
  test('gives back all that is in it, each by its reference and with its word', () => {
    const items = itemsOf(someFeeds(50), 1)
    const peeler = new Peeler()
    peeler.add(cellsOf(items, 200))
    expect(peeler.isDone).toBe(true)
    const found = new Map(peeler.found.map(({ reference, words }) => [reference, words]))
    expect(found.size).toBe(50)
    for (let item = 0; item < 50; item++) expect(found.get(items.referenceAt(item))).toBe(items.words[item]!)
  })

  test('takes about one and a half cells for each of 200 feeds', () => {
    const needed = Array.from({ length: 20 }, (_, salt) => cellsNeeded(itemsOf(someFeeds(200), salt), 600, 10))
    expect(needed.reduce((sum, count) => sum + count) / needed.length / 200).toBeWithin(1.3, 1.6)
  })

  test('is the same whether it is written at once or bit by bit', () => {
    const items = itemsOf(someFeeds(30), 2)
    const row = new CellRow(items)
    const cells = new Uint32Array(90 * WORDS_PER_CELL)
    for (const count of [1, 4, 4, 50, 90]) row.write(items.spans[0]!, cells, count)
    expect([...cells]).toEqual([...cellsOf(items, 90)])
  })

  test('of nothing is zeros', () => {
    expect([...cellsOf(itemsOf(someFeeds(0), 1), 5)]).toEqual(new Array(5 * WORDS_PER_CELL).fill(0))
    const peeler = new Peeler()
    peeler.add(new Uint32Array(5 * WORDS_PER_CELL))
    expect([peeler.isDone, peeler.found]).toEqual([true, []])
  })
})

describe('cells that lie', () => {
  test('do not get a feed taken out twice', () => {
    const items = itemsOf(someFeeds(1), 3)
    const honest = cellsOf(items, 40)
    const other = cellsOf(itemsOf(roomOf(LOBBY, [9]), 3), 40)
    // From the second cell on the same feed has another word, so that what is left of them is that feed once more.
    const lie = Uint32Array.from(honest, (word, at) => (at < WORDS_PER_CELL ? word : other[at]!))
    const peeler = new Peeler()
    peeler.add(lie)
    expect([peeler.isDone, peeler.isBroken]).toEqual([false, true])
    expect(peeler.found).toHaveLength(1)
  })

  test('of any kind come to an end, with no more feeds than there are cells', () => {
    const rows = fc
      .uint32Array({ minLength: 3, maxLength: 300, size: 'max' })
      .map((words) => words.slice(0, words.length - (words.length % 3)))
    fc.assert(
      fc.property(fc.array(rows, { minLength: 1, maxLength: 3 }), fc.nat(40), (batches, mixedIn) => {
        const honest = cellsOf(itemsOf(someFeeds(mixedIn), 4), 100)
        const peeler = new Peeler()
        for (const batch of batches) {
          const start = peeler.count * WORDS_PER_CELL
          // Half of them what they should be, so that there is something to peel.
          peeler.add(Uint32Array.from(batch, (word, at) => (at % 6 < 3 ? (honest[start + at] ?? 0) : word)))
        }
        expect(peeler.found.length).toBeLessThanOrEqual(peeler.count)
      }),
      { numRuns: 100 },
    )
  })
})

describe('a survey', () => {
  const surveyOf = (items: ReconcileItems<Room['feeds'][number]>) => {
    const bits = new Uint8Array(SURVEY_BYTES)
    survey(items, items.spans[0]!, bits)
    return bits
  }

  test('of two that are alike says 0', () => {
    const bits = surveyOf(itemsOf(someFeeds(500), 5))
    expect(estimate(bits, bits.slice())).toBe(0)
  })

  test.each([20, 300, 3_000])('tells roughly that %i feeds differ', (count) => {
    const nothing = new Uint8Array(SURVEY_BYTES)
    const estimates = Array.from({ length: 20 }, (_, salt) =>
      estimate(surveyOf(itemsOf(someFeeds(count), salt)), nothing),
    )
    expect(estimates.filter((each) => each > count / 2 && each < count * 2).length).toBeGreaterThan(17)
    expect(estimates.reduce((sum, each) => sum + each) / estimates.length / count).toBeWithin(0.75, 1.3)
  })

  test('of any bits is a number of feeds there can be', () => {
    const bits = fc.uint8Array({ minLength: SURVEY_BYTES, maxLength: SURVEY_BYTES })
    fc.assert(
      fc.property(bits, bits, (ours, theirs) => {
        expect(estimate(ours, theirs)).toBeWithin(0, 200_001)
      }),
    )
  })
})
