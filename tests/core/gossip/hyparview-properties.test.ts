import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { seededRng } from '../../../src/base/rng.ts'
import { HyParView, type HyParViewOutput } from '../../../src/core/gossip/hyparview.ts'
import type { Contact, MembershipMessage } from '../../../src/wire/membership.ts'
import { SELF } from './hyparview-bench.ts'

/** More peers than the views hold, some in one block, some at home, one nowhere; and we ourselves, as others may name us. */
const CROWD: readonly Contact[] = Array.from({ length: 60 }, (_, i) => {
  if (i === 0) return { key: SELF, address: { host: '20.1.2.3', port: 5000 } }
  if (i === 1) return { key: 'hidden', address: null }
  const host = i < 12 ? `9.9.9.${i}` : i < 18 ? `192.168.1.${i}` : `20.${i}.0.1`
  return { key: `peer ${i}`, address: { host, port: 5000 } }
})

const who = fc.nat({ max: CROWD.length - 1 })
const contact = who.map((i) => CROWD[i]!)
const contacts = fc.array(contact, { maxLength: 16 })
const nonce = fc.nat({ max: 40 })
const ttl = fc.constantFrom(0, 1, 3, 6, 255)

const message: fc.Arbitrary<MembershipMessage> = fc.oneof(
  fc.constant({ kind: 'join' } as const),
  fc.record({ kind: fc.constant('forward-join' as const), ttl, contact }),
  fc.record({ kind: fc.constant('neighbor' as const), priority: fc.constantFrom('low', 'high', 'splice') }),
  fc.record({ kind: fc.constant('neighbor-reply' as const), accepted: fc.boolean(), contacts }),
  fc.record({ kind: fc.constant('disconnect' as const), hasHeir: fc.boolean(), contacts }),
  fc.record({ kind: fc.constant('shuffle' as const), ttl, nonce, contacts }),
  fc.record({ kind: fc.constant('shuffle-reply' as const), nonce, contacts }),
)

const input = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('says' as const), who, message }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('up' as const), who }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), accepted: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('left' as const, 'failed' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('replaced' as const, 'join' as const, 'dead' as const), who }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('meet' as const), contacts, source: fc.constantFrom(null, 'tracker') }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(1, 600, 6_000, 70_000) }),
  },
)

type Input = typeof input extends fc.Arbitrary<infer T> ? T : never

/** The owner of a machine that does what it is told, and checks it after each step. */
class Owner {
  readonly machine: HyParView
  private nowMs = 0
  private readonly links = new Set<string>()
  private readonly dialling: Contact[] = []
  private readonly neighbours = new Set<string>()
  private outputs = 0

  constructor(seed: number) {
    this.machine = new HyParView(SELF, seededRng(seed), 0)
  }

  apply(step: Input): void {
    const { machine, nowMs } = this
    const key = 'who' in step ? CROWD[step.who]!.key : ''
    switch (step.kind) {
      case 'says':
        machine.received(key, step.message, nowMs)
        break
      case 'up':
        if (key !== SELF) this.up(CROWD[step.who]!)
        break
      case 'answer':
        this.answer(step.accepted)
        break
      case 'left':
      case 'failed':
        this.links.delete(key)
        machine.linkDown(key, step.kind, nowMs)
        break
      case 'replaced':
        machine.linkReplaced(key, nowMs)
        break
      case 'join':
        machine.join(key, nowMs)
        break
      case 'dead':
        // Also of those that nobody dialled.
        this.answered(key)
        machine.dialFailed(key, nowMs)
        break
      case 'meet':
        machine.meet(step.contacts, step.source, nowMs)
        break
      case 'time':
        this.pass(step.ms)
    }
    this.carryOut(machine.takeOutputs())
    this.check()
  }

  private up(contact: Contact): void {
    this.links.add(contact.key)
    this.answered(contact.key)
    this.machine.linkUp(contact, contact.address?.host ?? '198.18.0.1', this.nowMs)
  }

