import { expect, test } from 'bun:test'
import { KeyedHash } from '../../../src/core/history/reconcile-hash.ts'

// Key 00 01 … 07 and inputs 00 01 02 … of so many bytes: from the reference implementation's table for 64 bits of output.
test.each([
  [0, '218d1f59b9b83cc8'],
  [1, 'be552412f8387315'],
  [4, 'd5e78a175be52ea1'],
  [6, 'ce3e91358aa2bc25'],
  [7, 'ff202728b07bc684'],
  [8, 'edfee820bce4858c'],
  [16, '7336aad25f7bf3b5'],
  [63, '2ea63c71bf326087'],
])('HalfSipHash-2-4 of %i bytes is what its authors publish', (length, published) => {
  const hash = new KeyedHash(0x03020100, 0x07060504)
  hash.hash(
    Uint8Array.from({ length: 64 }, (_, i) => i),
    length,
  )
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, hash.low, true)
  view.setUint32(4, hash.high, true)
  expect(bytes.toHex()).toBe(published)
})
