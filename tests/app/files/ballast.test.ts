import { expect, test } from 'bun:test'
import { Ballast } from '../../../src/app/files/ballast.ts'
import { memoryOf } from '../../bench/kernel.ts'

test.skipIf(process.platform !== 'linux')('ballast weighs much and takes no room', () => {
  const residentMb = () => memoryOf(process.pid)?.rssMb ?? Number.NaN
  const ballast = new Ballast()
  expect(ballast.bytes).toBe(0)
  const before = residentMb()
  ballast.hold()
  ballast.hold()
  expect(ballast.bytes).toBeGreaterThan(100_000_000)
  expect(residentMb() - before).toBeLessThan(20)
})
