import { ByteReader, ByteWriter, EMPTY, equalBytes, toHex } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { Exchange } from '../../src/core/transfer/exchange.ts'
import { planFolder } from '../../src/core/transfer/folder.ts'
import { cleanFileName } from '../../src/core/transfer/names.ts'
import { encodeResumeHeader, readResumeHeader } from '../../src/core/transfer/resume.ts'
import { encodeFileOffer, readFileOffer } from '../../src/wire/file-offer.ts'
import { eachFrame } from '../../src/wire/frame.ts'
import { encodeHolding, encodeSeek, readHolding, readSeek } from '../../src/wire/holding.ts'
import { encodeManifest, readManifest } from '../../src/wire/manifest.ts'
import { readTransfer, writeTransfer } from '../../src/wire/transfer.ts'
import { Content } from '../core/transfer/swarm.ts'

/** What reads bytes about files, and checks that it would write what it has read the same. */

function lawful<T>(read: (bytes: Uint8Array) => T | null, write: (value: T) => Uint8Array | null) {
  return (bytes: Uint8Array): boolean => {
    const value = read(bytes)
    if (value === null) return false
    const again = write(value)
    if (again === null || !equalBytes(again, bytes)) throw new Error('read, and would be written otherwise')
    return true
  }
}

/** The first byte is the frame's type. */
function readFrame(bytes: Uint8Array): boolean {
  const frame = readTransfer(bytes[0] ?? 0, new ByteReader(bytes, 1))
  if (frame === null) return false
  const out = new ByteWriter()
  writeTransfer(out, frame)
  if (!equalBytes(out.view(), bytes.subarray(1))) throw new Error('read, and would be written otherwise')
  return true
}

/** A folder that somebody offers: whatever it lists, nothing of it leads out of the folder it becomes. */
function readListing(bytes: Uint8Array): boolean {
  const entries = readManifest(bytes)
  if (entries === null) return false
  if (!equalBytes(encodeManifest(entries) ?? EMPTY, bytes)) throw new Error('read, and would be written otherwise')
  const size = entries.reduce((sum, entry) => sum + entry.size, bytes.length)
  for (const { path } of planFolder(bytes, size) ?? []) {
    for (const part of path) if (cleanFileName(part) !== part) throw new Error(`not clean: ${JSON.stringify(part)}`)
  }
  return true
}

const content = new Content(300_000)

/** All that a peer says on a link for files, to one that gives one content and fetches it from this peer too. */
function converse(record: Uint8Array): boolean {
  const exchange = new Exchange(seededRng(1))
  exchange.serve(content.root, { shape: content.shape, here: null, pieces: null, allows: () => true })
  const download = exchange.fetch(content.root, content.bytes.length, () => true)
  exchange.linkUp(1, 'peer')
  exchange.tryAt(content.root, 1)
  let isGood = true
  const fits = eachFrame(
    record,
    (type, bytes, start, end) => {
      isGood = exchange.frame(1, type, new ByteReader(bytes, start, end), 0) === null && isGood
    },
    () => isGood,
  )
  for (let turns = 0; exchange.pull(1, 0) !== null; turns++) if (turns > 10_000) throw new Error('answers without end')
  for (const output of exchange.takeOutputs()) {
    if (output.kind === 'store' && output.hashes.length === 0) throw new Error('to be stored unchecked')
  }
  if (download.here.count > 0) throw new Error('here without having been stored')
  exchange.wake(60_000)
  exchange.linkDown(1, 60_000)
  return fits && isGood
}

export const FILE_DECODERS = {
  transfer: readFrame,
  'file-offer': lawful(readFileOffer, encodeFileOffer),
  'file-listing': readListing,
  'file-state': (bytes: Uint8Array) => {
    const header = readResumeHeader(bytes)
    return header !== null && toHex(encodeResumeHeader(header)).length > 0
  },
  seek: lawful(readSeek, encodeSeek),
  holding: lawful(readHolding, encodeHolding),
}

export const FILE_CONVERSATIONS = { 'transfer-link': converse }
