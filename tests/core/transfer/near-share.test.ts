import { expect, test } from 'bun:test'
import { seededRng } from '../../../src/base/rng.ts'
import { Download } from '../../../src/core/transfer/download.ts'
import { LEAF_BYTES } from '../../../src/wire/content.ts'
import { Content } from './swarm.ts'

/** Holders of one content that share what is asked of near ones, some of whom fall silent. */

const content = new Content(512 * LEAF_BYTES)

interface Asked {
  readonly holder: number
  readonly leaf: number
}

class Fetch {
  readonly download = new Download(content.shape, content.root, seededRng(1))
  nowMs = 0

  join(id: number): void {
    this.download.addHolder(id, `k${id}`, this.nowMs)
    this.download.hasAll(id, this.nowMs)
  }

  asked(): Asked[] {
    const asked: Asked[] = []
    for (let outputs = this.download.takeOutputs(); outputs.length > 0; outputs = this.download.takeOutputs()) {
      for (const output of outputs) {
        if (output.kind === 'ask-page') this.download.page(output.holder, 0, 0, content.pages.get(0)!, this.nowMs)
        if (output.kind !== 'ask') continue
        for (let i = 0; i < output.count; i++) asked.push({ holder: output.holder, leaf: output.first + i })
      }
    }
    return asked
  }

  /** All of it comes after so long; says what is asked then. */
  answer(asked: readonly Asked[], afterMs = 1): Asked[] {
    this.nowMs += afterMs
    for (const { holder, leaf } of asked) {
      this.download.leaves(holder, leaf, content.run(leaf, 1).slice(), this.nowMs)
      this.download.stored(holder, leaf, 1, this.nowMs)
    }
    return this.asked()
  }

  /** What comes of one of them, who answers each millisecond, while nobody else does. */
  of(holder: number, first: readonly Asked[]): number {
    let asked = first.filter((each) => each.holder === holder)
    for (let ms = 0; ms < 5_000; ms++) asked = this.answer(asked).filter((each) => each.holder === holder)
    return this.download.here.count
  }
}

function begun(): { fetch: Fetch; asked: Asked[] } {
  const fetch = new Fetch()
  fetch.join(1)
  let asked = fetch.asked()
  for (let i = 0; i < 3; i++) asked = fetch.answer(asked)
  expect(asked.length).toBe(16)
  return { fetch, asked }
}

test('one that was silent for ten seconds, and then answers, is asked again', () => {
  const { fetch, asked } = begun()
  fetch.nowMs += 10_500
  fetch.download.wake(fetch.nowMs)
  expect(fetch.asked()).toEqual([])
  let next = fetch.answer(asked)
  for (let i = 0; i < 600; i++) next = fetch.answer(next)
  expect(fetch.download.isWhole).toBe(true)
})

test('one that falls silent with all that is under way does not stop another', () => {
  const { fetch } = begun()
  fetch.join(2)
  expect(fetch.of(2, fetch.asked())).toBeGreaterThan(400)
})

test('new ones that never answer do not stop one that does', () => {
  const { fetch, asked } = begun()
  for (let id = 2; id < 6; id++) fetch.join(id)
  expect(fetch.of(1, [...asked, ...fetch.asked()])).toBeGreaterThan(400)
})
