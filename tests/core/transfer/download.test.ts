import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../../src/base/rng.ts'
import { Download } from '../../../src/core/transfer/download.ts'
import { WINDOW_NEAR } from '../../../src/core/transfer/holder.ts'
import { LEAF_BYTES } from '../../../src/wire/content.ts'
import { RUN_LEAVES_MAX } from '../../../src/wire/transfer.ts'
import { Content } from './swarm.ts'

const HOLDER = 1

describe('leaves that come together', () => {
  const content = new Content(3 * LEAF_BYTES + 1)

  /** What is to be stored of all four, where some have been there before. */
  function storesWith(here: readonly number[]) {
    const download = new Download(content.shape, content.root, seededRng(1))
    download.addHolder(HOLDER, 'aa', 0)
    download.hasAll(HOLDER, 0)
    download.page(HOLDER, 0, 0, content.pages.get(0)!, 0)
    for (const leaf of here) download.restore(leaf, 1)
    download.takeOutputs()
    const bytes = content.bytes.slice()
    download.leaves(HOLDER, 0, bytes, 0)
    return { bytes, stores: download.takeOutputs().filter((output) => output.kind === 'store') }
  }

  test('are stored in the memory they came in, where every one of them is wanted', () => {
    const { bytes, stores } = storesWith([])
    expect(stores).toMatchObject([{ first: 0, bytes: content.bytes }])
    expect(stores[0]?.bytes.buffer).toBe(bytes.buffer)
  })

  test('are stored each in a memory of its own, where some are not', () => {
    const { bytes, stores } = storesWith([2])
    expect(stores).toMatchObject([
      { first: 0, bytes: content.run(0, 2) },
      { first: 3, bytes: content.run(3, 1) },
    ])
    const memories = new Set([bytes.buffer, ...stores.map((store) => store.bytes.buffer)])
    expect(memories.size).toBe(3)
  })
})

describe('of holders that answer at once', () => {
  const content = new Content(256 * LEAF_BYTES)

  /** Everything from so many, one of whom comes later; answers come by chance, after less than a millisecond mostly. Says how much was under way at most, and of each how much came. */
  function fetch(seed: number, count: number) {
    const rng = seededRng(seed)
    const download = new Download(content.shape, content.root, rng)
    const asked: { readonly holder: number; readonly first: number; readonly count: number }[] = []
    const storing: { readonly holder: number; readonly first: number; readonly count: number }[] = []
    const came = new Map<number, number>()
    const most = { beforeLast: 0, whenKnown: 0 }
    let nowMs = 0
    const join = (id: number): void => {
      download.addHolder(id, `k${id}`, nowMs)
      download.hasAll(id, nowMs)
    }
    const answerPage = (holder: number): void => {
      download.page(holder, 0, 0, content.pages.get(0)!, nowMs)
      take()
    }
    const take = (): void => {
      for (const output of download.takeOutputs()) {
        if (output.kind === 'ask-page') answerPage(output.holder)
        else if (output.kind === 'store') {
          storing.push({ holder: output.holder, first: output.first, count: output.hashes.length / 32 })
        } else if (output.kind === 'ask') {
          for (let at = 0; at < output.count; at += RUN_LEAVES_MAX) {
            const run = Math.min(RUN_LEAVES_MAX, output.count - at)
            asked.push({ holder: output.holder, first: output.first + at, count: run })
          }
        }
      }
    }
    for (let id = 1; id < count; id++) join(id)
    let steps = 0
    for (take(); !download.isWhole && steps < 10_000; take(), steps++) {
      nowMs += rng.float() / 50
      if (steps === 40) join(count)
      const underWay = [...asked, ...storing].reduce((sum, run) => sum + run.count, 0)
      if (steps <= 40) most.beforeLast = Math.max(most.beforeLast, underWay)
      if ((came.get(count) ?? 0) > 2 * RUN_LEAVES_MAX) most.whenKnown = Math.max(most.whenKnown, underWay)
      const from = storing.length > 0 && (asked.length === 0 || rng.float() < 0.5) ? storing : asked
      const [run] = from.splice(rng.below(from.length), 1)
      if (run === undefined) break
      if (from === storing) download.stored(run.holder, run.first, run.count, nowMs)
      else {
        download.leaves(run.holder, run.first, content.run(run.first, run.count).slice(), nowMs)
        came.set(run.holder, (came.get(run.holder) ?? 0) + run.count)
      }
    }
    return { isWhole: download.isWhole, most, came }
  }

  for (let seed = 1; seed <= 12; seed++) {
    const count = 2 + (seed % 7)
    test(`seed ${seed}: ${count} of them are asked for no more than one would be, and each brings its part`, () => {
      const { isWhole, most, came } = fetch(seed, count)
      expect(isWhole).toBe(true)
      // Those who are not known yet are asked for a run each.
      expect(most.beforeLast).toBeLessThanOrEqual(Math.max(WINDOW_NEAR, (count - 1) * RUN_LEAVES_MAX))
      expect(most.whenKnown).toBeLessThanOrEqual(WINDOW_NEAR)
      expect(came.size).toBe(count)
      for (const leaves of came.values()) expect(leaves).toBeGreaterThan(256 / count / 4)
    })
  }
})

describe('from how many it comes', () => {
  const content = new Content(40 * LEAF_BYTES)
  const [first, second, idle] = [1, 2, 3] as const

  /** Two of three holders have sent all that was asked of them, and have nothing else. */
  function served() {
    const download = new Download(content.shape, content.root, seededRng(1))
    for (const id of [first, second, idle]) download.addHolder(id, `${id}`, 0)
    download.gained(first, [0], 0)
    download.page(first, 0, 0, content.pages.get(0)!, 0)
    answer(download, 0)
    download.gained(second, [1], 1_000)
    answer(download, 1_000)
    return download
  }

  function answer(download: Download, nowMs: number): void {
    for (let outputs = download.takeOutputs(); outputs.length > 0; outputs = download.takeOutputs()) {
      for (const output of outputs) {
        if (output.kind === 'ask') {
          for (let leaf = output.first; leaf < output.first + output.count; leaf++) {
            download.leaves(output.holder, leaf, content.run(leaf, 1).slice(), nowMs)
          }
        } else if (output.kind === 'store') {
          download.stored(output.holder, output.first, output.hashes.length / 32, nowMs)
        }
      }
    }
  }

  test('is told of some seconds: between an answer and the next question nothing is asked of anybody', () => {
    const download = served()
    expect(download.pieces.count).toBe(2)
    expect(download.activeHolders).toBe(0)
    expect(download.sendersAt(1_000)).toEqual([first, second])
    expect(download.sendersAt(5_500)).toEqual([second])
    expect(download.sendersAt(6_000)).toEqual([])
  })

  test('does not count who has gone, and is nobody while it is paused', () => {
    const download = served()
    download.removeHolder(first, 1_000)
    expect(download.sendersAt(1_000)).toEqual([second])
    download.pause()
    expect(download.sendersAt(1_000)).toEqual([])
    download.resume(1_000)
    expect(download.sendersAt(1_000)).toEqual([second])
  })
})
