import { utf8 } from '../../src/base/bytes.ts'
import type { NodeOptions } from '../../src/node/node-options.ts'
import { EventKind } from '../../src/wire/event.ts'
import { Bench, type Wire } from './bench.ts'

/** How long anything takes from one node to another. */
export const LATENCY_MS = 5

/** When and how a text came to be shown. */
interface Arrival {
  readonly atMs: number
  readonly hops: number
}

/** Several whole nodes in one virtual time, in one room and linked as a test wants it; attackers are linked to them by hand. */
export class Lab {
  readonly nodes: Bench[] = []
  /** Bytes that have gone from node to node. */
  crossedBytes = 0
  /** Why links ended, as the nodes tell it. */
  readonly reasons: string[] = []
  private readonly arrivals = new Map<Bench, Map<string, Arrival>>()
  private readonly onTheWay: { readonly atMs: number; readonly arrive: () => void }[] = []
  private elapsedMs = 0

  constructor(count: number, options: Partial<NodeOptions> = {}) {
    for (let seed = 1; seed <= count; seed++) {
      const bench = new Bench(seed, options)
      bench.run((node, now) => node.join('general', now))
      this.nodes.push(bench)
      this.arrivals.set(bench, new Map())
    }
  }

  /** Has one node dial another and go on dialling it when the link is lost, by their places in `nodes`. */
  link(from: number, to: number): void {
    this.nodes[from]!.run((node, now) => node.connect({ host: `192.0.2.${to}`, port: 8_000 + to }, now))
    this.connect(from, to)
  }

  private connect(from: number, to: number): void {
    const [a, b] = [this.nodes[from]!, this.nodes[to]!]
    const ends = new Map<Bench, number>()
    const wire = (own: Bench, other: Bench): Wire => ({
      attached: (link) => void ends.set(own, link),
      hear: (bytes) => {
        this.crossedBytes += bytes.length
        this.later(() => other.receive(ends.get(other)!, bytes))
      },
      closed: () => this.later(() => other.vanish(ends.get(other)!)),
    })
    b.accept(wire(b, a))
    a.answerDial(wire(a, b))
  }

  say(from: number, text: string): void {
    this.nodes[from]!.run((node, now) => node.say('general', EventKind.text, utf8(text), 1, now))
  }

  /** Lets time pass for all, and whatever is on its way arrive. */
  pass(ms: number): void {
    for (const untilMs = this.elapsedMs + ms; this.elapsedMs < untilMs; this.elapsedMs++) {
      while (this.onTheWay.length > 0 && this.onTheWay[0]!.atMs <= this.elapsedMs) this.onTheWay.shift()!.arrive()
      for (const [at, bench] of this.nodes.entries()) {
        bench.pass(1)
        for (const { address } of [...bench.dials]) this.connect(at, address.port - 8_000)
        this.note(bench)
      }
    }
  }

  /** What a node has shown since the last `forget`, by text. */
  shown(node: number): ReadonlyMap<string, Arrival> {
    return this.arrivals.get(this.nodes[node]!)!
  }

  forget(): void {
    for (const arrivals of this.arrivals.values()) arrivals.clear()
  }

  /**
   * Has one node say `count` things, one every `everyMs`, with `meanwhile` before each, and waits a while. Answers how long each took to
   * each of `hearers`, in milliseconds, the longest last; infinite for what never came.
   */
  delays(from: number, hearers: readonly number[], count: number, everyMs: number, meanwhile = () => {}): number[] {
    this.forget()
    const saidAtMs = new Map<string, number>()
    for (let at = 0; at < count; at++) {
      meanwhile()
      const text = `${this.elapsedMs}: ${at}`
      saidAtMs.set(text, this.elapsedMs)
      this.say(from, text)
      this.pass(everyMs)
    }
    this.pass(SETTLED_MS)
    const delays = hearers.flatMap((hearer) =>
      [...saidAtMs].map(([text, atMs]) => (this.shown(hearer).get(text)?.atMs ?? Number.POSITIVE_INFINITY) - atMs),
    )
    return delays.sort((a, b) => a - b)
  }

  private later(arrive: () => void): void {
    this.onTheWay.push({ atMs: this.elapsedMs + LATENCY_MS, arrive })
  }

  private note(bench: Bench): void {
    for (const telling of bench.told) {
      if (telling.kind === 'peer' && telling.state === 'down') this.reasons.push(telling.reason)
      if (telling.kind !== 'event') continue
      const text = new TextDecoder().decode(telling.body)
      this.arrivals.get(bench)!.set(text, { atMs: this.elapsedMs, hops: telling.hops })
    }
    bench.told.length = 0
  }
}

const SETTLED_MS = 5_000
