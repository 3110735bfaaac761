import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../src/base/rng.ts'
import { FramedMachine } from '../../src/dialects/framed/machine.ts'
import { LineMachine } from '../../src/dialects/line/machine.ts'
import type { DialectOutput } from '../../src/dialects/outputs.ts'
import { MachineWorld } from './machine-world.ts'

/** What is dialled, let go and dialled again: each link, and each attempt, belongs to the asking it was made for. */

const rng = seededRng(11)
const at = (port: number) => ({ host: '127.0.0.1', port })
const KINDS = ['framed', 'line'] as const

function add(world: MachineWorld, dialect: (typeof KINDS)[number], port: number, connect: readonly number[] = []) {
  const own = { name: `n${port}`, connect: connect.map(at) }
  const common = { ...own, randomBytes: rng.bytes, wallMs: world.wallMs, aheadMs: 0, bridge: 'b' }
  const machine =
    dialect === 'framed'
      ? new FramedMachine({ id: at(port), ...common })
      : new LineMachine({ ...own, room: 'general', nonce: String(port) })
  const host = world.add(machine, at(port))
  return {
    machine,
    host,
    letGo: (): void => world.run(host, () => expect(machine.letGo(at(1), world.time.nowMs)).toBe(true)),
    connect: (): void => world.run(host, () => expect(machine.connect(at(1), world.time.nowMs)).toBe('dialling')),
    /** What came of all attempts. */
    dials: () => host.told.flatMap((each) => (each.kind === 'dialled' ? [answer(each)] : [])),
  }
}

function answer({ peer, reason }: DialectOutput & { kind: 'dialled' }): string {
  return peer === null ? reason : 'there'
}

describe.each(KINDS)('an address of %s that is let go and asked for again', (dialect) => {
  test('before the old link has closed: the new one does not end with it', () => {
    const world = new MachineWorld()
    const there = add(world, dialect, 1)
    const us = add(world, dialect, 2, [1])
    world.time.pass(1_000)
    us.letGo()
    us.connect()
    world.time.pass(10_000)
    expect([us.dials(), us.machine.links.size, there.machine.links.size]).toEqual([['there', 'there'], 1, 1])
  })

  test('while it is being dialled: the first attempt comes to nothing, the second is the link', () => {
    const world = new MachineWorld()
    const there = add(world, dialect, 1)
    const us = add(world, dialect, 2, [1])
    us.letGo()
    us.connect()
    world.time.pass(10_000)
    expect([us.dials(), us.machine.links.size, there.machine.links.size]).toEqual([['there'], 1, 1])
    us.letGo()
    world.time.pass(10_000)
    expect([us.machine.links.size, there.machine.links.size]).toEqual([0, 0])
  })

  test('or not again, while it is being dialled: nobody is linked', () => {
    const world = new MachineWorld()
    const there = add(world, dialect, 1)
    const us = add(world, dialect, 2, [1])
    us.letGo()
    world.time.pass(10_000)
    expect([us.dials(), us.machine.links.size, there.machine.links.size]).toEqual([[], 0, 0])
  })
})
