import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { Stage } from './stage.ts'

/** A stranger says more than anybody could read: most of it is dropped, and whoever is here is told how much. */

setDefaultTimeout(30_000)

const stage = new Stage()
afterEach(() => stage.close())

const WORDS = 3_000

test('what is dropped of a flood is told with whose it was, and once', async () => {
  const us = await stage.hearsay(['--username', 'Ulla', '--dialect', 'framed'])
  const { original } = await stage.framed('Flo', '--connect', us.address)
  await original.until('peer', { id: us.address })
  for (let i = 0; i < WORDS; i++) original.do({ do: 'send', msg: `word ${i}` })
  const notice = await us.until((line) => line.event === 'notice' && line.code === 'dialect-flood')
  const told = notice.event === 'notice' ? notice.message : ''
  expect(told).toStartWith('Flo (framed) says more than anybody could read: ')
  const dropped = Number(/: (\d+) messages were dropped\. \/ignore spares you the rest\.$/.exec(told)?.[1])
  expect(dropped).toBeGreaterThan(WORDS / 2)
  expect(dropped).toBeLessThan(WORDS)
  expect(us.lines.filter((line) => line.event === 'notice' && line.code === 'dialect-flood')).toHaveLength(1)
})
