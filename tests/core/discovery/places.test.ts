import { describe, expect, test } from 'bun:test'
import { JOIN_AGAIN_MS, type Place, Places } from '../../../src/core/discovery/places.ts'

const WIFI: Place = { key: 'wifi', addresses: ['10.0.0.1'] }
const CABLE: Place = { key: 'cable', addresses: ['10.0.1.1'] }
const NOTHING = { join: [], leave: [], hasMore: false }

/** Those that are there, all of them joined on. */
function joinedOn(...all: Place[]): Places {
  const places = new Places()
  for (const { key } of places.look(all, 0).join) places.didJoin(key)
  return places
}

describe('the interfaces a group is joined on', () => {
  test('none at first: the one that comes is joined on, once', () => {
    const places = new Places()
    expect(places.look([], 0)).toEqual(NOTHING)
    expect(places.look([WIFI], 3_000)).toEqual({ ...NOTHING, join: [WIFI] })
    expect(places.joined).toBe(0)
    expect(places.look([WIFI], 3_001)).toEqual(NOTHING)
    expect(places.didJoin('wifi')).toBe(true)
    expect(places.joined).toBe(1)
    expect(places.look([WIFI], 1e9)).toEqual(NOTHING)
  })

  test('one more is joined on beside the others, and one that has gone is left alone', () => {
    const places = joinedOn(WIFI)
    expect(places.look([WIFI, CABLE], 1)).toEqual({ ...NOTHING, join: [CABLE] })
    places.didJoin('cable')
    expect(places.look([CABLE], 2)).toEqual({ ...NOTHING, leave: ['wifi'] })
    expect(places.joined).toBe(1)
    expect(places.look([CABLE, WIFI], 3)).toEqual({ ...NOTHING, join: [WIFI] })
  })

  test('a further address is news, one that went is not', () => {
    const places = joinedOn(WIFI)
    const more = { ...WIFI, addresses: ['10.0.0.1', 'fd00::1'] }
    expect(places.look([more], 1)).toEqual({ ...NOTHING, hasMore: true })
    expect(places.look([more], 2)).toEqual(NOTHING)
    expect(places.look([WIFI], 3)).toEqual(NOTHING)
    expect(places.look([more], 4)).toEqual({ ...NOTHING, hasMore: true })
  })

  test('what could not be joined on, or broke, is tried again after a pause; or at once when it was away', () => {
    const places = new Places()
    places.look([WIFI], 0)
    places.failed('wifi', 5)
    expect(places.look([WIFI], 4 + JOIN_AGAIN_MS)).toEqual(NOTHING)
    expect(places.look([WIFI], 5 + JOIN_AGAIN_MS)).toEqual({ ...NOTHING, join: [WIFI] })
    places.didJoin('wifi')
    places.failed('wifi', 20_000)
    expect(places.joined).toBe(0)
    expect(places.look([], 20_001).leave).toEqual(['wifi'])
    expect(places.look([WIFI], 20_002).join).toEqual([WIFI])
  })

  test('one that turns out to be another than the one that was joined on is joined on at the next look', () => {
    const places = joinedOn(WIFI)
    places.lost('wifi')
    expect(places.joined).toBe(0)
    expect(places.look([WIFI], 1)).toEqual({ ...NOTHING, join: [WIFI] })
  })

  test('one that is gone before it was joined on is not taken for joined', () => {
    const places = new Places()
    places.look([WIFI], 0)
    places.look([], 1)
    expect(places.didJoin('wifi')).toBe(false)
    places.failed('wifi', 2)
    expect(places.joined).toBe(0)
    expect(places.look([WIFI], 3).join).toEqual([WIFI])
  })

  test('one that flaps is joined on once a look at most', () => {
    const places = new Places()
    let joins = 0
    for (let look = 0; look < 100; look++) {
      const { join } = places.look(look % 2 === 0 ? [WIFI] : [], look)
      for (const { key } of join) if (places.didJoin(key)) joins++
    }
    expect(joins).toBe(50)
  })
})
