import { expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { launching } from './launching.ts'
import { fileLine, hashOf, MEBIBYTE, makeFile, makeFolder, offer, taken, treeOf } from './transfers.ts'

/** A room's files outlive their sender's presence, and a restart of those who have them. */

setDefaultTimeout(60_000)

const launch = launching()

test('who has a file or a folder gives it on in the next run, when its sender is gone', async () => {
  const anna = await launch(['--username', 'Anna'])
  let ben = await launch(['--username', 'Ben', '--accept-files', 'all', '--connect', anna.address])
  await ben.peerUp(anna.id)
  const path = makeFile(join(anna.home, 'large.bin'), 20 * MEBIBYTE)
  const tree = makeFolder(join(anna.home, 'tree'), 300)
  mkdirSync(join(tree, 'empty'))
  await offer(anna, path)
  await offer(anna, tree)
  await taken(ben, 'large.bin')
  await taken(ben, 'tree')
  await Promise.all([anna.quit(), ben.quit()])
  ben = await launch(['--username', 'Ben'], ben.home)
  const cleo = await launch(['--username', 'Cleo', '--connect', ben.address])
  for (const name of ['large.bin', 'tree']) {
    const { number, from } = await fileLine(cleo, name, () => true)
    expect(from).toEqual({ id: anna.id, name: 'Anna' })
    expect(await cleo.do({ do: 'accept', file: String(number) })).toMatchObject({ ok: true })
  }
  expect(await hashOf(await taken(cleo, 'large.bin'))).toBe(await hashOf(path))
  expect(treeOf(await taken(cleo, 'tree'))).toEqual(treeOf(tree))
})
