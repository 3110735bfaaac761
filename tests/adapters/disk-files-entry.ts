/** Begins to receive a file of ten bytes into a folder, says so, and waits to be killed, or for its parent to go. */
import { diskFiles } from '../../src/adapters/disk-files.ts'

const [, , folder = '', name = ''] = process.argv
const [root, nobody] = [new Uint8Array(32).fill(7), new Uint8Array(32)]
const offer = { root, size: 10, manifestBytes: 0, entries: 0, changedMs: 0, name }
const target = await diskFiles.create(folder, { offer, from: nobody, event: nobody, room: 'general', name }, null)
console.log(target.ok ? 'begun' : target.message)
for await (const _ of Bun.stdin.stream()) {
  // Nothing is said to it.
}
