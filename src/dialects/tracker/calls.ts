import type { Address } from '../../base/address.ts'
import type { Timer } from '../../base/timers.ts'

/** One connection of ours: what it is for, what we say, and what has been answered. */
export interface Call {
  readonly purpose: 'register' | 'get_peers' | 'election' | 'message'
  /** Whom it is for. */
  readonly port: number
  readonly says: Uint8Array
  link: number | null
  answer: Uint8Array[]
  answerBytes: number
  deadline: Timer<() => void> | null
}

/** One connection of somebody else's, who has not said yet all that it wants. */
export interface Caller {
  readonly remote: Address
  parts: Uint8Array[]
  bytes: number
  readonly deadline: Timer<() => void>
}

/** Connections at a time; others wait their turn. Each is over in a moment, or in the time a dial takes. */
const CALLS_MAX = 64
/** Messages that wait for one peer: one connection a message takes its time. */
const WAITING_PER_PEER_MAX = 256

/** Keeps messages to one peer in the order they were said, one connection at a time, and all connections within bounds. */
export class Calls {
  readonly byAttempt = new Map<number, Call>()
  readonly byLink = new Map<number, Call>()
  private readonly waiting = new Map<number, Uint8Array[]>()
  private readonly busy = new Set<number>()
  private nextAttempt = 1

  constructor(private readonly dial: (attempt: number, address: Address) => void) {}

  /** False where the peer has so much waiting that this is dropped. */
  message(host: string, port: number, says: Uint8Array): boolean {
    const queue = this.waiting.get(port) ?? []
    if (queue.length >= WAITING_PER_PEER_MAX) return false
    queue.push(says)
    this.waiting.set(port, queue)
    this.next(host)
    return true
  }

  call(purpose: Exclude<Call['purpose'], 'message'>, address: Address, says: Uint8Array): void {
    this.begin({ purpose, port: address.port, says, link: null, answer: [], answerBytes: 0, deadline: null }, address)
  }

  /** A call has ended, however it went. */
  over(call: Call, host: string): void {
    if (call.link !== null) this.byLink.delete(call.link)
    if (call.purpose === 'message') this.busy.delete(call.port)
    this.next(host)
  }

  /** Whoever is not there has nothing waiting for him. */
  forget(port: number): void {
    this.waiting.delete(port)
  }

  /** Whether a look at the tracker is under way. */
  isAsking(purpose: Call['purpose']): boolean {
    return [...this.byAttempt.values(), ...this.byLink.values()].some((call) => call.purpose === purpose)
  }

  private next(host: string): void {
    for (const [port, queue] of this.waiting) {
      if (this.byAttempt.size + this.byLink.size >= CALLS_MAX) return
      if (this.busy.has(port)) continue
      const says = queue.shift()
      if (queue.length === 0) this.waiting.delete(port)
      if (says === undefined) continue
      this.busy.add(port)
      const call = { purpose: 'message', port, says, link: null, answer: [], answerBytes: 0, deadline: null } as const
      this.begin({ ...call, answer: [] }, { host, port })
    }
  }

  private begin(call: Call, address: Address): void {
    const attempt = this.nextAttempt++
    this.byAttempt.set(attempt, call)
    this.dial(attempt, address)
  }
}
