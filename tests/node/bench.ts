import { seededRng } from '../../src/base/rng.ts'
import { agreementKeyFromSecret, agreementKeyFromSigningSeed } from '../../src/crypto/agree.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import type { Instant, NodeIdentity } from '../../src/node/context.ts'
import { Node } from '../../src/node/node.ts'
import type { NodeOptions } from '../../src/node/node-options.ts'
import type {
  CloseOutput,
  DialOutput,
  DisownOutput,
  KeepOutput,
  ListenOutput,
  LoadOutput,
  NodeTelling,
  UnlistenOutput,
} from '../../src/node/outputs.ts'

/** Some day in 2027: any will do, as long as every run has the same. */
export const WALL_START_MS = 1_800_000_000_000

/** An identity that a number stands for. */
export function identityOf(seed: number): NodeIdentity {
  const chance = seededRng(seed)
  const secret = chance.bytes(32)
  return {
    signing: signingKeyFromSeed(secret),
    agreement: agreementKeyFromSigningSeed(secret),
    linkStatic: agreementKeyFromSecret(chance.bytes(32)),
  }
}

/** What hangs on the other end of a connection of the node. */
export interface Wire {
  /** The node has taken the connection, and has written nothing yet. */
  attached?(link: number): void
  /** Bytes the node wrote. */
  hear(bytes: Uint8Array): void
  closed(abort: boolean): void
}

/** One whole node on virtual time, with a driver that does at once what the node wants and keeps what it tells. */
export class Bench {
  nowMs = 5_000
  /** What the wall clock shows beyond the monotonic one. */
  wallAheadMs = WALL_START_MS
  readonly node: Node
  readonly told: NodeTelling[] = []
  readonly dials: DialOutput[] = []
  /** Where it would listen too, or no longer, in order; answered by the test. */
  readonly listens: (ListenOutput | UnlistenOutput)[] = []
  /** What it would have kept, and read; answered by the test. */
  readonly keeps: KeepOutput[] = []
  readonly loads: LoadOutput[] = []
  readonly disowned: DisownOutput[] = []
  /** Links whose connection takes nothing: the other side does not read. */
  readonly blocked = new Set<number>()
  private readonly wires = new Map<number, Wire>()
  private settling = false

  constructor(seed = 1, options: Partial<NodeOptions> = {}) {
    const chance = seededRng(seed + 0x5eed)
    this.node = new Node(
      {
        identity: identityOf(seed),
        name: `node-${seed}`,
        agent: 'test',
        randomBytes: (n) => chance.bytes(n),
        rng: chance,
        ...options,
      },
      this.now(),
    )
  }

  now(): Instant {
    return { nowMs: this.nowMs, wallMs: Math.floor(this.nowMs) + this.wallAheadMs }
  }

  get wallMs(): number {
    return this.now().wallMs
  }

  /** A connection comes in; null when the node refuses it. */
  accept(wire: Wire, host = '192.0.2.1', port = 40_000): number | null {
    const link = this.node.accepted({ host, port }, this.now())
    if (link !== null) this.attach(link, wire)
    return link
  }

  /** The newest dial succeeds. */
  answerDial(wire: Wire): number {
    const { attempt, address } = this.dials.pop()!
    const link = this.node.dialled(attempt, address, this.now())!
    this.attach(link, wire)
    return link
  }

  receive(link: number, bytes: Uint8Array): void {
    this.node.received(link, bytes, this.now())
    this.settle()
  }

  /** The connection breaks without a word. */
  vanish(link: number): void {
    this.wires.delete(link)
    this.node.closed(link, 'broke the connection off', this.now())
    this.settle()
  }

  /** Whether the connection is still open as far as the node is concerned. */
  holds(link: number): boolean {
    return this.wires.has(link)
  }

  /** Lets time pass, firing each timer at its time. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms
    for (let wakeMs = this.node.nextWakeMs(); wakeMs !== null && wakeMs <= untilMs; wakeMs = this.node.nextWakeMs()) {
      this.nowMs = Math.max(this.nowMs, wakeMs)
      this.node.wake(this.now())
      this.settle()
    }
    this.nowMs = untilMs
  }

  /** Runs something on the node and carries out what follows. */
  run<T>(act: (node: Node, now: Instant) => T): T {
    const result = act(this.node, this.now())
    if (this.node.hasUnsealed) this.node.flush(this.now())
    this.settle()
    return result
  }

  /** Everything told of one kind since the last call of `forget`. */
  tellings<K extends NodeTelling['kind']>(kind: K): Extract<NodeTelling, { kind: K }>[] {
    return this.told.filter((telling): telling is Extract<NodeTelling, { kind: K }> => telling.kind === kind)
  }

  /** What was said in rooms and directly, as text, in the order it was told. */
  texts(): string[] {
    return this.tellings('event').map((telling) => new TextDecoder().decode(telling.body))
  }

  forget(): void {
    this.told.length = 0
  }

  settle(): void {
    // A wire may answer while it hears, which comes back here: the outer call goes on until all is quiet.
    if (this.settling) return
    this.settling = true
    while (this.carryOut() || this.pump()) {}
    this.settling = false
  }

  private attach(link: number, wire: Wire): void {
    this.wires.set(link, wire)
    wire.attached?.(link)
    this.settle()
  }

  private carryOut(): boolean {
    const outputs = this.node.takeOutputs()
    for (const output of outputs) {
      if (output.kind === 'dial') this.dials.push(output)
      else if (output.kind === 'close') this.close(output)
      else if (output.kind === 'listen' || output.kind === 'unlisten') this.listens.push(output)
      else if (output.kind === 'keep') this.keeps.push(output)
      else if (output.kind === 'load') this.loads.push(output)
      else if (output.kind === 'disown') this.disowned.push(output)
      else this.told.push(output)
    }
    return outputs.length > 0
  }

  private close({ link, abort }: CloseOutput): void {
    const wire = this.wires.get(link)
    this.wires.delete(link)
    wire?.closed(abort)
  }

  private pump(): boolean {
    let moved = false
    for (const { id } of [...this.node.dirtyLinks]) {
      while (!this.blocked.has(id)) {
        const bytes = this.node.pull(id, this.now())
        if (bytes === null) break
        moved = true
        this.wires.get(id)?.hear(bytes)
      }
    }
    return moved
  }
}
