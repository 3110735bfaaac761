import { describe, expect, test } from 'bun:test'
import { type Links, Reaching } from '../../../src/app/files/reaching.ts'
import type { Address } from '../../../src/base/address.ts'
import { formatAddress } from '../../../src/base/address.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { readCallBack } from '../../../src/wire/holding.ts'

const BEN = 'be'.repeat(32)
const at = (host: string, port = 8080): Address => ({ host, port })

/** Reaching Ben, second by second; what is tried is noted with its time. */
class Story {
  readonly tried: string[] = []
  known: Address[] = []
  isThere = true
  linked: 'direct' | 'relayed' | null = null
  isDialling = false
  nowMs = 0
  readonly reaching: Reaching

  constructor() {
    const links: Links = {
      isDirect: () => this.linked === 'direct',
      linksTo: () => (this.linked === null ? [] : [1]),
      isDialling: () => this.isDialling,
      dial: (key, address) => this.note(`dial ${formatAddress(address)}${key === BEN ? '' : ' for another'}`),
      call: () => this.note('call'),
    }
    const talk = {
      own: 'aa'.repeat(32),
      offer: async () => ({ ok: false as const, message: '' }),
      withdraw: async () => null,
      isWithdrawn: () => false,
      isIgnored: () => false,
      pass: (room: string, _kind: number, body: Uint8Array) => {
        const asked = readCallBack(body)
        this.note(`ask ${room} ${asked !== null && toHex(asked.to) === BEN ? asked.addresses.map(formatAddress) : ''}`)
      },
      addressesOf: () => this.known,
      isThere: () => this.isThere,
      ownAddresses: () => [at('192.0.2.1')],
      mayHave: () => true,
    }
    this.reaching = new Reaching(talk, (act) => act(links))
  }

  /** So many seconds. */
  go(seconds: number): string[] {
    this.tried.length = 0
    for (let i = 0; i < seconds; i++) {
      this.reaching.reach(BEN, 'general', this.nowMs)
      this.nowMs += 1_000
    }
    return [...this.tried]
  }

  /** Of what was tried, when he was dialled, in seconds. */
  get dials(): number[] {
    return this.tried.filter((each) => each.includes('dial')).map((each) => Number.parseFloat(each))
  }

  /** He is a neighbour, and known by where he is. */
  arrives(...known: Address[]): string[] {
    this.tried.length = 0
    this.known = known
    this.reaching.arrived(BEN, this.nowMs)
    return [...this.tried]
  }

  /** A link with him is up, through nobody, and lost again after so many milliseconds. */
  wasLinkedFor(ms: number): void {
    this.reaching.linked(BEN)
    this.nowMs += ms
  }

  private note(what: string): void {
    this.tried.push(`${this.nowMs / 1_000} ${what}`)
  }
}

