/**
 * A process of its own for the identity tests: says what came of loading or locking in one line, then keeps what it
 * has until its standard input ends. `as-nobody`: gives up its rights first, if it has any to give up.
 */
import { loadIdentity } from '../../src/app/identity.ts'
import { lockIdentity } from '../../src/app/identity-lock.ts'

const [task, folder] = process.argv.slice(2)
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

// Started together, let loose together.
process.stdout.write('here\n')
const input = process.stdin[Symbol.asyncIterator]()
await input.next()

if (task === 'lock') {
  console.log(JSON.stringify(lockIdentity(folder!)))
} else {
  if (task === 'as-nobody' && process.getuid?.() === 0) process.setuid?.(65534)
  const identity = loadIdentity(folder!, random)
  const said = identity.ok
    ? { ...identity, seed: Buffer.from(identity.seed).toString('hex') }
    : { ...identity, cause: null }
  console.log(JSON.stringify(said))
}
while (!(await input.next()).done);
