import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../../src/base/rng.ts'
import { PassiveView, STRANGERS } from '../../../src/core/gossip/hyparview-passive.ts'
import { isCredible, isShareable, placeOf } from '../../../src/core/gossip/hyparview-place.ts'
import type { Contact } from '../../../src/wire/membership.ts'
import { Bench, peer, peers } from './hyparview-bench.ts'

const rng = seededRng(1)

function view(contacts: readonly Contact[], source: string | null = null, given: readonly Contact[] = []): PassiveView {
  return addTo(new PassiveView(), contacts, source, given)
}

function addTo(
  passive: PassiveView,
  contacts: readonly Contact[],
  source: string | null,
  given: readonly Contact[] = [],
) {
  for (const contact of contacts) passive.add(contact, placeOf(contact.address), source, rng, given)
  return passive
}

const countOf = (passive: PassiveView, source: string | null): number =>
  passive.entries.filter((entry) => entry.source === source).length

describe('the peers known besides the neighbours', () => {
  test('are thirty at most, whoever names them, and none is there twice', () => {
    const passive = addTo(view(peers(1, 50)), [...peers(100, 50), ...peers(100, 50)], STRANGERS)
    expect(passive.entries).toHaveLength(30)
    expect(new Set(passive.entries.map(({ contact }) => contact.key)).size).toBe(30)
  })

  test('keep their address: what is heard later may be a lie', () => {
    const passive = addTo(view([peer(1)]), [peer(1, '66.6.6.6')], 'liar')
    expect(passive.get('peer 1')?.contact).toEqual(peer(1))
    expect(passive.entries).toHaveLength(1)
  })

  test('are ten at most by the word of one neighbour that we chose, and make room among themselves', () => {
    const passive = addTo(view(peers(1, 20)), peers(100, 200), 'one')
    expect(countOf(passive, 'one')).toBe(10)
    expect(countOf(passive, null)).toBe(20)
    expect(countOf(addTo(passive, peers(400, 200), 'another'), 'another')).toBe(10)
  })

  test('are twenty at most by the word of all those that came to us, taken together', () => {
    const passive = addTo(view(peers(1, 10)), peers(100, 500), STRANGERS)
    expect(countOf(passive, STRANGERS)).toBe(20)
    expect(countOf(passive, null)).toBe(10)
  })

  test('are three at most of one address block where there is no room for all, of public ones: /24 and /48', () => {
    const four = Array.from({ length: 50 }, (_, i) => peer(i, `9.9.9.${i + 1}`))
    const six = Array.from({ length: 50 }, (_, i) => peer(i, `2a00:1:2:${i}::1`))
    for (const block of [four, six]) {
      const ofBlock = (passive: PassiveView): number =>
        passive.entries.filter((entry) => block.includes(entry.contact)).length
      expect(ofBlock(view(block))).toBe(30)
      expect(ofBlock(addTo(view(block), peers(100, 27), null))).toBe(3)
      expect(ofBlock(addTo(view(peers(100, 27)), block, null))).toBe(3)
    }
  })

  test('are as many of one network at home as there is room for', () => {
    const home = Array.from({ length: 27 }, (_, i) => peer(i, `192.168.1.${i + 1}`))
    const passive = addTo(view(home), peers(100, 3), null)
    expect(passive.entries).toHaveLength(30)
    const oneMore = addTo(passive, [peer(200)], null).entries.filter((entry) => home.includes(entry.contact))
    expect(oneMore.length).toBeGreaterThanOrEqual(26)
  })

  test('make room for what came in exchange among what was given for it', () => {
    const passive = view(peers(1, 30))
    const given = passive.sample(4, rng, '')
    addTo(passive, peers(100, 4), 'one', given)
    for (const { key } of given) expect(passive.get(key)).toBeNull()
    expect(passive.entries).toHaveLength(30)
  })

  test('are drawn without one twice, and without whoever asks', () => {
    const passive = view(peers(1, 30))
    for (let i = 0; i < 20; i++) {
      const drawn = passive.sample(29, rng, 'peer 7').map(({ key }) => key)
      expect(new Set(drawn).size).toBe(29)
      expect(drawn).not.toContain('peer 7')
    }
    expect(passive.sample(99, rng, '')).toHaveLength(30)
  })
})

describe('a tracker or the local network', () => {
  test('can fill a third of what we know, and the user all of it', () => {
    const named = (source: string | null) => new Bench().full().meet(peers(100, 60), source).known
    expect(named('tracker').filter((key) => Number(key.slice(5)) < 900)).toHaveLength(10)
    expect(named(null)).toHaveLength(30)
  })

  test('does not have us note ourselves, a neighbour, or a name', () => {
    const bench = new Bench().choose(peer(1))
    const named = { key: 'by name', address: { host: 'example.org', port: 5000 } }
    bench.meet([{ key: 'self', address: { host: '20.7.7.7', port: 5000 } }, peer(1), named], 'tracker')
    expect(bench.known).toEqual([])
  })
})

describe('an address', () => {
  test('that is nobody’s, or a name, is not told to others', () => {
    for (const host of ['0.0.0.0', '224.0.0.1', 'example.org', '::']) {
      expect([host, isShareable(placeOf({ host, port: 1 }))]).toEqual([host, false])
    }
    expect(isShareable(placeOf(null))).toBe(false)
    for (const host of ['127.0.0.1', '10.1.1.1', '9.9.9.9', '2a00::1']) {
      expect([host, isShareable(placeOf({ host, port: 1 }))]).toEqual([host, true])
    }
  })

  test('is believed from whoever reaches no farther than it', () => {
    const [local, home, open, nowhere] = ['127.0.0.1', '10.0.0.1', '9.9.9.9', 'a name'].map((host) =>
      placeOf({ host, port: 1 }),
    ) as [
      ReturnType<typeof placeOf>,
      ReturnType<typeof placeOf>,
      ReturnType<typeof placeOf>,
      ReturnType<typeof placeOf>,
    ]
    expect([isCredible(local, local), isCredible(home, local), isCredible(open, local)]).toEqual([true, true, true])
    expect([isCredible(local, home), isCredible(home, home), isCredible(open, home)]).toEqual([false, true, true])
    expect([isCredible(local, open), isCredible(home, open), isCredible(open, open)]).toEqual([false, false, true])
    // Where the teller is seen at no address at all, he is taken to be far.
    expect([isCredible(home, nowhere), isCredible(open, nowhere), isCredible(nowhere, local)]).toEqual([
      false,
      true,
      false,
    ])
  })
})
