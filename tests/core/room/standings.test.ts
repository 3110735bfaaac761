import { describe, expect, test } from 'bun:test'
import { type Crowd, FOLLOWED_MAX, Standings } from '../../../src/core/room/standings.ts'

const MINUTE_MS = 60_000

const idOf = (number: number): Uint8Array => Uint8Array.of(number >> 16, number >> 8, number)

/** Members present, and those who hold all below a number; negative: who is gone. */
function crowd(present: number, ...nexts: number[]): Crowd {
  return { present, holders: nexts.map((next) => ({ from: 1, next: Math.abs(next), isPresent: next > 0 })) }
}

function following(...numbers: number[]): Standings {
  const standings = new Standings()
  for (const number of numbers) standings.said(number, idOf(number), 0)
  return standings
}

const figures = (standings: Standings, number: number): string | null => {
  const standing = standings.of(idOf(number))
  return standing === null ? null : `${standing.state} ${standing.reached}/${standing.of}`
}

const due = (standings: Standings, nowMs: number, most = 100): string[] =>
  standings.takeDue(nowMs, most).map(({ id, state, reached, of }) => `${id.at(-1)} ${state} ${reached}/${of}`)

describe('how far a message has come', () => {
  test('is how many hold it, of those and of who is present without it', () => {
    const standings = following(1, 2, 5)
    standings.update(crowd(3, 6, 3, 2), 0)
    expect([1, 2, 5].map((number) => figures(standings, number))).toEqual([
      'everyone 3/3',
      'reached 2/3',
      'reached 1/3',
    ])
    expect(figures(standings, 3)).toBeNull()
  })

  test('counts nobody for what lies in a hole of what he holds', () => {
    const standings = following(1, 2, 3, 4)
    const holders = [
      { from: 3, next: 5, isPresent: true },
      { from: 1, next: 2, isPresent: true },
    ]
    standings.update({ present: 2, holders }, 0)
    expect([1, 2, 3, 4].map((number) => standings.of(idOf(number))!.reached)).toEqual([1, 0, 1, 1])
  })

  test('keeps who had it and went, and leaves out who went without it', () => {
    const standings = following(1)
    standings.update(crowd(3, 2, 2), 0)
    expect(figures(standings, 1)).toBe('reached 2/3')
    standings.update(crowd(2, 2, -2), 0)
    expect(figures(standings, 1)).toBe('reached 2/3')
    standings.update(crowd(1, 2, -2), 0)
    expect(figures(standings, 1)).toBe('everyone 2/2')
    standings.update(crowd(0), 0)
    expect(figures(standings, 1)).toBe('everyone 2/2')
  })

  test('is waiting while nobody has it, whoever is there', () => {
    const standings = following(1)
    expect(figures(standings, 1)).toBe('waiting 0/0')
    standings.update(crowd(4), 0)
    expect(figures(standings, 1)).toBe('waiting 0/4')
  })

  test('stays as it is when everybody has had it for a minute; before that newcomers count', () => {
    const standings = following(1)
    standings.update(crowd(1, 2), MINUTE_MS)
    standings.update(crowd(2, 2), 2 * MINUTE_MS - 1)
    expect(figures(standings, 1)).toBe('reached 1/2')
    standings.update(crowd(2, 2, 2), 5 * MINUTE_MS)
    standings.update(crowd(9, 2, 2), 6 * MINUTE_MS)
    expect(figures(standings, 1)).toBe('everyone 2/2')
  })

  test('is followed of the last thousand', () => {
    const standings = new Standings()
    for (let number = 1; number <= 5_000; number++) standings.said(number, idOf(number), 0)
    standings.update(crowd(1, 5_001), 0)
    expect(standings.first).toBeWithin(5_001 - FOLLOWED_MAX - 256, 5_002 - FOLLOWED_MAX)
    expect(figures(standings, 5_001 - FOLLOWED_MAX)).toBe('everyone 1/1')
    expect(figures(standings, standings.first - 1)).toBeNull()
  })

  test('of what was said before is known when asked, and not told', () => {
    const standings = following(7)
    standings.restore([3, 5, 7, 9].map((number) => ({ number, id: idOf(number) })))
    standings.update(crowd(1, 6), 0)
    expect([3, 5, 7, 9].map((number) => figures(standings, number))).toEqual([
      'everyone 1/1',
      'everyone 1/1',
      'waiting 0/1',
      null,
    ])
    expect(due(standings, 10_000)).toEqual(['7 waiting 0/1'])
  })
})

describe('it is told', () => {
  test('once, where everybody has it soon', () => {
    const standings = following(1)
    standings.update(crowd(3), 100)
    expect(due(standings, 100)).toEqual([])
    standings.update(crowd(3, 2), 200)
    expect(due(standings, 200)).toEqual([])
    standings.update(crowd(3, 2, 2, 2), 300)
    expect(due(standings, 300)).toEqual(['1 everyone 3/3'])
    expect(due(standings, 1_000_000)).toEqual([])
    expect(standings.nextDueMs()).toBe(Number.POSITIVE_INFINITY)
  })

  test('at once where nobody is there, and again when somebody has it', () => {
    const standings = following(1)
    standings.update(crowd(0), 150)
    expect(due(standings, 150)).toEqual(['1 waiting 0/0'])
    standings.update(crowd(1), 9_000)
    standings.update(crowd(1, 2), 9_300)
    expect(due(standings, 9_300)).toEqual(['1 everyone 1/1'])
  })

  test('after three seconds where somebody is there and it has come to nobody', () => {
    const standings = following(1)
    standings.update(crowd(2), 150)
    expect(standings.nextDueMs()).toBe(3_000)
    expect(due(standings, 2_999)).toEqual([])
    expect(due(standings, 3_000)).toEqual(['1 waiting 0/2'])
  })

  test('a few times where it takes long, less and less often, and in the end', () => {
    const standings = following(1)
    const told: number[] = []
    for (let second = 0; second < 3_000; second++) {
      const nowMs = second * 1_000
      standings.update(crowd(5_000, ...Array.from({ length: second + 1 }, () => 2)), nowMs)
      if (due(standings, nowMs).length > 0) told.push(second)
    }
    expect(told).toEqual([1, 2, 4, 8, 16, 32, 64, 128])
    standings.update(crowd(5_000, ...Array.from({ length: 5_000 }, () => 2)), 4_000_000)
    expect(due(standings, 4_000_000)).toEqual(['1 everyone 5000/5000'])
  })

  test('of so many at a time as are asked for, the oldest first; the others are due still', () => {
    const standings = following(1, 2, 3)
    standings.update(crowd(0), 150)
    expect(due(standings, 150, 2)).toEqual(['1 waiting 0/0', '2 waiting 0/0'])
    expect(standings.nextDueMs()).toBeLessThanOrEqual(150)
    expect(due(standings, 150, 2)).toEqual(['3 waiting 0/0'])
  })
})
