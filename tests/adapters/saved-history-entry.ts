/**
 * Writes a small history with something of everything, packed: `bun tests/adapters/saved-history-entry.ts <file>`. One is saved beside this for each
 * version of the schema, by the program of that version, and never made again: what was written then must be readable for ever.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreOperation } from '../../src/ports/store.ts'
import { asFork, GENERAL, idOf, message, Writer } from '../ports/store-writer.ts'
import { opened } from './sqlite-processes.ts'

const [ann, bob] = [new Writer(1), new Writer(2)]
const own = <T extends StoreOperation>(op: T): T => ({ ...op, own: true })
const called = own(ann.call('ann'))
const said = ['the first thing said', 'the second', 'a secret'].map((text) => ann.say(text))
const [first, second, third] = said.map(idOf)
const place = { time: said[2]!.time, author: ann.feed.author, number: said[2]!.first, id: third! }
const batch: StoreOperation[] = [
  called,
  ...said.map(own),
  own(ann.bundle({ tells: { what: 'edit', target: second!, text: 'amended' } })),
  own(ann.bundle({ tells: { what: 'delete', target: third! } })),
  bob.call('bob'),
  bob.bundle({ tells: message('an answer', first), time: { ms: place.time.ms + 9_000, counter: 3 } }),
  bob.bundle({ tells: { what: 'reaction', target: second!, emoji: '👍', on: true } }),
]
const other = bob.fork()
bob.say('lost on the way')
batch.push(bob.bundle({ tells: { what: 'edit', target: new Uint8Array(32).fill(7), text: 'waits for ever' } }))
batch.push(asFork(other.say('said in another life')))
batch.push({ what: 'reach', id: first!, reached: 2, members: 3 })
batch.push({ what: 'read', room: GENERAL, upTo: place })
batch.push({
  what: 'room',
  room: GENERAL,
  settings: { name: 'general', peer: null, joined: true, ageMsMax: null, bytesMax: 1_000_000 },
})

const folder = mkdtempSync(join(tmpdir(), 'hearsay-saved-'))
const path = join(folder, 'history.db')
const store = opened(path)
const outcome = store.commit(batch)
if (!outcome.ok) throw new Error(outcome.message)
store.close()
writeFileSync(process.argv[2]!, Bun.gzipSync(readFileSync(path), { level: 9 }))
rmSync(folder, { recursive: true })
