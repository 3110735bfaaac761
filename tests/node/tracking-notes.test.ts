import { describe, expect, test } from 'bun:test'
import type { ElectionNote } from '../../src/wire/election.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { identityOf } from './bench.ts'
import { answering, GIVEN, heard, list, notes, pass, states, withNeighbour } from './tracked.ts'

describe('notes of strangers', () => {
  const ELECTION: ElectionNote = { kind: 'election', tcpPort: 65_535, address: null }

  test('a thousand who say that the tracker is lost make a node look once, and say once that it is there', () => {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.pass(2_000)
    heard(tracker)
    notes(neighbour)
    for (let i = 0; i < 1_000; i++) pass(neighbour, identityOf(1_000 + i), bench.wallMs, ELECTION)
    expect(heard(tracker).map(({ kind }) => kind)).toEqual(['register'])
    list(tracker, 'appointed')
    bench.pass(1_000)
    expect(notes(neighbour)).toBe(1)
    expect(states(bench)).toEqual(['following'])
  })

  test('a hundred who say that they have taken over from a tracker that is there are not even dialled', () => {
    const { bench, neighbour } = withNeighbour()
    for (let i = 0; i < 100; i++) {
      const address = { host: '198.51.100.1', port: 22 }
      pass(neighbour, identityOf(1_000 + i), bench.wallMs, { kind: 'coordinator', tcpPort: 60_000 + i, address })
    }
    expect(bench.dials).toEqual([])
  })

  test('where it is lost, they have a node dial a few addresses, none of them its own, and it takes over all the same', () => {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.vanish(tracker.link!)
    const refuse = (): void => {
      for (const { attempt } of bench.dials.splice(0)) {
        bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
      }
    }
    const dialled = new Map<string, number>()
    for (let i = 0; i < 200; i++) {
      const host = i % 2 === 0 ? '198.51.100.1' : '127.0.0.1'
      pass(neighbour, identityOf(1_000 + i), bench.wallMs, {
        kind: 'coordinator',
        tcpPort: 60_000 + i,
        address: { host, port: 22 },
      })
      for (const { address } of bench.dials) dialled.set(address.host, (dialled.get(address.host) ?? 0) + 1)
      refuse()
      bench.pass(50)
    }
    expect(dialled.get('127.0.0.1')).toBeUndefined()
    expect(dialled.get('198.51.100.1') ?? 0).toBeLessThan(20)
    expect(states(bench)).toContain('electing')
    for (let i = 0; i < 100; i++) {
      refuse()
      bench.pass(50)
    }
    bench.run((node, now) => node.listened(GIVEN, 'not-ours', now))
    expect(states(bench).at(-1)).toBe('serving')
  })

  test('a recording of a coordinator, or a note from another day, is not listened to', () => {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.vanish(tracker.link!)
    bench.dials.length = 0
    const coordinator: ElectionNote = {
      kind: 'coordinator',
      tcpPort: 60_000,
      address: { host: '198.51.100.1', port: 60_000 },
    }
    pass(neighbour, identityOf(1_000), bench.wallMs - 3_600_000, coordinator)
    expect(bench.dials).toEqual([])
    pass(neighbour, identityOf(1_000), bench.wallMs, { ...coordinator, kind: 'alive', address: null })
    pass(neighbour, identityOf(1_000), bench.wallMs - 1_000, coordinator)
    expect(bench.dials).toEqual([])
  })

  test('one who claims to be coordinator and is not where he says is not followed', () => {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.vanish(tracker.link!)
    for (const { attempt } of bench.dials.splice(0)) {
      bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
    }
    pass(neighbour, identityOf(1_000), bench.wallMs, {
      kind: 'coordinator',
      tcpPort: 60_000,
      address: { host: '198.51.100.1', port: 60_000 },
    })
    const impostor = answering(bench, 'elected', { seed: 666, ephemeral: 6, tcpPort: 60_000 })
    expect(impostor.bye).toBe(ByeCode.notNeeded)
    expect(states(bench)).toEqual(['following', 'electing'])
  })

  test('the right one is: higher than we are, and answering as one', () => {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.vanish(tracker.link!)
    for (const { attempt } of bench.dials.splice(0)) {
      bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
    }
    pass(neighbour, identityOf(1_000), bench.wallMs, {
      kind: 'coordinator',
      tcpPort: 60_000,
      address: { host: '198.51.100.1', port: 60_000 },
    })
    answering(bench, 'elected', { seed: 1_000, tcpPort: 60_000 })
    expect(bench.tellings('tracker').at(-1)).toMatchObject({
      state: 'following',
      office: 'elected',
      address: { port: 60_000 },
    })
  })
})
