import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  BITRATE_FIRST,
  BITRATE_MAX,
  BITRATE_MIN,
  type Encoding,
  LossControl,
} from '../../../src/core/voice/loss-control.ts'
import type { VoiceReport } from '../../../src/wire/voice-control.ts'

const well: VoiceReport = {
  expected: 50,
  lost: 0,
  bursts: 0,
  late: 0,
  concealedTicks: 0,
  jitterMs: 2,
  delayMs: 20,
  queueMs: 0,
}
const lossy = (lost: number, bursts = lost): VoiceReport => ({ ...well, lost, bursts })
const slow = (queueMs: number, lost = 2): VoiceReport => ({ ...well, queueMs, lost, bursts: lost })

/** A second at a time: each listener's report, then what to do. */
class Room {
  readonly control = new LossControl()
  nowMs = 0

  second(reports: Record<string, VoiceReport>): Encoding {
    this.nowMs += 1_000
    for (const [name, report] of Object.entries(reports)) this.control.reported(name, report, 30, this.nowMs)
    return this.control.decide(this.nowMs)
  }

  seconds(count: number, reports: Record<string, VoiceReport>): Encoding {
    let last = this.second(reports)
    for (let i = 1; i < count; i++) last = this.second(reports)
    return last
  }
}

describe('redundancy', () => {
  test('is off while nothing is lost, there as soon as something is, and goes slowly', () => {
    const room = new Room()
    expect(room.seconds(5, { ada: well })).toEqual({ bitrate: BITRATE_FIRST, lossPercent: 0, againAge: 0 })
    expect(room.second({ ada: lossy(5) }).lossPercent).toBe(10)
    expect(room.seconds(3, { ada: well }).lossPercent).toBeGreaterThan(5)
    expect(room.seconds(30, { ada: well }).lossPercent).toBe(0)
  })

  test('is for the worst of the listeners, within what the codec can use', () => {
    const room = new Room()
    expect(room.second({ ada: well, ben: lossy(4), cleo: well }).lossPercent).toBe(8)
    expect(room.second({ ada: lossy(45) }).lossPercent).toBe(25)
  })

  test('says frames again where they are lost in rows, as far back as the rows are long, and not for one of many', () => {
    const room = new Room()
    expect(room.second({ ada: lossy(6, 2) }).againAge).toBe(3)
    expect(new Room().second({ ada: lossy(3, 3) }).againAge).toBe(0)
    const [of, many] = [new Room(), { ada: lossy(6, 2), ben: well, cleo: well, dan: well }]
    expect(of.second(many).againAge).toBe(0)
    expect(of.second({ ...many, ben: lossy(6, 3) }).againAge).toBeGreaterThan(0)
  })

  test('says frames again where many are lost one by one, and goes on until it is clearly better', () => {
    const room = new Room()
    expect(room.seconds(20, { ada: lossy(2) }).againAge).toBe(0)
    expect(room.second({ ada: lossy(5) }).againAge).toBe(0)
    expect(room.seconds(8, { ada: lossy(5) })).toMatchObject({ againAge: 2, bitrate: 0.75 * BITRATE_FIRST })
    expect(room.seconds(10, { ada: lossy(3) }).againAge).toBe(2)
    expect(room.seconds(20, { ada: lossy(2) }).againAge).toBe(0)
    expect(new Room().seconds(20, { ada: lossy(8), ben: well, cleo: well }).againAge).toBe(0)
  })
})

describe('the bit rate', () => {
  test('stays where loss comes without delay, as over radio', () => {
    expect(new Room().seconds(20, { ada: lossy(3) }).bitrate).toBe(BITRATE_FIRST)
  })

  test('falls at once where delay and loss grow together, to its floor, and comes back slowly', () => {
    const room = new Room()
    expect(room.second({ ada: slow(100) }).bitrate).toBeLessThan(0.75 * BITRATE_FIRST)
    expect(room.seconds(10, { ada: slow(200, 0) }).bitrate).toBe(BITRATE_MIN)
    expect(room.seconds(4, { ada: well }).bitrate).toBe(BITRATE_MIN)
    const soon = room.seconds(5, { ada: well }).bitrate
    expect(soon).toBeGreaterThan(BITRATE_MIN)
    expect(soon).toBeLessThan(0.75 * BITRATE_FIRST)
    expect(room.seconds(30, { ada: well }).bitrate).toBe(BITRATE_FIRST)
  })

  test('leaves the codec bits for FEC while anything is lost, unless fewer were wished', () => {
    expect(new Room().seconds(20, { ada: slow(100) }).bitrate).toBe(18_000)
    const frugal = new LossControl(14_000)
    for (let s = 0; s < 20; s++) frugal.reported('ada', slow(100), 30, 1_000 * s)
    expect(frugal.decide(19_000).bitrate).toBeLessThanOrEqual(14_000)
  })

  test('falls for a queue that stands without loss, and for a round trip that grew', () => {
    expect(new Room().seconds(3, { ada: slow(200, 0) }).bitrate).toBeLessThan(BITRATE_FIRST)
    const control = new LossControl()
    control.reported('ada', lossy(2), 30, 0)
    control.reported('ada', lossy(2), 140, 1_000)
    expect(control.decide(1_000).bitrate).toBeLessThan(BITRATE_FIRST)
  })

  test('does not fall for one bad listener of three or more, and does for two', () => {
    const room = new Room()
    expect(room.seconds(20, { ada: slow(300, 20), ben: well, cleo: well }).bitrate).toBe(BITRATE_FIRST)
    expect(room.second({ ada: slow(300, 20), ben: slow(100), cleo: well }).bitrate).toBeLessThan(BITRATE_FIRST)
  })

  test('forgets who is gone', () => {
    const room = new Room()
    room.second({ ada: lossy(20) })
    room.control.left('ada')
    expect(room.second({}).lossPercent).toBe(0)
    room.second({ ben: lossy(20) })
    expect(room.seconds(12, {}).lossPercent).toBe(0)
  })
})

test('whatever is reported, by however many, the answer is one an encoder takes', () => {
  const u16 = fc.nat(0xffff)
  const reports = fc.record({
    expected: u16,
    lost: u16,
    bursts: u16,
    late: u16,
    concealedTicks: u16,
    jitterMs: u16,
    delayMs: u16,
    queueMs: u16,
  })
  const rtts = fc.oneof(fc.nat(60_000), fc.constant(Number.NaN))
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(400), reports, rtts, fc.nat(3_000)), { maxLength: 300 }), (all) => {
      const control = new LossControl()
      let nowMs = 0
      for (const [who, report, rttMs, passed] of all) {
        nowMs += passed
        control.reported(`listener ${who}`, report, rttMs, nowMs)
        const { bitrate, lossPercent, againAge } = control.decide(nowMs)
        expect(bitrate >= BITRATE_MIN && bitrate <= BITRATE_MAX).toBe(true)
        expect(lossPercent >= 0 && lossPercent <= 25).toBe(true)
        expect([0, 2, 3, 4]).toContain(againAge)
      }
    }),
  )
})
