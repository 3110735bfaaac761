import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../src/base/rng.ts'
import { encodeFrame } from '../../src/dialects/framed/frames.ts'
import { FramedMachine } from '../../src/dialects/framed/machine.ts'
import { LineMachine } from '../../src/dialects/line/machine.ts'
import type { DialectOutput, Diallable } from '../../src/dialects/outputs.ts'

const PLACES = 64
const WANTED = { host: '192.0.2.200', port: 33_201 }
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A machine whose links are made by hand, from any host. */
class Crowd<M extends Diallable & { readonly links: ReadonlyMap<number, unknown> }> {
  readonly told: DialectOutput[] = []
  nowMs = 0
  private next = 1

  constructor(
    readonly machine: M,
    private readonly hello: (link: number) => Uint8Array,
    private readonly word: (link: number) => Uint8Array,
  ) {
    machine.start(0)
  }

  comes(host: string, attempt: number | null = null): number {
    const link = this.next++
    this.machine.opened(link, { host, port: 40_000 + link }, attempt, this.nowMs, '')
    this.look()
    return link
  }

  greets(host: string): number {
    const link = this.comes(host)
    this.says(link, this.hello(link))
    return link
  }

  speaks(host: string): number {
    const link = this.greets(host)
    this.says(link, this.word(link))
    return link
  }

  says(link: number, bytes: Uint8Array): void {
    this.machine.received(link, bytes, this.nowMs)
    this.look()
  }

  passes(ms: number): void {
    this.nowMs += ms
    this.machine.wake(this.nowMs)
    this.look()
  }

  has(link: number): boolean {
    return this.machine.links.has(link)
  }

  attempts(): number[] {
    return this.told.flatMap((each) => (each.kind === 'dial' ? [each.attempt] : []))
  }

  troubles(code: string): string[] {
    return this.told.flatMap((each) => (each.kind === 'trouble' && each.code === code ? [each.message] : []))
  }

  private look(): void {
    this.told.push(...this.machine.takeOutputs())
  }
}

const FRAMED = { id: { host: '127.0.0.1', port: 8_000 }, name: 'f', bridge: 'b', connect: [], wallMs: () => 0 }

const KINDS = {
  framed: () =>
    new Crowd(
      new FramedMachine({ ...FRAMED, randomBytes: seededRng(7).bytes, aheadMs: 0 }),
      (link) => encodeFrame({ id: `h${link}`, type: 'hello', from: `10.0.0.1:${link}`, username: 'x' }),
      (link) =>
        encodeFrame({
          ...{ id: `m${link}`, type: 'chat', from: `10.0.0.1:${link}`, username: 'x' },
          ...{ room: 'general', msg: 'hi', ttl: 5 },
        }),
    ),
  line: () =>
    new Crowd(
      new LineMachine({ name: 'l', connect: [], room: 'general', nonce: 'n' }),
      () => new Uint8Array(),
      () => utf8('[Flo] hi\n'),
    ),
}

const host = (i: number): string => `198.51.100.${i}`

