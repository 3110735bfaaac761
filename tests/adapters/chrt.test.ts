import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Chrt, type ChrtAnswer, type ChrtSystem } from '../../src/adapters/chrt.ts'

const ALL = `--all-tasks --pid 1 ${process.pid}`
const ALL_BACK = `--all-tasks --pid 0 ${process.pid}`
const UP = `--rr --reset-on-fork ${ALL}`
const BACK = `--other ${ALL_BACK}`
const BACK_MARKED = `--other --reset-on-fork ${ALL_BACK}`

/** A system that answers as it is told to, and with `done` otherwise. */
class System implements ChrtSystem {
  readonly asked: string[] = []

  constructor(private readonly answer: (args: string, times: number) => ChrtAnswer = () => 'done') {}

  async chrt(args: readonly string[]): Promise<ChrtAnswer> {
    const asked = args.join(' ')
    this.asked.push(asked)
    return this.answer(asked, this.asked.length)
  }
}

describe.skipIf(process.platform !== 'linux')('real-time scheduling by chrt', () => {
  test('is asked for no more where it was refused the first time', async () => {
    const system = new System(() => 'refused')
    const chrt = new Chrt(system)
    await chrt.realTime()
    await chrt.ordinary()
    await chrt.realTime()
    expect(system.asked).toEqual([UP])
  })

  test('nor where there is no such program', async () => {
    const system = new System(() => 'missing')
    const chrt = new Chrt(system)
    await chrt.realTime()
    await chrt.ordinary()
    await chrt.realTime()
    expect(system.asked).toEqual([UP])
  })

  test('goes on after a failure, once it was allowed: a thread may just have ended', async () => {
    const system = new System((_, times) => (times === 3 ? 'refused' : 'done'))
    const chrt = new Chrt(system)
    await chrt.realTime()
    await chrt.ordinary()
    await chrt.realTime()
    await chrt.ordinary()
    expect(system.asked).toEqual([UP, BACK, UP, BACK])
  })

  test('goes on after a try that was not waited for, also the first: it may have been done', async () => {
    const system = new System((_, times) => (times === 1 ? 'hung' : 'done'))
    const chrt = new Chrt(system)
    await chrt.realTime()
    await chrt.ordinary()
    expect(system.asked).toEqual([UP, BACK])
  })

  test('goes back with the mark that only CAP_SYS_NICE takes away, where it must', async () => {
    const system = new System((args) => (args === BACK ? 'refused' : 'done'))
    const chrt = new Chrt(system)
    await chrt.realTime()
    await chrt.ordinary()
    await chrt.realTime()
    expect(system.asked).toEqual([UP, BACK, BACK_MARKED, UP])
  })
})

/** As in sched(7). */
const ORDINARY = '0'
const ROUND_ROBIN = '2'
const ENTRY = join(import.meta.dir, 'chrt-entry.ts')
const mayGoFirst = Bun.which('chrt') !== null && Bun.spawnSync(['chrt', '--rr', '1', 'true']).exitCode === 0

function inTurn(before: readonly string[], ...args: readonly string[]): Record<'first' | 'back', [string, string][]> {
  const { stdout, stderr } = Bun.spawnSync([...before, process.execPath, ENTRY, ...args])
  if (stdout.length === 0) throw new Error(stderr.toString())
  return JSON.parse(stdout.toString())
}

describe('a process that asks for it', () => {
  test.skipIf(!mayGoFirst)('goes first with all its threads, and goes back', () => {
    const { first, back } = inTurn([])
    expect(first.length).toBeGreaterThan(1)
    expect(first.every(([, policy]) => policy === ROUND_ROBIN)).toBeTrue()
    expect(back.every(([, policy]) => policy === ORDINARY)).toBeTrue()
  })

  // As where RLIMIT_RTPRIO alone allowed it.
  test.skipIf(!mayGoFirst || Bun.which('setpriv') === null)('goes back without the right to take marks away', () => {
    const marked = [
      'chrt',
      '--rr',
      '--reset-on-fork',
      '1',
      'setpriv',
      '--bounding-set=-sys_nice',
      '--inh-caps=-sys_nice',
    ]
    const { first, back } = inTurn(marked, 'first')
    expect(first[0]![1]).toBe(ROUND_ROBIN)
    expect(back.every(([, policy]) => policy === ORDINARY)).toBeTrue()
  })
})
