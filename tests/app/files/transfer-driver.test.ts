import { describe, expect, test } from 'bun:test'
import { TransferDriver, type WorkOutput } from '../../../src/app/files/transfer-driver.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { agreementKeyFromSecret } from '../../../src/crypto/agree.ts'
import { signingKeyFromSeed } from '../../../src/crypto/sign.ts'
import { Transfers } from '../../../src/node/transfers.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Connection, ConnectionEvents, Tcp } from '../../../src/ports/tcp.ts'
import { LEAF_BYTES } from '../../../src/wire/content.ts'
import { Content } from '../../core/transfer/swarm.ts'

const HOST = { host: '192.0.2.1', port: 1 }
const LONG_BYTES = LEAF_BYTES

/** Turns of an event loop, one after the other: what one puts off is done in the next. */
class Turns {
  turn = 0
  private next: (() => void)[] = []
  readonly clock: Clock = {
    wallMs: () => this.turn,
    nowMs: () => this.turn,
    timer: () => () => {},
    defer: (run) => void this.next.push(run),
  }

  /** Until nothing is put off any more. */
  runAll(): void {
    while (this.next.length > 0) {
      this.turn++
      for (const run of this.next.splice(0)) run()
    }
  }
}

const NOWHERE: Tcp = { listen: () => Promise.reject(new Error('nobody listens here')), dial() {} }

/** Two ends of a connection; what is written comes in the next turn. `wrote` hears what the first of them writes. */
function connected({ clock }: { readonly clock: Clock }, wrote: (bytes: number) => void) {
  const events: (ConnectionEvents | null)[] = [null, null]
  const end = (own: number): Connection => ({
    remote: HOST,
    local: HOST,
    write: (bytes) => {
      if (own === 0) wrote(bytes.length)
      clock.defer(() => events[1 - own]?.data(bytes))
      return true
    },
    end() {},
    abort() {},
  })
  return { events, ends: [end(0), end(1)] as const }
}

/** Time that passes where something works on it, and where nobody does. */
class Hours {
  nowMs = 1_000
  private next: (() => void)[] = []
  private timers: { readonly atMs: number; readonly fire: () => void }[] = []
  readonly clock: Clock = {
    wallMs: () => this.nowMs,
    nowMs: () => this.nowMs,
    timer: (atMs, fire) => {
      const timer = { atMs, fire }
      this.timers.push(timer)
      return () => {
        this.timers = this.timers.filter((other) => other !== timer)
      }
    },
    defer: (run) => void this.next.push(run),
  }

