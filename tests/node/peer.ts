import { ByteReader, type ByteWriter } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { type Established, Handshake } from '../../src/core/link/handshake.ts'
import { RecordReader } from '../../src/core/link/records.ts'
import type { NodeIdentity } from '../../src/node/context.ts'
import { frame } from '../../src/node/link-state.ts'
import { eachFrame, FrameType } from '../../src/wire/frame.ts'
import { type Hello, readBye, writeHello } from '../../src/wire/hello.ts'
import { type Bench, identityOf, type Wire } from './bench.ts'

export interface HeardFrame {
  readonly type: number
  readonly body: Uint8Array
}

export interface PeerOptions {
  /** Who it is: peers of one seed share identity and static key, as links of one process do. */
  readonly seed?: number
  readonly identity?: NodeIdentity
  /** Another process of the same identity has another static key. */
  readonly staticSeed?: number
  readonly host?: string
  /** Dialled by the node instead of dialling it. */
  readonly dialled?: boolean
  /** Answers no pings. */
  readonly silent?: boolean
  /** Told apart only by this, two links of one peer have different ephemeral keys. */
  readonly ephemeral?: number
}

const HELLO: Hello = { name: 'peer', tcpPort: 0, udpPort: 0, agent: 'by hand' }

/** Speaks to a node by hand: shakes hands honestly, and then sends whatever the test wants. */
export class Peer implements Wire {
  readonly heard: HeardFrame[] = []
  readonly identity: NodeIdentity
  /** Null when the node did not take the connection. */
  link: number | null = null
  /** How the node closed it; null while it is open. */
  ended: 'abort' | 'end' | null = null
  /** Everything sent to the node, chunk by chunk. */
  readonly sent: Uint8Array[] = []
  established: Established | null = null
  private readonly handshake: Handshake
  private reader: RecordReader | null = null

  constructor(
    readonly bench: Bench,
    private readonly options: PeerOptions = {},
  ) {
    const seed = options.seed ?? 100
    const own = options.identity ?? identityOf(seed)
    const linkStatic = options.staticSeed === undefined ? own.linkStatic : identityOf(options.staticSeed).linkStatic
    this.identity = { ...own, linkStatic }
    this.handshake = new Handshake(options.dialled !== true, {
      identity: own.signing,
      staticKey: linkStatic,
      ephemeralSecret: seededRng(seed * 1_000 + (options.ephemeral ?? 0)).bytes(32),
    })
  }

  /** Connects and sends the first message; the node's answers are answered until the handshake is through. */
  connect(): this {
    if (this.options.dialled === true) this.bench.answerDial(this)
    else this.bench.accept(this, this.options.host ?? '192.0.2.1')
    this.raw(this.handshake.start())
    return this
  }

  attached(link: number): void {
    this.link = link
  }

  /** Connects, shakes hands and says hello. */
  open(hello: Partial<Hello> = {}): this {
    this.connect()
    if (this.established === null) return this
    this.send(FrameType.hello, (out) => writeHello(out, { ...HELLO, ...hello }))
    return this
  }

  get up(): boolean {
    return this.link !== null && this.bench.node.peers().some((link) => link.id === this.link)
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.link === null || this.ended !== null) return
    this.sent.push(bytes)
    this.bench.receive(this.link, bytes)
  }

  /** One frame, in a record of its own. */
  send(type: number, write: (out: ByteWriter) => void): void {
    this.record(frame(type, write))
  }

  /** One record, sealed as it should be, of whatever plaintext. */
  record(plaintext: Uint8Array): void {
    this.raw(this.seal(plaintext))
  }

  seal(plaintext: Uint8Array): Uint8Array {
    return this.established!.send.sealRecord(plaintext)
  }

  hear(bytes: Uint8Array): void {
    if (this.reader !== null) return this.read(bytes)
    const step = this.handshake.receive(bytes)
    if (step.state === 'fault') throw new Error(`the node's handshake is at fault: ${step.message}`)
    if (step.state === 'established') {
      this.established = step.link
      this.reader = new RecordReader(step.link.receive)
    }
    this.raw(step.send)
    if (step.state === 'established' && step.link.rest.length > 0) this.read(step.link.rest)
  }

  closed(abort: boolean): void {
    this.ended = abort ? 'abort' : 'end'
  }

  heardOf(type: number): Uint8Array[] {
    return this.heard.filter((frame) => frame.type === type).map((frame) => frame.body)
  }

  /** The code of the goodbye it was given; null without one. */
  get bye(): number | null {
    const body = this.heardOf(FrameType.bye)[0]
    return body === undefined ? null : (readBye(new ByteReader(body))?.code ?? null)
  }

  private read(bytes: Uint8Array): void {
    const fault = this.reader!.receive(bytes, (record) =>
      eachFrame(
        record,
        (type, all, start, end) => this.take({ type, body: all.slice(start, end) }),
        () => true,
      ),
    )
    if (fault !== null) throw new Error(`the node ${fault}`)
  }

  private take(frame: HeardFrame): void {
    this.heard.push(frame)
    if (frame.type !== FrameType.ping || this.options.silent === true) return
    this.send(FrameType.pong, (out) => out.bytes(frame.body))
  }
}

export function openPeer(bench: Bench, options: PeerOptions = {}): Peer {
  return new Peer(bench, options).open()
}
