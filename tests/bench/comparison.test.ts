import { describe, expect, test } from 'bun:test'
import { goalTable, killGoals, killTable, othersLine, speedGoals, speedTable } from './gossip/comparison.ts'
import type { Measurement } from './gossip/measure.ts'
import type { KillResult, PhaseResult } from './gossip/phase.ts'

const phase = (over: Partial<PhaseResult>): PhaseResult => ({
  deliveredShare: 1,
  messagesPerS: 1,
  copiesPerDelivery: 1,
  wireBytesPerPayloadByte: null,
  cpuUsPerDelivery: null,
  p50Ms: null,
  p99Ms: null,
  peakMb: null,
  otherPercent: null,
  stolenPercent: null,
  ...over,
})

function measurement(messagesPerS: number, wire: number, p99Ms: number, timedWire: number): Measurement {
  return {
    fullSpeed: phase({ messagesPerS, wireBytesPerPayloadByte: wire, otherPercent: 1 }),
    timed: phase({ p99Ms, wireBytesPerPayloadByte: timedWire, otherPercent: 30 }),
  }
}

// Figures that were once seen with 8 processes.
const EIGHT = {
  hearsay: [measurement(85_489, 1.02, 1.42, 1.44)],
  flood: [measurement(12_895, 3.9, 0.853, 3.96)],
  gossipsub: [measurement(416, 4.6, 60, 4.6)],
}

const kill = (over: Partial<KillResult>): KillResult => ({
  killed: 4,
  expected: 5_500,
  missed: 0,
  p99Ms: 3,
  worstMs: 9,
  worstBeforeMs: 8,
  over100Ms: 0,
  otherPercent: 2,
  stolenPercent: 0,
  ...over,
})

describe('goals beside what was measured', () => {
  test('are all met by what was seen with 8 processes', () => {
    expect(speedGoals('rr8d3', EIGHT).map((goal) => goal.met)).toEqual([true, true, true, true, true, true])
  })

  test('ask half as much of a chain against gossipsub', () => {
    const results = { hearsay: [measurement(30_000, 1, 1, 1)], gossipsub: [measurement(500, 1, 5, 1)] }
    expect(speedGoals('chain3', results)[0]!.met).toBe(true)
    expect(speedGoals('rr8d3', results)[0]!.met).toBe(false)
  })

  test('are missed by a latency more than twice that of flood', () => {
    const results = { ...EIGHT, hearsay: [measurement(85_489, 1.02, 1.8, 1.44)] }
    expect(speedGoals('rr8d3', results).map((goal) => goal.met)).toEqual([true, true, true, true, true, false])
  })

  test('are not judged by a run that lost messages', () => {
    const lossy = { ...EIGHT, hearsay: [{ fullSpeed: phase({ deliveredShare: 0.99 }), timed: null }] }
    expect(speedGoals('rr8d3', lossy).every((goal) => goal.met === null)).toBe(true)
  })

  test('of the kill test are judged by the worst of all repeats', () => {
    const hearsay = [kill({}), kill({ worstMs: 130 }), kill({})]
    const goals = killGoals({ hearsay, overlay: [kill({ missed: 1 }), kill({}), kill({})] })
    expect(goals.map((goal) => goal.met)).toEqual([true, false, false, true])
    expect(goals[1]!.detail).toBe('130 ms')
    expect(killGoals({}).every((goal) => goal.met === null)).toBe(true)
  })

  test('stand in one row for all topologies', () => {
    const goals = speedGoals('rr8d3', EIGHT)
    const rows = goalTable(['8 processes', 'none'], [goals, speedGoals('rr16d3', {})]).split('\n')
    expect(rows).toHaveLength(goals.length + 1)
    expect(rows[2]).toMatch(/at least 2 × flood +6\.63 × met +not measured$/)
  })
})

describe('tables of the comparison', () => {
  test('have a column for each implementation that was measured', () => {
    const rows = speedTable(EIGHT).split('\n')
    expect(rows[0]).toMatch(/^ +hearsay +flood +gossipsub$/)
    expect(rows[1]).toMatch(/messages\/s +85,489 +12,895 +416$/)
  })

  test('have a row for each in the kill test, with the range of its repeats', () => {
    const rows = killTable({ overlay: [kill({ worstMs: 20 }), kill({ worstMs: 40, missed: 3 })] }).split('\n')
    expect(rows).toHaveLength(2)
    expect(rows[1]).toMatch(/^ {2}hearsay, own overlay +3 of 11,000 +30\.0 \(20\.0\.\.40\.0\)/)
  })

  test('end with what others took of the machine', () => {
    const line = othersLine({ speeds: new Map([['rr8d3', EIGHT]]), kills: { hearsay: [kill({})] } })
    expect(line).toContain('2.00 (1.00..30.0) %')
    expect(line).toContain('in 3 of 7 phases')
    expect(othersLine({ speeds: new Map(), kills: {} })).toBeNull()
  })
})
