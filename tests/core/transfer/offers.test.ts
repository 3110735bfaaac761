import { describe, expect, test } from 'bun:test'
import { type NewOffer, Offers, ONCE_LIMITS } from '../../../src/core/transfer/offers.ts'

const offer = (id: string, change: Partial<NewOffer> = {}): NewOffer => ({
  ...{ id, from: 'anna', room: 'general', root: `root of ${id}`, name: `${id}.txt`, size: 1000, isFolder: false },
  ...change,
})

describe('what is offered', () => {
  test('is kept in mind for a run that receives once as far as one person sends at a time, and others have room beside that', () => {
    const offers = new Offers({ mode: 'ask', bytesMax: null }, () => false, ONCE_LIMITS)
    for (let i = 0; i < 4_096; i++) expect(offers.offered(offer(`a${i}`))?.what).toBe('ask')
    expect(offers.offered(offer('one more'))).toBeNull()
    for (let i = 0; i < 4_096; i++) expect(offers.offered(offer(`b${i}`, { from: 'ben' }))?.what).toBe('ask')
    expect(offers.byId('a0')).not.toBeNull()
  })

  test.each([
    ['all', null, 10 ** 13, 'take'],
    ['all', 500, 1000, 'ask'],
    ['all', 1000, 1000, 'take'],
    ['ask', null, 0, 'ask'],
    ['ask', 1000, 1000, 'take'],
    ['ask', 1000, 1001, 'ask'],
    ['none', null, 0, 'pass'],
    ['none', 1000, 1, 'pass'],
  ] as const)('with %s up to %p, %d bytes: %s', (mode, bytesMax, size, what) => {
    expect(new Offers({ mode, bytesMax }).offered(offer('a', { size }))?.what).toBe(what)
  })

  test('is asked about once, a folder when it has been listed', () => {
    const offers = new Offers({ mode: 'ask', bytesMax: null })
    expect(offers.offered(offer('a'))?.entry).toMatchObject({ number: 1, state: 'asked' })
    expect(offers.offered(offer('a'))).toBeNull()
    expect(offers.offered(offer('b', { isFolder: true }))?.entry).toMatchObject({ number: 2, state: 'listing' })
  })

  test('a thousand times by one person is heard 32 times, and by others still', () => {
    const offers = new Offers({ mode: 'ask', bytesMax: null })
    for (let i = 0; i < 1000; i++) offers.offered(offer(`a${i}`))
    expect(offers.all).toHaveLength(32)
    expect(offers.offered(offer('b', { from: 'ben' }))?.what).toBe('ask')
    offers.set('a3', 'declined')
    expect(offers.offered(offer('again'))?.what).toBe('ask')
  })

  test('and taken without a question leaves room for what others offer, and is bounded whoever offers it', () => {
    const offers = new Offers({ mode: 'all', bytesMax: null })
    for (let i = 0; i < 1000; i++) offers.offered(offer(`a${i}`))
    expect(offers.all).toHaveLength(384)
    expect(offers.offered(offer('b', { from: 'ben' }))?.what).toBe('take')
    for (let i = 0; i < 1000; i++) offers.offered(offer(`c${i}`, { from: `somebody ${i}` }))
    expect(offers.all).toHaveLength(512)
  })

  test('and waiting for room gives way to what others offer, of whoever has most', () => {
    const under = new Set(['a0', 'a1'])
    const offers = new Offers({ mode: 'all', bytesMax: null }, (id) => !under.has(id))
    const mallories = ['a', 'b', 'c']
    for (const from of mallories) for (let i = 0; i < 300; i++) offers.offered(offer(`${from}${i}`, { from }))
    expect(offers.all).toHaveLength(512)
    for (let i = 0; i < 100; i++) expect(offers.offered(offer(`h${i}`, { from: 'honest' }))?.what).toBe('take')
    expect(offers.all).toHaveLength(512)
    const of = (who: string) => offers.all.filter(({ from }) => from === who).length
    expect(of('honest')).toBe(100)
    for (const from of mallories) expect(of(from)).toBeGreaterThan(130)
    expect([...under].every((id) => offers.byId(id)?.state === 'receiving')).toBe(true)
  })

  test('is remembered up to a bound; what is under way is never forgotten', () => {
    const offers = new Offers({ mode: 'all', bytesMax: null })
    offers.offered(offer('first'))
    for (let i = 0; i < 2000; i++) {
      offers.offered(offer(`x${i}`))
      offers.set(`x${i}`, 'done')
    }
    expect(offers.all.length).toBeLessThanOrEqual(512)
    expect(offers.byId('first')?.state).toBe('receiving')
  })
})

describe('an offer is found', () => {
  const offers = new Offers({ mode: 'ask', bytesMax: null })
  offers.offered(offer('abcdef01', { name: 'Photo.jpg' }))
  offers.offered(offer('abcdef02', { name: 'photo.jpg' }))
  offers.offered(offer('12345678', { name: '2' }))
  const found = (text: string) => offers.find(text, ['asked'])?.id

  test.each([
    ['1', 'abcdef01'],
    ['#2', 'abcdef02'],
    ['Photo.jpg', 'abcdef01'],
    ['PHOTO.JPG', 'abcdef02'],
    ['abcd', 'abcdef02'],
    ['12345', '12345678'],
    ['3', '12345678'],
    ['', undefined],
    ['9', undefined],
  ])('by %j', (text, id) => {
    expect(found(text)).toBe(id)
  })

  test('without a word where there is only one, and only in a state that fits', () => {
    offers.set('abcdef01', 'declined')
    offers.set('abcdef02', 'receiving')
    expect(found('')).toBe('12345678')
    expect(found('2')).toBe('12345678')
    expect(found('1')).toBeUndefined()
    expect(offers.find('2', ['receiving'])?.id).toBe('abcdef02')
  })
})
