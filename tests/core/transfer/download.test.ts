import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../../src/base/rng.ts'
import { Download } from '../../../src/core/transfer/download.ts'
import { LEAF_BYTES } from '../../../src/wire/content.ts'
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
