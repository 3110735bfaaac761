import { expect, test } from 'bun:test'
import { formatBytes } from '../../src/base/quantity.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [88_556, '88.6 kB'],
  [99_960, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [1_073_741_824, '1.1 GB'],
  [10 ** 13, '10.0 TB'],
  [10 ** 16, '10000 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})
