import { expect, test } from 'bun:test'
import { join } from 'node:path'

test.skipIf(process.platform !== 'linux')('ballast weighs much and takes no room', async () => {
  const entry = Bun.spawn([process.execPath, join(import.meta.dir, 'ballast-entry.ts')], { stdin: 'ignore' })
  const { empty, held, grownMb } = JSON.parse(await new Response(entry.stdout).text())
  expect(empty).toBe(0)
  expect(held).toBeGreaterThan(100_000_000)
  expect(grownMb).toBeLessThan(20)
})
