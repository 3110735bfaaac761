import { expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { launching } from './launching.ts'
import { fileLine, hashOf, MEBIBYTE, makeFile, offer, taken } from './transfers.ts'

/** An offer that is taken back, between real programs. */

setDefaultTimeout(60_000)

const launch = launching()

test('is withdrawn for who was asked, who was away, and who comes later', async () => {
  const anna = await launch(['--username', 'Anna'])
  const connect = ['--connect', anna.address]
  const ben = await launch(['--username', 'Ben', ...connect])
  let cleo = await launch(['--username', 'Cleo', ...connect])
  await Promise.all([ben.peerUp(anna.id), cleo.peerUp(anna.id)])
  await offer(anna, makeFile(join(anna.home, 'photo.jpg'), MEBIBYTE))
  const { id } = await fileLine(cleo, 'photo.jpg', ({ state }) => state === 'offered')
  await fileLine(ben, 'photo.jpg', ({ state }) => state === 'offered')
  await cleo.quit()
  expect(await anna.do({ do: 'cancel', file: 'photo.jpg' })).toMatchObject({ ok: true })
  const told = await fileLine(ben, 'photo.jpg', ({ state }) => state === 'withdrawn')
  expect(told).toMatchObject({ id, trouble: 'withdrawn', from: { name: 'Anna' } })
  expect(await ben.do({ do: 'accept', file: 'photo.jpg' })).toMatchObject({ ok: false, code: 'withdrawn' })
  // Whoever has heard of it from the start of another run hears that it is taken back.
  cleo = await launch(['--username', 'Cleo', ...connect], cleo.home)
  await fileLine(cleo, 'photo.jpg', ({ state }) => state === 'withdrawn')
  expect(await cleo.do({ do: 'files' })).toMatchObject({ files: [{ id, state: 'withdrawn' }] })
  const dora = await launch(['--username', 'Dora', '--accept-files', 'all', '--connect', ben.address])
  // The offer may still come with its words, and then what takes it back.
  let first: unknown
  do [first] = (await dora.do({ do: 'history' }))['messages'] as unknown[]
  while ((first as { state?: string } | undefined)?.state !== 'deleted')
  expect(first).toMatchObject({ id, offer: true, text: '', from: { name: 'Anna' } })
  const { files } = await dora.do({ do: 'files' })
  expect((files as { state: string }[]).filter(({ state }) => state !== 'withdrawn')).toEqual([])
})

test('while it is on its way: it ends with a word, and goes on when it is offered again', async () => {
  const anna = await launch(['--username', 'Anna'])
  const ben = await launch(['--username', 'Ben', '--accept-files', 'all', '--connect', anna.address])
  await ben.peerUp(anna.id)
  const path = makeFile(join(anna.home, 'large.bin'), 400 * MEBIBYTE)
  await offer(anna, path)
  await fileLine(ben, 'large.bin', ({ done }) => done > MEBIBYTE)
  await anna.do({ do: 'cancel', file: 'large.bin' })
  const told = await fileLine(ben, 'large.bin', ({ state }) => state === 'withdrawn' || state === 'done')
  expect(told).toMatchObject({ state: 'withdrawn', reason: expect.stringContaining('large.bin.part') })
  const from = ben.lines.length
  await offer(anna, path)
  const again = await fileLine(ben, 'large.bin', ({ state, done }) => state === 'progress' && done > 0, 30_000, from)
  expect(again.id).not.toBe(told.id)
  expect(again.done).toBeGreaterThan(MEBIBYTE / 2)
  expect(await hashOf(await taken(ben, 'large.bin'))).toBe(await hashOf(path))
})

test('an offer to one person is nothing to be read at the next start, nor is a word that was taken back', async () => {
  const anna = await launch(['--username', 'Anna'])
  const connect = ['--username', 'Ben', '--accept-files', 'all', '--connect', anna.address]
  let ben = await launch(connect)
  await Promise.all([ben.peerUp(anna.id), anna.peerUp(ben.id)])
  const path = makeFile(join(anna.home, 'photo.jpg'), MEBIBYTE)
  expect(await anna.do({ do: 'send', path, to: '@Ben' })).toMatchObject({ ok: true })
  await taken(ben, 'photo.jpg')
  const { id } = await anna.say('psst', `@${ben.id}`)
  await ben.hears('psst')
  await anna.do({ do: 'delete', id })
  await ben.until((line) => line.event === 'delete' && line.id === id)
  await ben.quit()
  ben = await launch(connect, ben.home)
  await ben.peerUp(anna.id)
  expect(ben.lines.filter((line) => line.event === 'notice' && line.code === 'unread')).toEqual([])
})
