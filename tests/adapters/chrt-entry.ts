import { readdirSync, readFileSync } from 'node:fs'
import { Chrt } from '../../src/adapters/chrt.ts'

/** Goes first, unless it was started so (`first`), and back again, and tells after each how its threads are scheduled: [name, policy as in sched(7)]. */

/** Of /proc/PID/task/ID/stat, counted from behind the name. */
const POLICY_FIELD = 38

function threads(): [string, string][] {
  return readdirSync('/proc/self/task').map((id) => {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8')
    const end = stat.lastIndexOf(')')
    return [stat.slice(stat.indexOf('(') + 1, end), stat.slice(end + 2).split(' ')[POLICY_FIELD] ?? '']
  })
}

const chrt = new Chrt()
if (process.argv[2] !== 'first') await chrt.realTime()
const first = threads()
await chrt.ordinary()
console.log(JSON.stringify({ first, back: threads() }))
