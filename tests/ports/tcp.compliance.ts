import { describe, expect, test } from 'bun:test'
import type { Address } from '../../src/base/address.ts'
import { type Rng, seededRng } from '../../src/base/rng.ts'
import type { Tcp, TcpFault } from '../../src/ports/tcp.ts'
import { End, listening, meet } from './tcp-ends.ts'

/** One world to hold to what the Tcp port promises. */
export interface TcpWorld {
  readonly tcp: Tcp
  /** Where to listen. */
  readonly host: string
  /** Waits for a promise, letting the world's time go on. */
  settle<T>(promise: Promise<T>): Promise<T>
}

const WRITES = 200
const WRITE_BYTES_MAX = 40_000
/** More than any kernel takes at once on loopback: some 6 MB with Linux's largest windows. */
const FLOOD_BYTES = 32 * 1024 * 1024

/** Every implementation of the port must pass all of this. */
export function tcpCompliance(name: string, makeWorld: () => TcpWorld): void {
  const flood = makeFlood()

  describe(`${name} listens and dials`, () => {
    test('port 0 gives a free port, a different one each time', async () => {
      const world = makeWorld()
      const one = await listening(world)
      const two = await listening(world)
      for (const { local } of [one, two]) {
        expect(local.host).toBe(world.host)
        expect(local.port).toBeGreaterThan(0)
      }
      expect(one.local.port).not.toBe(two.local.port)
      one.stop()
      two.stop()
    })

    test('a port that is taken is answered with a fault, not thrown', async () => {
      const world = makeWorld()
      const first = await listening(world)
      const second = await world.settle(world.tcp.listen(first.local, () => new End()))
      expect(second).toHaveProperty('code', 'port-taken')
      expect(second).toHaveProperty('message')
      first.stop()
    })

    test('both ends hear of each other, never before `dial` has returned, and know where the other is', async () => {
      const world = makeWorld()
      const { dialler, listener, address, returnedFirst } = await meet(world)
      expect(returnedFirst).toBe(true)
      expect(dialler.connection.remote).toEqual(address)
      expect(listener.connection.remote.host).toBe(world.host)
      expect(listener.connection.remote.port).toBeGreaterThan(0)
      expect(listener.connection.remote.port).not.toBe(address.port)
    })

    test('where nobody listens the dial fails as refused: once, and not before `dial` has returned', async () => {
      const world = makeWorld()
      const listener = await listening(world)
      listener.stop()
      expect(await failure(world, listener.local)).toMatchObject({ code: 'refused' })
    })

    test('a name that cannot exist fails as no such host', async () => {
      // A label may have 63 characters (RFC 1035 section 2.3.4), so no name service needs to be asked.
      const host = `${'a'.repeat(64)}.invalid`
      expect(await failure(makeWorld(), { host, port: 9 })).toMatchObject({ code: 'no-such-host' })
    })

    test('a listener that stops takes no more, and what it took before goes on', async () => {
      const world = makeWorld()
      const { dialler, listener, listen, address } = await meet(world)
      listen.stop()
      expect(await failure(world, address)).toMatchObject({ code: 'refused' })
      dialler.connection.write(bytesOf('still here'))
      await world.settle(listener.when(() => listener.receivedBytes === 10))
      expect(text(listener)).toBe('still here')
    })
  })

  describe(`${name} carries bytes`, () => {
    test('whole and in order, both ways at once, in writes of any size; what was received is never changed later', async () => {
      const world = makeWorld()
      const { dialler, listener } = await meet(world)
      const there = pour(dialler, seededRng(1))
      const back = pour(listener, seededRng(2))
      await world.settle(Promise.all([there.done, back.done]))
      await world.settle(listener.when(() => listener.receivedBytes === there.sentBytes()))
      await world.settle(dialler.when(() => dialler.receivedBytes === back.sentBytes()))
      expect(Buffer.compare(listener.received(), expectedOf(1))).toBe(0)
      expect(Buffer.compare(dialler.received(), expectedOf(2))).toBe(0)
    })

    test('in buffers that are the receiver’s own: changing one changes nothing else', async () => {
      const world = makeWorld()
      const { dialler, listener } = await meet(world)
      const copies: Uint8Array[] = []
      listener.onData = (bytes) => {
        copies.push(bytes.slice())
        bytes.fill(0)
      }
      const there = pour(dialler, seededRng(3))
      await world.settle(there.done)
      await world.settle(listener.when(() => listener.receivedBytes === there.sentBytes()))
      expect(Buffer.compare(Buffer.concat(copies), expectedOf(3))).toBe(0)
    })

    test('nothing at all for a write of nothing', async () => {
      const world = makeWorld()
      const { dialler, listener } = await meet(world)
      expect(dialler.connection.write(new Uint8Array(0))).toBe(true)
      dialler.connection.write(bytesOf('x'))
      await world.settle(listener.when(() => listener.receivedBytes > 0))
      expect(text(listener)).toBe('x')
    })

    test('a full connection answers false, keeps what it was given, and says once when it wants more', async () => {
      const world = makeWorld()
      const { dialler, listener } = await meet(world)
      expect(dialler.connection.write(flood.slice())).toBe(false)
      expect(dialler.drains).toBe(0)
      await world.settle(dialler.when(() => dialler.drains === 1))
      dialler.connection.write(bytesOf('more'))
      await world.settle(listener.when(() => listener.receivedBytes === FLOOD_BYTES + 4))
      const received = listener.received()
      expect(Buffer.compare(received.subarray(0, FLOOD_BYTES), flood)).toBe(0)
      expect(received.subarray(FLOOD_BYTES).toString()).toBe('more')
      expect(dialler.drains).toBe(1)
    })

    test('many connections at once, none of which hears another', async () => {
      const world = makeWorld()
      const meetings = await Promise.all(Array.from({ length: 20 }, () => world.settle(meet(world))))
      for (const [i, { dialler }] of meetings.entries()) dialler.connection.write(bytesOf(`hello ${i}`))
      for (const [i, { listener }] of meetings.entries()) {
        await world.settle(listener.when(() => text(listener) === `hello ${i}`))
      }
    })
  })

  describe(`${name} ends`, () => {
    test('in order: all that was written arrives, then both ends hear `closed` once and without a fault', async () => {
      const world = makeWorld()
      const { dialler, listener } = await meet(world)
      expect(dialler.connection.write(flood.slice())).toBe(false)
      dialler.connection.end()
      await closed(world, dialler, listener)
      expect(Buffer.compare(listener.received(), flood)).toBe(0)
      expect([dialler.faults, listener.faults]).toEqual([[null], [null]])
      expect(dialler.drains).toBe(0)
    })

    test('in order also while the other end is talking: its words are lost, those before the end are not', async () => {
      const world = makeWorld()
      for (let i = 0; i < 20; i++) {
        const { dialler, listener } = await world.settle(meet(world))
        listener.connection.write(flood.slice(0, 300_000))
        dialler.connection.write(bytesOf('goodbye'))
        dialler.connection.end()
        await closed(world, dialler, listener)
        expect(text(listener)).toBe('goodbye')
        expect(listener.faults).toEqual([null])
      }
    })

    test('at once with `abort`: both ends hear `closed` once', async () => {
      const world = makeWorld()
      const { dialler, listener } = await meet(world)
      dialler.connection.write(flood.slice())
      dialler.connection.abort()
      await closed(world, dialler, listener)
      expect(listener.receivedBytes).toBeLessThan(FLOOD_BYTES)
    })

    test('when both end at the same time', async () => {
      const world = makeWorld()
      const { dialler, listener } = await meet(world)
      dialler.connection.write(bytesOf('bye'))
      listener.connection.write(bytesOf('bye'))
      dialler.connection.end()
      listener.connection.end()
      await closed(world, dialler, listener)
      expect([dialler.faults, listener.faults]).toEqual([[null], [null]])
    })

    test('once only, however often it is asked, and takes anything afterwards without a word', async () => {
      const world = makeWorld()
      const { dialler, listener } = await meet(world)
      dialler.connection.end()
      dialler.connection.end()
      dialler.connection.abort()
      dialler.connection.abort()
      expect(dialler.faults).toEqual([])
      await closed(world, dialler, listener)
      for (const { connection } of [dialler, listener]) {
        expect(connection.write(bytesOf('anybody?'))).toBe(true)
        connection.end()
        connection.abort()
      }
      await quiet(world)
      expect([dialler.faults.length, listener.faults.length]).toEqual([1, 1])
      expect([dialler.receivedBytes, listener.receivedBytes]).toEqual([0, 0])
    })

    test('from inside `data`, after which no more data comes', async () => {
      const world = makeWorld()
      for (const how of ['end', 'abort'] as const) {
        const { dialler, listener } = await world.settle(meet(world))
        listener.onData = () => listener.connection[how]()
        dialler.connection.write(bytesOf('the first'))
        await closed(world, dialler, listener)
        expect(text(listener)).toBe('the first')
      }
    })

    test('from inside `accept` and `opened`: what they answer hears `closed` all the same', async () => {
      const world = makeWorld()
      const refusing = new End()
      const listen = await listening(world, (connection) => {
        refusing.meet(connection)
        connection.abort()
        return refusing
      })
      const refused = await opened(world, listen.local, () => {})
      await closed(world, refused, refusing)
      listen.stop()
      const again = await listening(world)
      const leaving = await opened(world, again.local, (end) => end.connection.abort())
      await closed(world, leaving)
      again.stop()
    })

    test('with what was said before the end still heard, when the end comes right behind it', async () => {
      const world = makeWorld()
      const accepted = new End()
      const listen = await listening(world, (connection) => {
        accepted.meet(connection)
        connection.write(bytesOf('welcome and goodbye'))
        connection.end()
        return accepted
      })
      const dialler = await opened(world, listen.local, () => {})
      await closed(world, dialler, accepted)
      expect(text(dialler)).toBe('welcome and goodbye')
      expect(dialler.faults).toEqual([null])
      listen.stop()
    })
  })
}

