import { expect, setDefaultTimeout, test } from 'bun:test'
import { overSeeds, REAL_MS_MAX } from './seeds.ts'
import { week } from './week.ts'

setDefaultTimeout(REAL_MS_MAX)

test('twenty people in a week of comings, goings, crashes and cuts: nothing that was acknowledged is lost to anybody', async () => {
  await overSeeds(import.meta.path, 4, (seed) => {
    const { acknowledged, shown } = week(seed)
    expect(acknowledged).toBeGreaterThan(500)
    expect(shown).toBeGreaterThan(acknowledged)
  })
})