  runUntil(isOver: () => boolean): void {
    while (!isOver()) {
      for (const run of this.next.splice(0)) run()
      if (this.next.length > 0 || isOver()) continue
      const due = this.timers.toSorted((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) return
      this.timers = this.timers.filter((other) => other !== due)
      this.nowMs = Math.max(this.nowMs, due.atMs)
      due.fire()
    }
  }
}

function transfersOf(seed: number): Transfers {
  const secret = new Uint8Array(32).fill(seed)
  const keys = { agreement: agreementKeyFromSecret(secret), linkStatic: agreementKeyFromSecret(secret) }
  return new Transfers(
    { signing: signingKeyFromSeed(secret), ...keys },
    (n) => seededRng(seed).bytes(n),
    seededRng(seed),
  )
}

describe('who gives to several at full speed', () => {
  const content = new Content(24 * LEAF_BYTES)

  test('sends one long record a turn, of each in its turn, and all of them have it', () => {
    const turns = new Turns()
    const long: { turn: number; to: number }[] = []
    let wholes = 0
    const work = (of: () => TransferDriver) => (output: WorkOutput) => {
      const driver = of()
      if (output.kind === 'linked') driver.run(({ exchange }) => exchange.tryAt(content.root, output.link))
      if (output.kind === 'reached') wholes++
      if (output.kind === 'read') {
        const { wanted } = output
        const bytes = ('first' in wanted ? content.run(wanted.first, wanted.count) : content.pages.get(0)!).slice()
        turns.clock.defer(() => driver.run(({ exchange }, nowMs) => exchange.read(wanted.ticket, bytes, nowMs)))
      }
      if (output.kind === 'store') {
        const { root, holder, first, hashes } = output
        turns.clock.defer(() =>
          driver.run(({ exchange }, nowMs) => exchange.stored(root, holder, first, hashes.length / 32, nowMs)),
        )
      }
    }
    const giver: TransferDriver = new TransferDriver(
      transfersOf(1),
      turns.clock,
      NOWHERE,
      work(() => giver),
    )
    giver.run(({ exchange }) =>
      exchange.serve(content.root, { shape: content.shape, here: null, pieces: null, allows: () => true }),
    )
    for (const to of [2, 3]) {
      const { events, ends } = connected(turns, (bytes) => {
        if (bytes >= LONG_BYTES) long.push({ turn: turns.turn, to })
      })
      const tcp: Tcp = {
        ...NOWHERE,
        dial: (_, { opened }) => turns.clock.defer(() => (events[1] = opened(ends[1]))),
      }
      const taker: TransferDriver = new TransferDriver(
        transfersOf(to),
        turns.clock,
        tcp,
        work(() => taker),
      )
      taker.run(({ exchange }) => exchange.fetch(content.root, content.bytes.length, () => true))
      events[0] = giver.accept(ends[0])
      const key = signingKeyFromSeed(new Uint8Array(32).fill(1)).publicKey.toHex()
      taker.run((transfers) => transfers.dial(key, HOST))
    }
    turns.runAll()
    expect(wholes).toBe(2)
    const most = Math.max(...long.map(({ turn }) => long.filter((other) => other.turn === turn).length))
    expect(most).toBe(1)
    // While both wait for something, neither goes twice before the other.
    const middle = long.slice(4, -4).map(({ to }) => to)
    expect(middle.filter((to, i) => to === middle[i - 1] && to === middle[i - 2])).toEqual([])
  })
})

describe('beside people who talk', () => {
  const content = new Content(64 * LEAF_BYTES)
  const WORK_MS = 0.5

  /** How long one takes to give all of it to another, where each run of leaves costs either of them half a millisecond. */
  function takes(talkedAtMs: (nowMs: number) => number): number {
    const hours = new Hours()
    const { clock } = hours
    const talked = (): number => talkedAtMs(hours.nowMs)
    let isWhole = false
    const work = (of: () => TransferDriver) => (output: WorkOutput) => {
      const driver = of()
      if (output.kind === 'linked') driver.run(({ exchange }) => exchange.tryAt(content.root, output.link))
      if (output.kind === 'reached') isWhole = true
      if (output.kind === 'read') {
        const { wanted } = output
        const bytes = ('first' in wanted ? content.run(wanted.first, wanted.count) : content.pages.get(0)!).slice()
        hours.nowMs += WORK_MS
        clock.defer(() => driver.run(({ exchange }, nowMs) => exchange.read(wanted.ticket, bytes, nowMs)))
      }
      if (output.kind === 'store') {
        const { root, holder, first, hashes } = output
        hours.nowMs += WORK_MS
        clock.defer(() =>
          driver.run(({ exchange }, nowMs) => exchange.stored(root, holder, first, hashes.length / 32, nowMs)),
        )
      }
    }
    const { events, ends } = connected(hours, () => {})
    const tcp: Tcp = { ...NOWHERE, dial: (_, { opened }) => clock.defer(() => (events[1] = opened(ends[1]))) }
    const giver: TransferDriver = new TransferDriver(
      transfersOf(1),
      clock,
      NOWHERE,
      work(() => giver),
      null,
      talked,
    )
    const taker: TransferDriver = new TransferDriver(
      transfersOf(2),
      clock,
      tcp,
      work(() => taker),
      null,
      talked,
    )
    const served = { shape: content.shape, here: null, pieces: null, allows: () => true }
    giver.run(({ exchange }) => exchange.serve(content.root, served))
    taker.run(({ exchange }) => exchange.fetch(content.root, content.bytes.length, () => true))
    events[0] = giver.accept(ends[0])
    taker.run((transfers) => transfers.dial(signingKeyFromSeed(new Uint8Array(32).fill(1)).publicKey.toHex(), HOST))
    const beganAtMs = hours.nowMs
    hours.runUntil(() => isWhole)
    expect(isWhole).toBe(true)
    return hours.nowMs - beganAtMs
  }

  test('a transfer rests, is whole all the same, and with nobody talking does not wait for anything', () => {
    const alone = takes(() => Number.NEGATIVE_INFINITY)
    expect(takes((nowMs) => nowMs - 2_000)).toBe(alone)
    const beside = takes((nowMs) => nowMs)
    // Either works a third of its time, and while one rests the other may work.
    expect(beside).toBeGreaterThan(1.4 * alone)
    expect(beside).toBeLessThan(3.1 * alone)
  })
})
