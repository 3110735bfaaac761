import { describe, expect, test } from 'bun:test'
import { Bits } from '../../../src/core/transfer/bits.ts'
import { Shape } from '../../../src/core/transfer/shape.ts'
import { Uploads } from '../../../src/core/transfer/uploads.ts'
import { LEAF_BYTES, PIECE_LEAVES } from '../../../src/wire/content.ts'
import { HANDLES_MAX, MAP_PART_BYTES_MAX, type TransferFrame } from '../../../src/wire/transfer.ts'

const ROOT = 'ab'.repeat(32)
const LINK = 1

/** Somebody with a part of a content of so many pieces, and one link to him. */
function holder(pieceCount: number, whole = false) {
  const shape = new Shape(pieceCount * PIECE_LEAVES * LEAF_BYTES)
  const pieces = new Bits(shape.pieces)
  const uploads = new Uploads()
  const here = new Bits(shape.leaves)
  uploads.add(ROOT, { shape, here: whole ? null : here, pieces: whole ? null : pieces, allows: () => true })
  uploads.linkUp(LINK, 'anna')
  const pull = (): TransferFrame[] => {
    const frames: TransferFrame[] = []
    for (let frame = uploads.pull(LINK, 0); frame !== null; frame = uploads.pull(LINK, 0)) frames.push(frame)
    return frames
  }
  const gain = (piece: number): void => {
    pieces.add(piece)
    uploads.gained(ROOT, piece)
  }
  return { shape, pieces, uploads, pull, gain }
}

/** What somebody knows who has heard these frames. */
function known(size: number, frames: readonly TransferFrame[]): Bits {
  const bits = new Bits(size)
  for (const frame of frames) {
    if (frame.type === 'gained') for (const piece of frame.pieces) bits.add(piece)
    else if (frame.type === 'have' && 'map' in frame) bits.addBytes(frame.from, frame.map)
  }
  return bits
}

describe('who gives', () => {
  test('reads no more pages ahead for one who asks and never takes them', () => {
    const { shape, uploads, pull } = holder(64 * 200, true)
    uploads.open(LINK, 1, ROOT, shape.size)
    let read = 0
    const ask = (): void => {
      for (let i = 0; i < 1000; i++) {
        uploads.askPage(LINK, 1, 0, i % 200)
        for (const { ticket } of uploads.takeReads()) {
          uploads.read(ticket, new Uint8Array(32 * 1024), 0)
          read++
        }
      }
    }
    ask()
    expect(read).toBe(4)
    expect(pull().filter(({ type }) => type === 'page')).toHaveLength(4)
    ask()
    expect(read).toBe(8)
  })

  test('goes on with pages for one who was given up on while they were read', () => {
    const { shape, uploads, pull } = holder(64 * 200, true)
    for (let handle = 1; handle <= 20; handle++) {
      uploads.open(LINK, handle, ROOT, shape.size)
      uploads.askPage(LINK, handle, 0, 1)
      const [wanted] = uploads.takeReads()
      uploads.close(LINK, handle)
      uploads.read(wanted!.ticket, new Uint8Array(32 * 1024), 0)
    }
    expect(pull().filter(({ type }) => type === 'page')).toEqual([])
  })

  test('says of everything that was read when it is needed no more, once: taken, closed meanwhile, or its link gone', () => {
    const { shape, uploads, pull } = holder(4, true)
    const again = (link: number) => {
      uploads.open(link, 1, ROOT, shape.size)
      uploads.ask(link, 1, 0, PIECE_LEAVES)
      return uploads.takeReads().map(({ ticket }) => ticket)
    }
    const run = new Uint8Array(LEAF_BYTES)
    const taken = again(LINK)
    for (const ticket of taken) uploads.read(ticket, run, 0)
    expect(uploads.takeSpent()).toEqual([])
    expect(pull().filter(({ type }) => type === 'leaves')).toHaveLength(taken.length)
    expect(uploads.takeSpent()).toEqual(taken)

    const [ready, late, ...others] = uploads.takeReads().map(({ ticket }) => ticket)
    uploads.read(ready!, run, 0)
    uploads.close(LINK, 1)
    for (const ticket of [late!, ...others]) uploads.read(ticket, run, 0)
    expect(pull()).toEqual([])
    expect(uploads.takeSpent().sort()).toEqual([ready!, late!, ...others].sort())

    uploads.linkUp(2, 'ben')
    const [waits, comes, ...rest] = again(2)
    uploads.read(waits!, run, 0)
    uploads.linkDown(2)
    for (const ticket of [comes!, ...rest]) uploads.read(ticket, run, 0)
    expect(uploads.takeSpent()).toEqual([waits!, comes!, ...rest])
    expect(uploads.takeSpent()).toEqual([])
  })

  test('makes a map of pieces only when the link takes it, and then as it is', () => {
    const { shape, pieces, uploads, pull, gain } = holder(MAP_PART_BYTES_MAX * 8 * 3)
    gain(5)
    for (let handle = 1; handle <= HANDLES_MAX; handle++) uploads.open(LINK, handle, ROOT, shape.size)
    // What is told later is in it.
    gain(MAP_PART_BYTES_MAX * 8 * 2)
    const frames = pull()
    expect(frames).toHaveLength(HANDLES_MAX * 3)
    for (let handle = 1; handle <= HANDLES_MAX; handle++) {
      const theirs = frames.filter((frame) => frame.handle === handle)
      expect(known(shape.pieces, theirs).bytes()).toEqual(pieces.bytes())
    }
  })

  test('tells one who does not listen for long what was gained meanwhile, in little', () => {
    const { shape, pieces, uploads, pull, gain } = holder(40_000)
    gain(0)
    for (const handle of [1, 2]) uploads.open(LINK, handle, ROOT, shape.size)
    const heard = pull()
    for (let piece = 1; piece < 30_000; piece++) gain(piece)
    const frames = pull()
    expect(frames.length).toBeLessThan(600)
    for (const handle of [1, 2]) {
      const theirs = [...heard, ...frames].filter((frame) => frame.handle === handle)
      expect(known(shape.pieces, theirs).bytes()).toEqual(pieces.bytes())
    }
  })
})
