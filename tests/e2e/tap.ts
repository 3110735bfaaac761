import type { Socket } from 'bun'

interface Side {
  other: Socket<Side> | null
  waiting: Uint8Array[]
  readonly toServer: boolean
}

/** What a tap may do to a chunk on its way; `offset` counts that direction's bytes of that connection. */
export type Tamper = (chunk: Uint8Array, offset: number, toServer: boolean) => Uint8Array

/** A TCP relay of the tests' own between a dialler and a listener: keeps all that passes, and may change it. */
export class Tap {
  readonly captured: Uint8Array[] = []
  connections = 0
  private constructor(
    readonly port: number,
    private readonly stopListening: () => void,
  ) {}

  static open(target: { host: string; port: number }, tamper: Tamper = (chunk) => chunk): Tap {
    const offsets = new WeakMap<Socket<Side>, number>()
    const pass = (from: Socket<Side>, bytes: Uint8Array): void => {
      const offset = offsets.get(from) ?? 0
      offsets.set(from, offset + bytes.length)
      const changed = tamper(bytes.slice(), offset, from.data.toServer)
      tap.captured.push(changed)
      if (from.data.other === null) from.data.waiting.push(changed)
      else from.data.other.write(changed)
    }
    const handlers = {
      data: pass,
      close(socket: Socket<Side>) {
        socket.data?.other?.end()
      },
      error() {},
    }
    const listener = Bun.listen<Side>({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        ...handlers,
        open(near) {
          tap.connections++
          near.data = { other: null, waiting: [], toServer: true }
          void Bun.connect<Side>({
            hostname: target.host,
            port: target.port,
            socket: {
              ...handlers,
              open(far) {
                far.data = { other: near, waiting: [], toServer: false }
                near.data.other = far
                for (const bytes of near.data.waiting) far.write(bytes)
              },
            },
          }).catch(() => near.end())
        },
      },
    })
    const tap = new Tap(listener.port, () => listener.stop(true))
    return tap
  }

  close(): void {
    this.stopListening()
  }

  contains(text: string): boolean {
    return Buffer.concat(this.captured).includes(Buffer.from(text))
  }

  get bytes(): number {
    return this.captured.reduce((sum, chunk) => sum + chunk.length, 0)
  }
}
