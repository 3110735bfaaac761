import { describe, expect, test } from 'bun:test'
import { SendingWindow } from '../../../src/core/circuit/sending-window.ts'

const CHUNK = 4_096
const MOST = 128 * 1024

/** Sends without end over a line, for a while. Answers how much went, and how long the last of it queued. */
function over(
  line: { bytesPerMs: number; thereAndBackMs: number },
  forMs: number,
  window = new SendingWindow(CHUNK, MOST, 0),
) {
  const underway: { atMs: number; bytes: number }[] = []
  let freeAtMs = 0
  let sent = 0
  const queued: number[] = []
  for (let nowMs = 0; nowMs < forMs; nowMs++) {
    while (underway[0] !== undefined && underway[0].atMs <= nowMs) window.arrived(underway.shift()!.bytes, nowMs)
    while (window.room >= CHUNK) {
      window.left(CHUNK, nowMs)
      queued.push(Math.max(0, freeAtMs - nowMs))
      freeAtMs = Math.max(freeAtMs, nowMs) + CHUNK / line.bytesPerMs
      underway.push({ atMs: freeAtMs + line.thereAndBackMs, bytes: CHUNK })
      sent += CHUNK
    }
  }
  const late = queued.slice(queued.length >> 1).sort((a, b) => a - b)
  return { bytesPerMs: sent / forMs, queuedMs: late[Math.floor(0.99 * late.length)]! }
}

describe('how much is sent ahead', () => {
  test.each([
    [100, 40],
    [500, 40],
    [1_000, 100],
    [1_000, 20],
  ])('fills a line of %d bytes a millisecond and %d ms, and hardly queues', (bytesPerMs, thereAndBackMs) => {
    const { bytesPerMs: rate, queuedMs } = over({ bytesPerMs, thereAndBackMs }, 20_000)
    expect(rate).toBeGreaterThan(0.6 * Math.min(bytesPerMs, MOST / thereAndBackMs))
    // A chunk more than what is aimed at, for nothing is sent in smaller ones.
    expect(queuedMs).toBeLessThan(Math.max(5, thereAndBackMs / 4) + (2 * CHUNK) / bytesPerMs)
  })

  test('never is more than the other end takes', () => {
    const window = new SendingWindow(CHUNK, MOST, 0)
    over({ bytesPerMs: 100_000, thereAndBackMs: 50 }, 5_000, window)
    expect(window.underway + window.room).toBeLessThanOrEqual(MOST)
    expect(window.underway).toBeGreaterThan(MOST / 2)
  })

  test('never is less than a chunk, however slow it gets', () => {
    const window = new SendingWindow(CHUNK, MOST, 0)
    for (let nowMs = 10; nowMs < 200_000; nowMs += nowMs) {
      const bytes = window.room
      expect(bytes).toBeGreaterThanOrEqual(CHUNK)
      window.left(bytes, nowMs)
      window.arrived(bytes, 2 * nowMs)
    }
  })

  test('grows again on a line that has become longer, once the shorter time is forgotten', () => {
    const window = new SendingWindow(CHUNK, MOST, 0)
    window.left(CHUNK, 0)
    window.arrived(CHUNK, 1)
    let nowMs = 1
    const turn = (): void => {
      const bytes = window.room
      window.left(bytes, nowMs)
      nowMs += 100
      window.arrived(bytes, nowMs)
    }
    for (let i = 0; i < 100; i++) turn()
    expect(window.room).toBe(CHUNK)
    for (let i = 0; i < 3_000; i++) turn()
    expect(window.room).toBeGreaterThan(8 * CHUNK)
  })
})
