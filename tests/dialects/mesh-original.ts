import type { Address } from '../../src/base/address.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { type Timer, TimerQueue } from '../../src/base/timers.ts'
import type { Dialect, DialectOutput } from '../../src/dialects/outputs.ts'

const OFFLINE_MS = 30_000

/** What the originals may do one way or the other, as far as anybody knows. */
export interface OriginalHabits {
  /** The end of either of two connections with one peer is the end of both to it. */
  readonly forgetsBoth: boolean
  /** Dials whoever it knows again and again, and not only when it announces itself. */
  readonly retries: boolean
}

interface Known {
  address: Address
  heardAtMs: number
  isDialling: boolean
  failures: number
}

/** A peer of the mesh as its original is told to be: one connection for each id it knows, and whatever comes on any is shown, twice if it comes twice. */
export class OriginalMesh implements Dialect {
  readonly dialect = 'mesh'
  readonly shown: string[] = []
  private nowMs = 0
  private readonly known = new Map<string, Known>()
  private readonly links = new Map<string, number>()
  private readonly peers = new Map<number, string>()
  private readonly read = new Map<number, string>()
  private readonly dials = new Map<number, string>()
  private readonly timers = new TimerQueue<() => void>()
  private outputs: DialectOutput[] = []
  private next = 1

  constructor(
    private readonly id: string,
    private readonly port: number,
    private readonly habits: OriginalHabits,
  ) {}

  start(nowMs: number): void {
    this.nowMs = nowMs
    this.again(5_000, () => {
      const said = { type: 'announce', peer_id: this.id, username: this.id, port: this.port }
      this.outputs.push({ kind: 'multicast', datagram: utf8(JSON.stringify(said)) })
    })
    this.again(1_000, () => this.look())
  }

  datagram(datagram: Uint8Array, host: string, nowMs: number): void {
    this.nowMs = nowMs
    const said = JSON.parse(new TextDecoder().decode(datagram))
    if (said.peer_id === this.id || said.type === 'leave') return
    const known = this.known.get(said.peer_id) ?? { isDialling: false, failures: 0 }
    const news = { address: { host, port: said.port }, heardAtMs: nowMs }
    this.known.set(said.peer_id, Object.assign(known, news))
    this.dial(said.peer_id)
  }

  opened(link: number, _remote: Address, attempt: number | null, nowMs: number): void {
    this.nowMs = nowMs
    const peer = this.dials.get(attempt ?? 0)
    if (peer === undefined) return
    const known = this.known.get(peer)
    if (known !== undefined) known.isDialling = false
    if (known !== undefined) known.failures = 0
    this.tie(link, peer)
    this.send(link, 'join', 'joined')
  }

  received(link: number, bytes: Uint8Array, nowMs: number): void {
    this.nowMs = nowMs
    const lines = ((this.read.get(link) ?? '') + new TextDecoder().decode(bytes)).split('\n')
    this.read.set(link, lines.pop()!)
    for (const line of lines) {
      const said = JSON.parse(line)
      if (!this.peers.has(link)) this.tie(link, said.sender_id)
      if (said.type === 'chat') this.shown.push(said.content)
    }
  }

  closed(link: number, _reason: string, nowMs: number): void {
    this.nowMs = nowMs
    const peer = this.peers.get(link)
    this.peers.delete(link)
    if (peer !== undefined && (this.habits.forgetsBoth || this.links.get(peer) === link)) this.links.delete(peer)
  }

  dialFailed(attempt: number, _reason: string, nowMs: number): void {
    this.nowMs = nowMs
    const known = this.known.get(this.dials.get(attempt)!)
    if (known === undefined) return
    known.failures++
    this.timers.set(nowMs + Math.min(64_000, 1_000 * 2 ** known.failures), () => {
      known.isDialling = false
    })
  }

  say({ text }: { readonly text: string }, _link: number | null, nowMs: number): void {
    this.nowMs = nowMs
    for (const link of this.links.values()) this.send(link, 'chat', text)
  }

  listened(): void {}
  renamed(): void {}
  leave(): void {}

  wake(nowMs: number): void {
    this.nowMs = nowMs
    for (let due = this.timers.takeDue(nowMs); due !== null; due = this.timers.takeDue(nowMs)) due()
  }

  nextWakeMs(): number | null {
    return this.timers.nextAtMs()
  }

  takeOutputs(): DialectOutput[] {
    const { outputs } = this
    this.outputs = []
    return outputs
  }

  private look(): void {
    for (const [peer, { heardAtMs }] of this.known) {
      if (this.nowMs - heardAtMs >= OFFLINE_MS) this.known.delete(peer)
      else if (this.habits.retries) this.dial(peer)
    }
  }

  private dial(peer: string): void {
    const known = this.known.get(peer)!
    if (this.id >= peer || this.links.has(peer) || known.isDialling) return
    known.isDialling = true
    this.dials.set(this.next, peer)
    this.outputs.push({ kind: 'dial', attempt: this.next++, address: known.address })
  }

  private tie(link: number, peer: string): void {
    this.links.set(peer, link)
    this.peers.set(link, peer)
  }

  private send(link: number, type: string, content: string): void {
    const message = { id: `${this.id}-${this.next++}`, type, sender_id: this.id, username: this.id, content }
    this.outputs.push({ kind: 'send', link, bytes: utf8(`${JSON.stringify(message)}\n`) })
  }

  private again(everyMs: number, act: () => void): Timer<() => void> {
    act()
    return this.timers.set(this.nowMs + everyMs, () => this.again(everyMs, act))
  }
}