/** Waits until both have heard `closed`, and as long again as a connection takes; nothing more may have come. */
async function closed(world: TcpWorld, ...ends: End[]): Promise<void> {
  for (const end of ends) await world.settle(end.when(() => end.faults.length > 0))
  await quiet(world)
  for (const end of ends) {
    expect(end.faults).toHaveLength(1)
    expect(end.afterClosed).toEqual([])
  }
}

/** A connection made, used and ended: what was on its way before has come by then. */
async function quiet(world: TcpWorld): Promise<void> {
  const { dialler, listener, listen } = await world.settle(meet(world))
  dialler.connection.write(bytesOf('ping'))
  await world.settle(listener.when(() => listener.receivedBytes === 4))
  dialler.connection.end()
  await world.settle(dialler.when(() => dialler.faults.length === 1))
  listen.stop()
}

async function opened(world: TcpWorld, address: Address, act: (end: End) => void): Promise<End> {
  const end = new End()
  await world.settle(
    new Promise<void>((resolve, reject) => {
      world.tcp.dial(address, {
        opened(connection) {
          end.meet(connection)
          act(end)
          resolve()
          return end
        },
        failed: (fault) => reject(new Error(fault.message)),
      })
    }),
  )
  return end
}

async function failure(world: TcpWorld, address: Address): Promise<TcpFault> {
  const faults: TcpFault[] = []
  let returned = false
  await world.settle(
    new Promise<void>((resolve, reject) => {
      world.tcp.dial(address, {
        opened: () => {
          reject(new Error('somebody answered'))
          return new End()
        },
        failed(fault) {
          expect(returned).toBe(true)
          faults.push(fault)
          resolve()
        },
      })
      returned = true
    }),
  )
  await quiet(world)
  expect(faults).toHaveLength(1)
  expect(faults[0]!.message.length).toBeGreaterThan(0)
  return faults[0]!
}