describe.each(Object.entries(KINDS))('where all places of %s are taken', (dialect, crowdOf) => {
  test('whom we were asked to dial gets one before strangers, though all of them have spoken', () => {
    const crowd = crowdOf()
    for (let i = 1; i <= PLACES; i++) crowd.speaks(host(i))
    crowd.machine.connect(WANTED, 0)
    crowd.passes(1)
    const dialled = crowd.comes(WANTED.host, crowd.attempts()[0])
    expect(crowd.has(dialled)).toBe(true)
    expect(crowd.machine.links.size).toBe(PLACES)
  })

  test('one that finds none, since we dialled all the others, is dialled again later', () => {
    const crowd = crowdOf()
    const others = Array.from({ length: PLACES }, (_, i) => ({ host: host(i + 1), port: 1 }))
    for (const other of others) crowd.machine.connect(other, 0)
    crowd.passes(1)
    for (const attempt of crowd.attempts()) crowd.comes(host(attempt), attempt)
    crowd.machine.letGo(others[0]!, crowd.nowMs)
    expect(crowd.machine.connect(WANTED, crowd.nowMs)).toBe('dialling')
    crowd.passes(1)
    const last = crowd.attempts().at(-1)!
    const turnedAway = crowd.comes(WANTED.host, last)
    expect(crowd.has(turnedAway)).toBe(false)
    expect(crowd.told.find((each) => each.kind === 'dialled' && each.address === WANTED)).toMatchObject({ peer: null })
    expect(crowd.machine.connect(WANTED, crowd.nowMs)).toBe('kept')
    crowd.passes(5_000)
    expect(crowd.attempts().at(-1)).toBeGreaterThan(last)
  })

  test('one host has at most half, on our own machine a larger share, and the rest is for others', () => {
    const crowd = crowdOf()
    for (let i = 0; i < 2 * PLACES; i++) crowd.speaks(host(1))
    expect(crowd.machine.links.size).toBe(32)
    const local = crowdOf()
    for (let i = 0; i < 2 * PLACES; i++) local.speaks(`127.0.0.${1 + (i % 9)}`)
    expect(local.machine.links.size).toBe(48)
    for (const each of [crowd, local]) expect(each.has(each.speaks(host(2)))).toBe(true)
  })

  test('who has said nothing for longest gives way, of the host that has most of them, and nobody who has spoken', () => {
    const crowd = crowdOf()
    const real = crowd.speaks(host(1))
    const silent = Array.from({ length: PLACES - 1 }, (_, i) => crowd.comes(host(2 + (i % 3))))
    const newcomer = crowd.comes(host(9))
    expect([real, newcomer, silent[0]!, silent[1]!].map((each) => crowd.has(each))).toEqual([true, true, false, true])
    crowd.says(newcomer, new Uint8Array())
    expect(crowd.machine.links.size).toBe(PLACES)
  })

  test('two hosts that share them all make room for a third', () => {
    const crowd = crowdOf()
    for (let i = 0; i < PLACES; i++) crowd.speaks(host(1 + (i % 2)))
    expect(crowd.machine.links.size).toBe(PLACES)
    const third = crowd.speaks(host(3))
    expect([crowd.has(third), crowd.machine.links.size]).toEqual([true, PLACES])
  })

  test('of thousands turned away there is a line in the log once a minute, with how many there were', () => {
    const crowd = crowdOf()
    for (let i = 0; i < 32 + 1_000; i++) crowd.speaks(host(1))
    expect(crowd.troubles(`${dialect}-full`)).toHaveLength(1)
    crowd.passes(60_000)
    expect(crowd.troubles(`${dialect}-full`)).toHaveLength(2)
    expect(crowd.troubles(`${dialect}-full`)[1]).toStartWith('999 more like it within a minute')
    crowd.passes(60_000)
    expect(crowd.troubles(`${dialect}-full`)).toHaveLength(2)
  })

  test('nor is there more of those hung up on for what they say', () => {
    const crowd = crowdOf()
    const broken = dialect === 'framed' ? Uint8Array.of(0, 0, 0, 1, 0) : Uint8Array.of(0xff, 0x0a)
    for (let i = 0; i < 1_000; i++) crowd.says(crowd.comes(host(1)), broken)
    expect(crowd.machine.links.size).toBe(0)
    expect(crowd.troubles(`${dialect}-fault`)).toHaveLength(1)
    crowd.passes(60_000)
    expect(crowd.troubles(`${dialect}-fault`)[1]).toStartWith('999 more like it')
  })
})

test('frames too long, each of another length, are one kind of refusal', () => {
  const crowd = KINDS.framed()
  for (let i = 0; i < 100; i++) crowd.says(crowd.comes(host(1)), Uint8Array.of(0xff, 0xff, 0, i))
  expect(crowd.troubles('framed-fault')).toHaveLength(1)
})

describe('who only says hello to the framed network', () => {
  test('gives way to others of its host after a minute, but not to everybody who comes', () => {
    const crowd = KINDS.framed()
    const first = crowd.greets(host(1))
    for (let i = 1; i < 32; i++) crowd.greets(host(1))
    expect(crowd.has(crowd.comes(host(1)))).toBe(false)
    crowd.passes(60_000)
    const newcomer = crowd.greets(host(1))
    expect([crowd.has(first), crowd.has(newcomer)]).toEqual([false, true])
  })
})
