import { expect, test } from 'bun:test'
import type { PendingOffer } from '../../../src/app/files/pending.ts'
import { WaitingList } from '../../../src/app/files/waiting-list.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Target } from '../../../src/ports/files.ts'

/** Turns that end when the test says so. */
function turns(): { readonly clock: Clock; end(): void } {
  const deferred: (() => void)[] = []
  const clock: Clock = {
    wallMs: () => 0,
    nowMs: () => 0,
    timer: () => () => {},
    defer: (run) => void deferred.push(run),
  }
  return {
    clock,
    end() {
      for (const run of deferred.splice(0)) run()
    },
  }
}

function target(): { readonly target: Target; readonly settled: number } {
  const about = { settled: 0 }
  const settle = async (): Promise<void> => void about.settled++
  return Object.assign(about, { target: { settle } as Target })
}

const row = (id: string) => ({ id }) as PendingOffer
const list = (rows: PendingOffer[] = []) => {
  const { clock, end } = turns()
  const disk = { takes: true }
  return { end, disk, list: new WaitingList(clock, { load: () => rows, save: () => disk.takes }) }
}

test('what has come is left to a later run until the turn is over in which it is told', () => {
  const { list: waiting, end } = list()
  const come = target()
  waiting.over(come.target, () => ['a'])
  waiting.save([])
  expect(come.settled).toBe(0)
  end()
  expect(come.settled).toBe(1)
})

test('and until none of the offers that brought it waits any more', () => {
  const { list: waiting, end } = list([row('a'), row('b'), row('c')])
  waiting.load()
  const come = target()
  waiting.over(come.target, () => ['a', 'b'])
  end()
  waiting.save([row('b'), row('c')])
  expect(come.settled).toBe(0)
  waiting.save([row('c')])
  waiting.save([])
  expect(come.settled).toBe(1)
})

test('and until that is on the disk, where a later run reads it', () => {
  const { list: waiting, end, disk } = list([row('a')])
  waiting.load()
  const come = target()
  waiting.over(come.target, () => ['a'])
  end()
  disk.takes = false
  waiting.save([])
  waiting.close()
  expect(come.settled).toBe(0)
  disk.takes = true
  waiting.save([])
  expect(come.settled).toBe(1)
})

test('a run that ends has told of everything', () => {
  const { list: waiting } = list()
  const come = target()
  waiting.over(come.target, () => ['a'])
  waiting.close()
  expect(come.settled).toBe(1)
})
