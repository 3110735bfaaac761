import type { Address } from '../../src/base/address.ts'
import { formatAddress } from '../../src/base/address.ts'
import type { Dialect, DialectOutput, PeerTelling, TroubleTelling, WordsTelling } from '../../src/dialects/outputs.ts'
import type { Words } from '../../src/dialects/words.ts'
import { VirtualTime, WALL_START_MS } from '../sim/time.ts'

const DELAY_MS = 5

interface Host {
  readonly machine: Dialect
  readonly told: DialectOutput[]
  readonly links: Map<number, End>
  cancel: (() => void) | null
  isDead: boolean
  nextLink: number
}

/** One end of a connection; the other is a machine's too, or a test's. */
interface End {
  readonly host: Host | null
  readonly link: number
  readonly bytes: number[]
  peer: End | null
  isOpen: boolean
}

/** Machines of dialects on virtual time, joined by connections that carry bytes a few milliseconds late and in odd pieces. */
export class MachineWorld {
  readonly time = new VirtualTime()
  private readonly listening = new Map<string, Host>()
  private readonly hosts: Host[] = []
  /** Where multicast goes: every machine's `datagram`, and the host it came from. */
  private readonly group: { readonly host: Host; readonly receive: (datagram: Uint8Array, nowMs: number) => void }[] =
    []

  wallMs = (): number => WALL_START_MS + this.time.nowMs

  add(
    machine: Dialect,
    address: Address,
    receive: ((datagram: Uint8Array, nowMs: number) => void) | null = null,
  ): Host {
    const host: Host = { machine, told: [], links: new Map(), cancel: null, isDead: false, nextLink: 1 }
    this.hosts.push(host)
    this.listening.set(formatAddress(address), host)
    if (receive !== null) this.group.push({ host, receive })
    machine.start(this.time.nowMs)
    this.settle(host)
    return host
  }

  /** Everything of it is gone at once. */
  kill(host: Host): void {
    host.isDead = true
    for (const [address, listener] of [...this.listening]) if (listener === host) this.listening.delete(address)
    for (const end of host.links.values()) this.shut(end)
  }

  say(host: Host, words: Partial<Words> & { text: string }, link: number | null = null): void {
    const common = {
      origin: '',
      from: 'native',
      isExact: true,
      bridge: null,
      author: 'us',
      name: 'Ulla',
      kind: 'text',
      room: 'general',
    } as const
    const origin = Buffer.from(words.text.padEnd(16).slice(0, 16)).toString('hex')
    this.run(host, () => host.machine.say({ ...common, origin, ...words }, link, this.time.nowMs))
  }

  run(host: Host, act: () => void): void {
    if (host.isDead) return
    act()
    this.settle(host)
  }

  words(host: Host): Words[] {
    return host.told.filter((each): each is WordsTelling => each.kind === 'words').map(({ words }) => words)
  }

  peers(host: Host): string[] {
    return host.told
      .filter((each): each is PeerTelling => each.kind === 'peer')
      .map(({ state, id }) => `${state} ${id}`)
  }

  troubles(host: Host): string[] {
    return host.told.filter((each): each is TroubleTelling => each.kind === 'trouble').map(({ message }) => message)
  }

  /** A connection to a machine from somebody who is none; what the machine says comes to `heard`. */
  call(host: Host): { say(bytes: Uint8Array): void; hangUp(): void; heard(): Uint8Array; isOpen(): boolean } {
    const mine: End = { host: null, link: 0, bytes: [], peer: null, isOpen: true }
    const theirs = this.open(host, { host: '127.0.0.1', port: 40_000 }, null, mine)
    return {
      say: (bytes) => {
        host.machine.received(theirs.link, bytes.slice(), this.time.nowMs)
        this.settle(host)
      },
      hangUp: () => this.shut(mine),
      heard: () => Uint8Array.from(mine.bytes),
      isOpen: () => theirs.isOpen,
    }
  }

  private open(host: Host, remote: Address, attempt: number | null, peer: End): End {
    const end: End = { host, link: host.nextLink++, bytes: [], peer, isOpen: true }
    peer.peer = end
    host.links.set(end.link, end)
    host.machine.opened(end.link, remote, attempt, this.time.nowMs)
    this.settle(host)
    return end
  }

  private settle(host: Host): void {
    for (let outputs = host.machine.takeOutputs(); outputs.length > 0; outputs = host.machine.takeOutputs()) {
      for (const output of outputs) this.carryOut(host, output)
    }
    host.cancel?.()
    const atMs = host.machine.nextWakeMs()
    if (atMs === null || host.isDead) return
    const timer = this.time.at(atMs, () => this.run(host, () => host.machine.wake(this.time.nowMs)))
    host.cancel = () => this.time.cancel(timer)
  }

  private carryOut(host: Host, output: DialectOutput): void {
    if (host.isDead) return
    if (output.kind === 'send') this.send(host.links.get(output.link), output.bytes)
    else if (output.kind === 'hang-up') this.later(() => this.shut(host.links.get(output.link)))
    else if (output.kind === 'dial') this.later(() => this.dial(host, output.attempt, output.address))
    else if (output.kind === 'listen') {
      const name = formatAddress(output.address)
      const code = this.listening.has(name) ? 'port-taken' : null
      if (code === null) this.listening.set(name, host)
      this.later(() => this.run(host, () => host.machine.listened(output.address, code, this.time.nowMs)))
    } else if (output.kind === 'multicast') {
      for (const each of this.group) {
        if (!each.host.isDead)
          this.later(() => this.run(each.host, () => each.receive(output.datagram, this.time.nowMs)))
      }
    } else host.told.push(output)
  }

  private dial(host: Host, attempt: number, address: Address): void {
    const listener = this.listening.get(formatAddress(address))
    if (host.isDead) return
    if (listener === undefined)
      return this.run(host, () => host.machine.dialFailed(attempt, 'refused', this.time.nowMs))
    const near: End = { host, link: host.nextLink++, bytes: [], peer: null, isOpen: true }
    host.links.set(near.link, near)
    this.open(listener, { host: '127.0.0.1', port: 50_000 + near.link }, null, near)
    this.run(host, () => host.machine.opened(near.link, address, attempt, this.time.nowMs))
  }

  private send(end: End | undefined, bytes: Uint8Array): void {
    const peer = end?.peer
    if (end?.isOpen !== true || peer === null || peer === undefined) return
    this.later(() => {
      const { host } = peer
      if (host === null) return void peer.bytes.push(...bytes)
      if (!peer.isOpen) return
      const half = bytes.length >> 1
      for (const part of [bytes.slice(0, half), bytes.slice(half)]) {
        if (part.length > 0) this.run(host, () => host.machine.received(peer.link, part, this.time.nowMs))
      }
    })
  }

  private shut(end: End | undefined): void {
    for (const each of [end, end?.peer]) {
      if (each === undefined || each === null || !each.isOpen) continue
      each.isOpen = false
      const { host } = each
      if (host === null) continue
      host.links.delete(each.link)
      this.later(() => this.run(host, () => host.machine.closed(each.link, 'closed the connection', this.time.nowMs)))
    }
  }

  private later(run: () => void): void {
    this.time.at(this.time.nowMs + DELAY_MS, run)
  }
}
