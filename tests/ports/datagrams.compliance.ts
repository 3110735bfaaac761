import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Address } from '../../src/base/address.ts'
import { seededRng } from '../../src/base/rng.ts'
import type { DatagramSocket, Datagrams } from '../../src/ports/datagrams.ts'

export interface DatagramWorld {
  readonly datagrams: Datagrams
  /** An address of the machine. */
  readonly host: string
  /** An address that is not the machine's. */
  readonly foreign: string
  /** Lets time pass until a promise is settled. */
  settle<T>(promise: Promise<T>): Promise<T>
}

/** One socket, and what it heard. */
class End {
  socket!: DatagramSocket
  readonly heard: { bytes: Uint8Array; from: Address }[] = []
  private waiters: { met: () => boolean; resolve: () => void }[] = []

  static async open(world: DatagramWorld, port = 0, host = world.host): Promise<End> {
    const end = new End()
    const socket = await world.datagrams.bind({ host, port }, end)
    if (!socket.ok) throw new Error(socket.message)
    end.socket = socket
    return end
  }

  get address(): Address {
    return this.socket.endpoints().find(({ host }) => host.length > 0) ?? this.socket.local
  }

  received(bytes: Uint8Array, from: Address): void {
    this.heard.push({ bytes, from })
    for (const { met, resolve } of this.waiters) if (met()) resolve()
    this.waiters = this.waiters.filter(({ met }) => !met())
  }

  until(count: number): Promise<void> {
    const met = (): boolean => this.heard.length >= count
    return met() ? Promise.resolve() : new Promise((resolve) => this.waiters.push({ met, resolve }))
  }
}

/** Every implementation of the port must pass all of this. */
export function datagramCompliance(name: string, makeWorld: () => DatagramWorld): void {
  describe(name, () => {
    let world: DatagramWorld
    let [a, b]: End[] = []
    beforeEach(async () => {
      world = makeWorld()
      a = await End.open(world)
      b = await End.open(world)
    })
    afterEach(() => {
      a!.socket.close()
      b!.socket.close()
    })

    test('carries datagrams both ways, each whole, from where it came', async () => {
      const rng = seededRng(1)
      const sizes = [1, 26, 100, 1_200, 9_000]
      for (const size of sizes) {
        const bytes = rng.bytes(size)
        expect(a!.socket.send(bytes, b!.address)).toBe(true)
        await world.settle(b!.until(b!.heard.length + 1))
        const { bytes: got, from } = b!.heard.at(-1)!
        expect(got).toEqual(bytes)
        expect(from).toEqual(a!.address)
        expect(b!.socket.send(got, from)).toBe(true)
        await world.settle(a!.until(a!.heard.length + 1))
        expect(a!.heard.at(-1)).toEqual({ bytes, from: b!.address })
      }
    })

    test('the buffer is the sender’s again after the call, and the receiver’s for good', async () => {
      const bytes = new Uint8Array(50)
      for (let i = 1; i <= 3; i++) a!.socket.send(bytes.fill(i), b!.address)
      await world.settle(b!.until(3))
      expect(b!.heard.map((each) => each.bytes[49]).toSorted()).toEqual([1, 2, 3])
      b!.heard[0]!.bytes.fill(9)
      expect(b!.heard.slice(1).some((each) => each.bytes.includes(9))).toBe(false)
    })

    test('what nobody takes harms nobody, and what follows arrives', async () => {
      const gone = await End.open(world)
      const { address } = gone
      gone.socket.close()
      for (let i = 0; i < 20; i++) {
        a!.socket.send(Uint8Array.of(1, i), address)
        await world.settle(pause(world, b!))
        const before = b!.heard.length
        expect(a!.socket.send(Uint8Array.of(2, i), b!.address)).toBe(true)
        await world.settle(b!.until(before + 1))
        expect(b!.heard.at(-1)!.bytes).toEqual(Uint8Array.of(2, i))
      }
      expect(gone.heard).toEqual([])
    })

    test.each(['nonsense', '', '1.2.3.4.5', 'example.invalid'])('nothing goes to %j, and nothing is thrown', (host) => {
      expect(a!.socket.send(new Uint8Array(10), { host, port: 5_000 })).toBe(false)
      expect(a!.socket.send(new Uint8Array(10), { host: world.host, port: 0 })).toBe(false)
      expect(a!.socket.send(new Uint8Array(70_000), b!.address)).toBe(false)
    })

    test('a port that is taken, and an address that is not ours, are told in words', async () => {
      const taken = await world.datagrams.bind(b!.socket.local, a!)
      const foreign = await world.datagrams.bind({ host: world.foreign, port: 0 }, a!)
      expect([taken, foreign]).toMatchObject([
        { ok: false, code: 'port-taken' },
        { ok: false, code: 'no-such-address' },
      ])
      for (const fault of [taken, foreign]) if (!fault.ok) expect(fault.message).toMatch(/^.{10,}\.$/)
    })

    test('after it is closed nothing is heard and nothing sent, and the port is free again', async () => {
      const { local } = b!.socket
      a!.socket.send(new Uint8Array(10), b!.address)
      b!.socket.close()
      b!.socket.close()
      expect(b!.socket.send(new Uint8Array(10), a!.address)).toBe(false)
      const again = await End.open(world, local.port)
      a!.socket.send(new Uint8Array(11), again.address)
      await world.settle(again.until(1))
      expect(b!.heard).toEqual([])
      again.socket.close()
    })

    test('open to every address, it tells those at which it can be reached', async () => {
      const open = await End.open(world, 0, '0.0.0.0')
      for (const { host, port } of open.socket.endpoints()) {
        expect(port).toBe(open.socket.local.port)
        expect(host).not.toBe('0.0.0.0')
        expect(host).not.toStartWith('127.')
      }
      open.socket.close()
    })
  })
}

/** As long as a datagram takes. */
async function pause(world: DatagramWorld, end: End): Promise<void> {
  const before = end.heard.length
  end.socket.send(Uint8Array.of(0), end.address)
  await world.settle(end.until(before + 1))
}
