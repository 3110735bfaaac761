import { describe, expect, test } from 'bun:test'
import { networkInterfaces } from 'node:os'
import { isNeighbour } from '../../../src/app/dialects/fellows.ts'
import type { DialectName } from '../../../src/base/dialects.ts'

const KEY = '0123456789abcdef'.repeat(4)
const at = (host: string, port: number) => ({ host, port })

function neighbour(address: { host: string; port: number }, ...dialects: DialectName[]) {
  return { neighbours: () => [{ key: KEY, address, dialects: new Set(dialects) }] }
}

describe('a peer of a dialect', () => {
  test('that our neighbour is too is no second one', () => {
    const here = neighbour(at('127.0.0.1', 5_000), 'mesh', 'tracker')
    const mesh = { dialect: 'mesh', id: 'hearsay_0123456789abcdef', address: at('127.0.0.1', 40_000) } as const
    const tracker = { dialect: 'tracker', id: '5000', address: at('127.0.0.1', 5_000) } as const
    expect([isNeighbour(mesh, here), isNeighbour(tracker, here)]).toEqual([true, true])
    const away = neighbour(at('192.168.1.5', 5_000), 'mesh', 'tracker')
    expect(isNeighbour({ ...mesh, address: at('192.168.1.5', 40_000) }, away)).toBe(true)
    // A tracker's peers are all on this machine.
    expect(isNeighbour(tracker, away)).toBe(false)
  })

  test('that listens everywhere is the same by each address of this machine', () => {
    const [own] = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).filter(({ internal }) => !internal))
    // A machine with no network has none but its loopback.
    const host = own?.address ?? '127.0.0.2'
    const everywhere = neighbour(at(host, 5_000), 'mesh', 'tracker')
    const tracker = { dialect: 'tracker', id: '5000', address: at('127.0.0.1', 5_000) } as const
    const mesh = { dialect: 'mesh', id: 'hearsay_0123456789abcdef', address: at('127.0.0.1', 40_000) } as const
    expect([isNeighbour(mesh, everywhere), isNeighbour(tracker, everywhere)]).toEqual([true, true])
  })

  test('is somebody else by another id or port, at another address, and where the neighbour lets none in', () => {
    const mesh = { dialect: 'mesh', id: 'hearsay_0123456789abcdef', address: at('192.168.1.5', 5_000) } as const
    const tracker = { dialect: 'tracker', id: '5001', address: at('127.0.0.1', 5_001) } as const
    const both = neighbour(at('127.0.0.1', 5_000), 'mesh', 'tracker')
    expect([isNeighbour(mesh, both), isNeighbour(tracker, both)]).toEqual([false, false])
    expect(isNeighbour({ ...mesh, id: 'hearsay_0123456789abcdee', address: at('127.0.0.1', 5_000) }, both)).toBe(false)
    const neither = neighbour(at('127.0.0.1', 5_001), 'framed')
    expect(isNeighbour(tracker, neither)).toBe(false)
    expect(isNeighbour({ dialect: 'framed', id: '127.0.0.1:5001', address: at('127.0.0.1', 5_001) }, neither)).toBe(
      false,
    )
  })
})
