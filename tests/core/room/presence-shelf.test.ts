import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { PRESENCE_LASTS_MS } from '../../../src/core/room/members.ts'
import { PresenceShelf, SHELF_MAX, type ShelvedPresence } from '../../../src/core/room/presence-shelf.ts'

const sealed = new Uint8Array(100)

function presence(author: number, room = 0, ms = 1, bornAtMs = 0): ShelvedPresence {
  const prefix = [author, room, ms].map((part) => part.toString(16).padStart(5, '0')).join('')
  const [authorKey, roomKey] = [`author ${author} `, `room ${room}`]
  return { prefix, authorKey, roomKey, time: { ms, counter: 0 }, hops: 1, through: '', bornAtMs, sealed }
}

function shelfOf(...presences: ShelvedPresence[]): PresenceShelf {
  const shelf = new PresenceShelf()
  for (const each of presences) shelf.put(each)
  return shelf
}

describe('the shelf of presences', () => {
  test('holds the newest of everybody in each room, and finds it by its prefix', () => {
    const [old, young, elsewhere, other] = [presence(1), presence(1, 0, 2), presence(1, 1), presence(2)]
    const shelf = shelfOf(old, elsewhere, other, young)
    expect(shelf.list(0)).toEqual([elsewhere, other, young])
    expect(shelf.get(old.prefix)).toBeNull()
    expect(shelf.get(young.prefix)).toBe(young)
  })

  test('knows what it has something as new of', () => {
    const shelf = shelfOf(presence(1, 0, 5))
    const supersedes = (ms: number, room = 0, author = 1): boolean =>
      shelf.supersedes(`author ${author} `, `room ${room}`, { ms, counter: 0 })
    expect([supersedes(4), supersedes(5), supersedes(6), supersedes(4, 1), supersedes(4, 0, 2)]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })

  test('lets go of each when it would have run out where it was said, whenever it came here', () => {
    const shelf = shelfOf(presence(1, 0, 1, 0), presence(2, 0, 1, -60_000))
    expect(shelf.list(PRESENCE_LASTS_MS - 60_000)).toHaveLength(2)
    expect(shelf.list(PRESENCE_LASTS_MS - 59_999).map((each) => each.authorKey)).toEqual(['author 1 '])
    expect(shelf.list(PRESENCE_LASTS_MS + 1)).toEqual([])
    expect(shelf.size).toBe(0)
    expect(shelf.get(presence(1).prefix)).toBeNull()
  })

  test('is full at its bound: who was heard of longest ago goes first', () => {
    const shelf = shelfOf(...Array.from({ length: SHELF_MAX }, (_, i) => presence(i)))
    shelf.put(presence(0, 0, 2))
    shelf.put(presence(SHELF_MAX))
    expect(shelf.size).toBe(SHELF_MAX)
    expect(shelf.get(presence(1).prefix)).toBeNull()
    expect(shelf.get(presence(0, 0, 2).prefix)).not.toBeNull()
  })

  test('whatever is put on it, each is found by its prefix and by no other, and one a person and room', () => {
    const some = fc.record({ author: fc.nat(5), room: fc.nat(2), ms: fc.nat(9), bornAtMs: fc.nat(200_000) })
    fc.assert(
      fc.property(fc.array(some, { maxLength: 60 }), (puts) => {
        const shelf = new PresenceShelf()
        for (const { author, room, ms, bornAtMs } of puts) shelf.put(presence(author, room, ms, bornAtMs))
        const all = shelf.list(100_000)
        expect(new Set(all.map((each) => each.authorKey + each.roomKey)).size).toBe(all.length)
        for (const each of all) expect(shelf.get(each.prefix)).toBe(each)
        expect(shelf['byPrefix'].size).toBe(all.length)
      }),
    )
  })
})
