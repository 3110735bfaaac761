import { seededRng } from '../../src/base/rng.ts'
import { Handshake } from '../../src/core/link/handshake.ts'
import { type Bench, identityOf, type Wire } from './bench.ts'

/** Hosts of the global network, each in a block of its own. */
export const spread = (at: number) => `45.${100 + (at >> 8)}.${at & 255}.7`
/** Hosts of one block. */
export const inBlock = (at: number) => `46.1.1.${at + 1}`

/** Somebody who connects and gets no further. */
export class Caller implements Wire {
  /** Null when the node did not take the connection. */
  readonly link: number | null
  /** How the node closed it; null while it is open. */
  ended: 'abort' | 'end' | null = null

  constructor(
    readonly bench: Bench,
    host: string,
  ) {
    this.link = bench.accept(this, host)
  }

  get isIn(): boolean {
    return this.link !== null && this.ended === null
  }

  /** Begins a handshake. */
  speak(): this {
    return this.send(FIRST_MESSAGE)
  }

  send(bytes: Uint8Array): this {
    if (this.isIn) this.bench.receive(this.link!, bytes.slice())
    return this
  }

  hear(): void {}

  closed(abort: boolean): void {
    this.ended = abort ? 'abort' : 'end'
  }
}

const { signing, linkStatic } = identityOf(50)
const FIRST_MESSAGE = new Handshake(true, {
  identity: signing,
  staticKey: linkStatic,
  ephemeralSecret: seededRng(50).bytes(32),
}).start()
