import { describe, expect, test } from 'bun:test'
import { BRANCHES_MAX, type BranchEnd } from '../../src/wire/fork.ts'
import { EVENT_NUMBER_MAX } from '../../src/wire/limits.ts'
import { obeysTheLaws } from './codec-laws.ts'
import { forkCodec } from './fork-codec.ts'

const id = new Uint8Array(32).fill(7)
const end = (at: number): BranchEnd => ({ end: at, id })
const isRead = (ends: readonly BranchEnd[]) =>
  forkCodec.decode(forkCodec.encode({ kind: 'ends', handle: 1, ends })) !== null

describe('FORK', () => {
  obeysTheLaws('FORK', forkCodec)

  test('tells of 1 to 513 ends', () => {
    const many = (count: number) => Array.from({ length: count }, () => end(2))
    expect([0, 1, BRANCHES_MAX, BRANCHES_MAX + 1].map((count) => isRead(many(count)))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  test('of which none is before the first event, or beyond the last there can be', () => {
    expect([0, 1, 2, EVENT_NUMBER_MAX, EVENT_NUMBER_MAX + 1].map((at) => isRead([end(at)]))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ])
  })

  test('the ids of ends are no view of what came in', () => {
    const bytes = forkCodec.encode({ kind: 'ask', handle: 1, ...end(5), down: 4 })
    const read = forkCodec.decode(bytes)
    bytes.fill(0)
    expect(read).toEqual({ kind: 'ask', handle: 1, end: 5, id, down: 4 })
  })

  test('asks for something at least', () => {
    const isAsked = (down: number) =>
      forkCodec.decode(forkCodec.encode({ kind: 'ask', handle: 1, ...end(5), down })) !== null
    expect([0, 1, 4, 5].map(isAsked)).toEqual([false, true, true, false])
  })
})