  private answered(key: string): void {
    const at = this.dialling.findIndex((contact) => contact.key === key)
    if (at >= 0) this.dialling.splice(at, 1)
  }

  /** The dial that has waited longest comes to something, or to nothing. */
  private answer(isThere: boolean): void {
    const contact = this.dialling[0]
    if (contact === undefined) return
    if (isThere) return this.up(contact)
    this.dialling.shift()
    this.machine.dialFailed(contact.key, this.nowMs)
  }

  private pass(ms: number): void {
    const untilMs = this.nowMs + ms
    for (let wakes = 0; ; wakes++) {
      const dueMs = this.machine.nextWakeMs()
      if (dueMs === null || dueMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, dueMs)
      this.machine.wake(this.nowMs)
      this.carryOut(this.machine.takeOutputs())
      // A machine that always has something due would keep its owner for ever.
      expect(wakes).toBeLessThan(1_000)
    }
    this.nowMs = untilMs
  }

  private carryOut(outputs: readonly HyParViewOutput[]): void {
    this.outputs = outputs.length
    for (const output of outputs) {
      switch (output.kind) {
        case 'dial':
          expect(output.contact.key).not.toBe(SELF)
          expect(output.contact.address).not.toBeNull()
          // One dial a peer at a time, and none where a link is.
          expect(this.links.has(output.contact.key)).toBe(false)
          expect(this.dialling.map(({ key }) => key)).not.toContain(output.contact.key)
          this.dialling.push(output.contact)
          break
        case 'send':
          expect(this.links.has(output.to)).toBe(true)
          if ('contacts' in output.message) expect(output.message.contacts.length).toBeLessThanOrEqual(16)
          break
        case 'drop':
          expect(this.links.delete(output.peer)).toBe(true)
          break
        case 'check':
          expect(this.links.has(output.peer)).toBe(true)
          break
        case 'neighbour':
          if (output.state === 'up') expect(this.neighbours.has(output.peer)).toBe(false)
          else expect(this.neighbours.has(output.peer)).toBe(true)
          if (output.state === 'up') this.neighbours.add(output.peer)
          else this.neighbours.delete(output.peer)
      }
    }
  }

  private check(): void {
    const { neighbours, known, worthKeeping } = this.machine
    expect(neighbours.length).toBeLessThanOrEqual(5)
    expect(known.length).toBeLessThanOrEqual(30)
    expect(worthKeeping.length).toBeLessThanOrEqual(105)
    const knownKeys = known.map(({ key }) => key)
    const all = [...neighbours, ...knownKeys]
    expect(new Set(all).size).toBe(all.length)
    expect(all).not.toContain(SELF)
    expect([...this.neighbours].sort()).toEqual([...neighbours].sort())
    for (const key of neighbours) expect(this.links.has(key)).toBe(true)
    // One input never causes more than its share, and open links and dials stay within what the machine allows.
    expect(this.outputs).toBeLessThanOrEqual(64)
    expect(this.links.size).toBeLessThanOrEqual(5 + 32 + 16)
    expect(this.dialling.length).toBeLessThanOrEqual(4 + 8 + 10 + 60)
    expect(memoryOf(this.machine)).toBeLessThanOrEqual(ENTRIES_MAX)
  }
}

/** Entries in all collections of a machine: acquaintances 100, unanswered 2 × 256, crumbs 128, passive 2 × 30, timers, links and the like. */
const ENTRIES_MAX = 1_100

function memoryOf(machine: HyParView): number {
  const seen = new Set<object>()
  let entries = 0
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
      entries += Array.isArray(value) ? value.length : value.size
      for (const each of value.values()) walk(each)
      return
    }
    for (const each of Object.values(value)) walk(each)
  }
  walk(machine)
  return entries
}

test('whatever peers say and do, both views keep their bounds and nothing grows without one', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(input, { minLength: 20, maxLength: 150, size: 'max' }), (seed, steps) => {
      const owner = new Owner(seed)
      for (const step of steps) owner.apply(step)
    }),
    { numRuns: 60 },
  )
})
