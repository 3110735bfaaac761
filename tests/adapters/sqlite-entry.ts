/**
 * A process of its own for the tests of the store. `hold`: opens it, says so, and keeps it. `write`: says one message after the other, some to a
 * commit, and tells the number of the last after each commit. `delete`: says something and takes it back, and keeps it.
 */
import { seededRng } from '../../src/base/rng.ts'
import { idOf, Writer } from '../ports/store-writer.ts'
import { opened } from './sqlite-processes.ts'

const [task, path] = process.argv.slice(2)
const store = opened(path!)
if (task === 'delete') {
  const ann = new Writer(1)
  const said = ann.say('xylophone among words')
  for (const op of [said, ann.bundle({ tells: { what: 'delete', target: idOf(said) } }), ann.say('after')]) {
    const outcome = store.commit([op])
    if (!outcome.ok) throw new Error(outcome.message)
  }
}
console.log('open')

if (task === 'write') {
  const random = seededRng(process.pid)
  const writer = new Writer(1)
  for (let next = 1; ; ) {
    const count = 1 + random.below(20)
    const batch = Array.from({ length: count }, (_, i) => ({ ...writer.say(`message ${next + i}`), own: true }))
    const outcome = store.commit(batch)
    if (!outcome.ok) throw new Error(outcome.message)
    next += count
    process.stdout.write(`${next - 1}\n`)
  }
}
// Its input never ends by itself.
for await (const _ of process.stdin);
