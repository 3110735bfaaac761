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
  nowMs = 0
  readonly reaching: Reaching

  constructor() {
    const links: Links = {
      isDirect: () => this.linked === 'direct',
      linksTo: () => (this.linked === null ? [] : [1]),
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

  test('and is reached through others is dialled again twice a minute, lest a direct way has opened', () => {
    const story = new Story()
    story.known = [at('203.0.113.5')]
    story.go(5)
    story.linked = 'relayed'
    expect(story.go(300).map((each) => each.split(' ').slice(0, 2).join(' '))).toEqual([
      ...['30 dial', '60 dial', '90 dial', '120 dial', '150 dial', '180 dial', '210 dial', '240 dial', '270 dial'],
      ...['300 dial', '300 ask'],
    ])
    story.linked = 'direct'
    expect(story.go(300)).toEqual([])
  })

  test('and whose link is lost is dialled again at once, though not over and over', () => {
    const story = new Story()
    story.known = [at('203.0.113.5')]
    story.reaching.told(BEN, [at('198.51.100.7')])
    expect(story.go(1)).toContain('0 dial 203.0.113.5:8080')
    story.reaching.linked(BEN, story.nowMs)
    expect(story.go(4)).toContain('1 dial 203.0.113.5:8080')
    for (let i = 0; i < 12; i++) {
      story.reaching.linked(BEN, story.nowMs)
      story.go(1)
      expect(story.tried.filter((each) => each.includes('dial'))).toHaveLength(i % 3 === 0 ? 1 : 0)
    }
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

test('a crowd of made-up people has us dial sixteen addresses, and then one a second', () => {
  const story = new Story()
  for (let i = 0; i < 500; i++) {
    const key = i.toString(16).padStart(64, '0')
    story.reaching.told(key, [at(`198.51.100.${i % 250}`)])
    story.reaching.dial(key, 1_000 + i * 10)
  }
  expect(story.tried).toHaveLength(16 + 4)
})