/** Writes many buffers of many sizes, waiting for `drain` whenever it is told to. */
function pour(end: End, chance: Rng): { done: Promise<void>; sentBytes: () => number } {
  let sentBytes = 0
  let left = WRITES
  const done = new Promise<void>((resolve) => {
    const more = (): void => {
      while (left > 0) {
        left--
        const bytes = chunk(chance)
        sentBytes += bytes.length
        if (!end.connection.write(bytes)) return
      }
      resolve()
    }
    end.onDrain = more
    more()
  })
  return { done, sentBytes: () => sentBytes }
}

function chunk(chance: Rng): Uint8Array {
  return chance.bytes(1 + chance.below(chance.float() < 0.5 ? 20 : WRITE_BYTES_MAX))
}

function expectedOf(seed: number): Buffer {
  const chance = seededRng(seed)
  return Buffer.concat(Array.from({ length: WRITES }, () => chunk(chance)))
}

function makeFlood(): Uint8Array {
  const flood = new Uint32Array(FLOOD_BYTES / 4)
  const chance = seededRng(7)
  for (let i = 0; i < flood.length; i++) flood[i] = chance.u32()
  return new Uint8Array(flood.buffer)
}

function bytesOf(words: string): Uint8Array {
  return new TextEncoder().encode(words)
}

function text(end: End): string {
  return end.received().toString()
}
