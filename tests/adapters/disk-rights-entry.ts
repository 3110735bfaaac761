/** Does something with the disk as somebody who has no special rights there, and writes what came of it. */
import { diskFiles } from '../../src/adapters/disk-files.ts'
import type { FilesFault } from '../../src/ports/files.ts'

const NOBODY = 65_534
const [, , act = '', path = '', readsAt = ''] = process.argv
if (process.getuid?.() === 0) {
  process.setgroups!([])
  process.setgid!(NOBODY)
  process.setuid!(NOBODY)
}

function told({ code, message }: FilesFault) {
  return { code, message }
}

async function source() {
  const found = await diskFiles.source(path)
  if (!found.ok) return told(found)
  const { omitted, entries } = found
  const read = readsAt === '' ? null : await found.read(found.manifest.length + Number(readsAt), 1)
  return {
    entries: entries.map((each) => `${each.path}${each.isFolder ? '/' : ''}`),
    omitted: omitted === null ? null : { count: omitted.count, first: omitted.first, kinds: [...omitted.kinds].sort() },
    ...(read === null || read instanceof Uint8Array ? {} : { read: told(read) }),
  }
}

async function create() {
  const nobody = new Uint8Array(32)
  const offer = { root: nobody, size: 1, manifestBytes: 0, entries: 0, changedMs: 0, name: 'ok.bin' }
  const header = { offer, from: nobody, event: nobody, room: 'general', name: offer.name }
  const target = await diskFiles.create(path, header, null)
  if (!target.ok) return told(target)
  await target.discard()
  return { path: target.path }
}

console.log(JSON.stringify(await (act === 'source' ? source() : create())))