describe('somebody who has what is wanted', () => {
  test('is dialled, then asked to dial, and then reached through others', () => {
    const story = new Story()
    story.reaching.told(BEN, [at('198.51.100.7')])
    expect(story.go(5)).toEqual(['0 dial 198.51.100.7:8080', '0 ask general 192.0.2.1:8080', '3 call'])
  })

  test('whose address nobody knows is not dialled', () => {
    expect(new Story().go(4)).toEqual(['0 ask general 192.0.2.1:8080', '3 call'])
  })

  test('is dialled once in ten seconds, at one address after the other, and called more and more seldom', () => {
    const story = new Story()
    story.known = [at('203.0.113.5')]
    story.reaching.told(BEN, [at('198.51.100.7'), at('203.0.113.5'), at('198.51.100.8')])
    const tried = story.go(120)
    expect(tried.filter((each) => each.includes('dial')).slice(0, 5)).toEqual([
      '0 dial 203.0.113.5:8080',
      '10 dial 198.51.100.7:8080',
      '20 dial 198.51.100.8:8080',
      '30 dial 203.0.113.5:8080',
      '40 dial 198.51.100.7:8080',
    ])
    expect(tried.filter((each) => each.includes('dial'))).toHaveLength(12)
    expect(tried.filter((each) => each.endsWith('call'))).toEqual(['3 call', '9 call', '21 call', '45 call', '93 call'])
    expect(tried.filter((each) => each.includes('ask'))).toHaveLength(3)
  })

  test('is left in peace while he is not there, but for where he was', () => {
    const story = new Story()
    story.isThere = false
    story.known = [at('203.0.113.5')]
    expect(story.go(15)).toEqual(['0 dial 203.0.113.5:8080', '10 dial 203.0.113.5:8080'])
  })

  test('and is reached through others is dialled again soon, and then more and more seldom, lest a direct way has opened', () => {
    const story = new Story()
    story.known = [at('203.0.113.5')]
    story.go(5)
    story.linked = 'relayed'
    const tried = story.go(300)
    expect(story.dials).toEqual([5, 9, 17, 33, 63, 93, 123, 153, 183, 213, 243, 273, 303])
    expect(tried.filter((each) => !each.includes('dial'))).toEqual(['300 ask general 192.0.2.1:8080'])
    story.linked = 'direct'
    expect(story.go(300)).toEqual([])
  })

  test('and whose link is lost is dialled again at once, though not over and over', () => {
    const story = new Story()
    story.known = [at('203.0.113.5')]
    story.reaching.told(BEN, [at('198.51.100.7')])
    expect(story.go(1)).toContain('0 dial 203.0.113.5:8080')
    story.reaching.linked(BEN)
    expect(story.go(4)).toContain('1 dial 203.0.113.5:8080')
    let dials = 0
    for (let i = 0; i < 60; i++) {
      story.reaching.linked(BEN)
      story.go(1)
      dials += story.dials.length
    }
    expect(dials).toBeGreaterThan(3)
    expect(dials).toBeLessThanOrEqual(3 + 60 / 3)
  })

  test('and who is lost again soon after the link had come back is dialled at once, and not called before that has had its time', () => {
    const story = new Story()
    story.known = [at('203.0.113.5')]
    story.go(1)
    story.wasLinkedFor(500)
    story.go(1)
    story.wasLinkedFor(500)
    expect(story.go(4)).toEqual(['3 dial 203.0.113.5:8080', '6 call'])
  })

  test('and was linked already when there was nothing to dial for is dialled at once when that is lost', () => {
    const story = new Story()
    story.known = [at('203.0.113.5')]
    story.linked = 'direct'
    story.reaching.dial(BEN, story.nowMs)
    story.linked = null
    story.nowMs = 1_000
    expect(story.go(1)).toContain('1 dial 203.0.113.5:8080')
  })

  test('is not dialled while a dial is under way, and then it is the next address', () => {
    const story = new Story()
    story.known = [at('203.0.113.5'), at('203.0.113.6')]
    story.go(1)
    story.isDialling = true
    story.go(30)
    expect(story.dials).toEqual([])
    story.isDialling = false
    expect(story.go(1)).toEqual(['31 dial 203.0.113.6:8080'])
  })

  test('is dialled at once when he comes back as a neighbour, wherever he is then, and called only when that leads nowhere', () => {
    const story = new Story()
    story.known = [at('203.0.113.5')]
    story.go(2)
    expect(story.arrives(at('203.0.113.5'))).toEqual(['2 dial 203.0.113.5:8080'])
    expect(story.go(4)).toEqual(['5 call'])
    expect(story.arrives(at('203.0.113.6'))).toEqual(['6 dial 203.0.113.6:8080'])
    story.linked = 'relayed'
    story.go(10)
    expect(story.arrives(at('203.0.113.7'))).toEqual(['16 dial 203.0.113.7:8080'])
    story.linked = 'direct'
    expect(story.arrives(at('203.0.113.8'))).toEqual([])
  })

  test('and was away for long without an address is dialled as soon as he has one again', () => {
    const story = new Story()
    story.known = [at('203.0.113.5')]
    story.go(1)
    story.reaching.linked(BEN)
    story.known = []
    story.go(5)
    expect(story.arrives(at('203.0.113.5'))).toEqual(['6 dial 203.0.113.5:8080'])
  })

  test('who is not wanted any more is not dialled for being a neighbour', () => {
    const story = new Story()
    expect(story.arrives(at('203.0.113.5'))).toEqual([])
    story.go(1)
    story.nowMs += 60_000
    expect(story.arrives(at('203.0.113.6'))).toEqual([])
  })

  test('is dialled at once at an address that he has just told, and had not before', () => {
    const story = new Story()
    story.reaching.told(BEN, [at('198.51.100.7')])
    story.go(2)
    story.reaching.told(BEN, [at('198.51.100.7')])
    expect(story.go(1).filter((each) => each.includes('dial'))).toEqual([])
    story.reaching.told(BEN, [at('198.51.100.7'), at('198.51.100.8')])
    expect(story.go(1)).toContain('3 dial 198.51.100.8:8080')
  })

  test('who comes and goes, and tells others addresses all the time, has us dial three times and then once in three seconds', () => {
    const story = new Story()
    story.go(1)
    let dials = 0
    for (let i = 0; i < 600; i++) {
      story.arrives(at('203.0.113.5', 1 + i))
      story.reaching.told(BEN, [at('198.51.100.7', 1 + i)])
      story.reaching.dial(BEN, story.nowMs)
      story.reaching.reach(BEN, 'general', story.nowMs)
      dials += story.dials.length
      story.nowMs += 100
    }
    expect(dials).toBeGreaterThan(3)
    expect(dials).toBeLessThanOrEqual(3 + 60 / 3 + 60 / 10)
  })

  test.each(['127.0.0.1', '::1', '169.254.1.1', 'fe80::1', '0.0.0.0', '224.0.0.1', '255.255.255.255'])(
    'is not dialled at %s because he says so',
    (host) => {
      const story = new Story()
      story.reaching.told(BEN, [at(host), at('198.51.100.7', 0)])
      expect(story.go(3).filter((each) => each.includes('dial'))).toEqual([])
    },
  )

  test('is dialled on this machine where that is where he is', () => {
    const story = new Story()
    story.known = [at('127.0.0.1', 1)]
    story.reaching.told(BEN, [at('127.0.0.1', 2)])
    expect(story.go(11)).toContain('10 dial 127.0.0.1:2')
  })
})

test('who is a neighbour, and tells where that is, is dialled however many others are made up', () => {
  const story = new Story()
  for (let i = 0; i < 16; i++) {
    const key = i.toString(16).padStart(64, '0')
    story.reaching.told(key, [at(`198.51.100.${i}`)])
    story.reaching.dial(key, 0)
  }
  story.known = [at('203.0.113.5')]
  story.reaching.told(BEN, [at('203.0.113.5')])
  expect(story.go(1)).toContain('0 dial 203.0.113.5:8080')
})

test('a crowd of made-up people has us dial sixteen addresses, and then one a second', () => {
  const story = new Story()
  for (let i = 0; i < 500; i++) {
    const key = i.toString(16).padStart(64, '0')
    story.reaching.told(key, [at(`198.51.100.${i % 250}`)])
    story.reaching.dial(key, 1_000 + i * 10)
  }
  expect(story.tried).toHaveLength(16 + 4)
})
