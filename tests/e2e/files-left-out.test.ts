import { expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { launching } from './launching.ts'
import { isAbout } from './transfers.ts'

setDefaultTimeout(30_000)

const launch = launching()

test('whoever offers a folder hears what is left out of it, before the offer stands', async () => {
  const anna = await launch(['--username', 'Anna'])
  const photos = join(anna.home, 'photos')
  mkdirSync(photos)
  writeFileSync(join(photos, 'a.jpg'), 'x')
  symlinkSync('a.jpg', join(photos, 'link'))
  Bun.spawnSync(['mkfifo', join(photos, 'pipe')])
  expect(await anna.do({ do: 'send', path: photos })).toMatchObject({ ok: true })
  const told = anna.lines.findIndex((line) => line.event === 'notice' && line.code === 'parts-left-out')
  expect(anna.lines[told]).toMatchObject({
    message: '2 things in photos are left out: links and what is neither a file nor a folder (the first: photos/link).',
  })
  expect(anna.lines.findIndex((line) => isAbout(line, 'photos') && line.state === 'offering')).toBeGreaterThan(told)
})
