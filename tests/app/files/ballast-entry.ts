import { Ballast } from '../../../src/app/files/ballast.ts'
import { memoryOf } from '../../bench/kernel.ts'

/** In a process of its own: an allocator with much that was used before gives some of that, and clears it, which takes room. */
const residentMb = () => memoryOf(process.pid)?.rssMb ?? Number.NaN
const ballast = new Ballast()
const empty = ballast.bytes
const beforeMb = residentMb()
ballast.hold()
ballast.hold()
console.log(JSON.stringify({ empty, held: ballast.bytes, grownMb: residentMb() - beforeMb }))
