import { Lan } from './lan.ts'

/**
 * `stray-entry.ts HOME`, for a test that kills it: a local network with a program in it, whose process ids it tells on one line. Ends by
 * nothing else.
 */
const lan = await Lan.open(2)
const program = await lan.machines[0]!.start(['--host', '0.0.0.0', '--no-lan'], process.argv[2])
const holders = lan.machines.map((machine) => machine.namespace.pid)
console.log(JSON.stringify([...holders, program.pid]))
setInterval(() => {}, 60_000)
