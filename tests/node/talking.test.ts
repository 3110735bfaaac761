import { describe, expect, test } from 'bun:test'
import { utf8 } from '../../src/base/bytes.ts'
import { type AuthoredKind, EventKind } from '../../src/wire/event.ts'
import { encodeFileOffer } from '../../src/wire/file-offer.ts'
import { Lab } from './lab.ts'

/** How long ago there was talk at each of two who are linked, by their own clocks; one has said something 100 ms ago. */
function silences(where: 'room' | 'direct', kind: AuthoredKind, body: Uint8Array): number[] {
  const lab = new Lab(2)
  lab.link(0, 1)
  lab.pass(1_000)
  const peer = lab.nodes[1]!.node.id
  lab.nodes[0]!.run((node, now) => {
    const fault = where === 'room' ? node.say('general', kind, body, 1, now) : node.direct(peer, kind, body, 1, now)
    expect(fault).toBeNull()
  })
  lab.pass(100)
  return lab.nodes.map(({ node, nowMs }) => nowMs - node.talkedAtMs())
}

describe.each(['room', 'direct'] as const)('people talk (%s)', (where) => {
  test.each([
    ['a line', EventKind.text],
    ['what he does', EventKind.action],
  ])('where one says %s, from when it was said and heard', (_, kind) => {
    const [said, heard] = silences(where, kind, utf8('hello'))
    expect(said).toBe(100)
    expect(heard).toBeGreaterThan(50)
    expect(heard).toBeLessThan(100)
  })

  test('and not where a file is offered: nobody is to wait for it because of that', () => {
    const offer = { root: new Uint8Array(32), size: 1, manifestBytes: 0, entries: 0, changedMs: 0, name: 'a' }
    expect(silences(where, EventKind.file, encodeFileOffer(offer)!)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ])
  })
})
