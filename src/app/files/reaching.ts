import type { Address } from '../../base/address.ts'
import { type IpScope, ipScope, parseIp } from '../../base/ip.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import type { Transfers } from '../../node/transfers.ts'
import { encodeCallBack, HOLDING_ADDRESSES_MAX } from '../../wire/holding.ts'
import { PassingKind } from '../../wire/passing.ts'
import type { Talk } from './contract.ts'

/** Dials of one person, at whatever address others tell. */
const DIAL_EVERY_MS = 10_000
/** While they are reached through others, which works: a direct way may open. Soon, as it may only just have failed; twice as long each time. */
const DIAL_AGAIN_EVERY_MS = 2_000
const DIAL_AGAIN_EVERY_MS_MAX = 30_000
/** Dials of one person at once: the link is lost, or they have just come, or tell another address. Their links may come and go on purpose. */
const AT_ONCE_BURST = 3
const AT_ONCE_REFILL_MS = 3_000
/** Whoever is wanted is reached for more often than this. */
const WANTED_MS = 2_500
/** Addresses that others tell of, whoever they are: a room of made-up people must not have us dial about. */
const TOLD_BURST = 16
const TOLD_REFILL_MS = 1_000
/** Asking somebody to dial us: the first time again after this, then more seldom. */
const ASK_EVERY_MS = 15_000
const ASK_EVERY_MS_MAX = 300_000
/** So long a dial, or theirs, may take before others are asked to pass it on. */
const PATIENCE_MS = 2_500
/** After a call that came to nothing; twice as long each time. */
const CALL_EVERY_MS = 3_000
const CALL_EVERY_MS_MAX = 60_000
/** People of whom this is known; forgotten oldest first. */
const PEOPLE_MAX = 1_024

/** How it stands with reaching one person. */
interface Reached {
  /** As they told, the latest first. */
  told: readonly Address[]
  /** Which address is next. */
  turn: number
  dialledAtMs: number | null
  /** They have been dialled since there was a link last. */
  isTried: boolean
  /** Dials while they were reached through others, in a row. */
  vainDials: number
  /** Where they have just come to be, as far as that is worth a dial at once. */
  news: Address | null
  readonly atOnce: TokenBucket
  askedAtMs: number | null
  asks: number
  calledAtMs: number | null
  calls: number
  /** Since when they have been tried to be reached, in a row. */
  sinceMs: number | null
  /** When they were last to be reached. */
  wantedAtMs: number | null
}

/** What it takes of the links for files. */
export type Links = Pick<Transfers, 'isDirect' | 'isDialling' | 'linksTo' | 'dial' | 'call'>

/** Getting at somebody: by dialling, by being dialled, and where neither works through others. */
export class Reaching {
  private readonly people = new Map<string, Reached>()
  private readonly toldDials = new TokenBucket(TOLD_BURST, TOLD_REFILL_MS)

  constructor(
    private readonly talk: Talk,
    private readonly run: (act: (links: Links) => void) => void,
  ) {}

  /** Somebody says where he can be dialled. */
  told(key: string, addresses: readonly Address[]): void {
    const person = this.person(key)
    const before = person.told
    person.told = addresses.slice(0, HOLDING_ADDRESSES_MAX)
    if (person.dialledAtMs === null) return
    person.news = person.told.find((address) => !isAmong(before, address)) ?? person.news
  }

  /** Somebody has become a neighbour, perhaps again: whoever could not be dialled a moment ago can be now, if he is wanted. */
  arrived(key: string, nowMs: number): void {
    const person = this.people.get(key)
    if (person === undefined) return
    person.news = this.talk.addressesOf(key)[0] ?? person.news
    if (person.wantedAtMs !== null && nowMs - person.wantedAtMs < WANTED_MS) this.dial(key, nowMs)
  }

  /** A link with somebody is there, through nobody: when it is lost they are dialled again at once, at the same address. */
  linked(key: string): void {
    const person = this.people.get(key)
    if (person === undefined) return
    Object.assign(person, { sinceMs: null, asks: 0, calls: 0, vainDials: 0, news: null })
    if (!person.isTried) return
    person.isTried = false
    person.turn = Math.max(0, person.turn - 1)
  }

  /** Once, without insisting: they have something, or want something of us. */
  dial(key: string, nowMs: number): void {
    if (key === this.talk.own) return
    this.run((links) => this.tryDial(links, key, this.person(key), nowMs))
  }

  /** Somebody who has what is wanted. To be called again and again until it comes. */
  reach(key: string, room: string, nowMs: number): void {
    if (key === this.talk.own) return
    const person = this.person(key)
    this.run((links) => {
      if (links.isDirect(key)) {
        Object.assign(person, { sinceMs: null, asks: 0, calls: 0 })
        return
      }
      person.wantedAtMs = nowMs
      person.sinceMs ??= nowMs
      this.tryDial(links, key, person, nowMs)
      if (!this.talk.isThere(key)) return
      const isRelayed = links.linksTo(key).length > 0
      this.ask(key, room, person, isRelayed, nowMs)
      if (isRelayed) person.calls = 0
      else if (this.mayCall(key, person, person.sinceMs, nowMs)) this.call(links, key, person, nowMs)
    })
  }

  private tryDial(links: Links, key: string, person: Reached, nowMs: number): void {
    if (links.isDirect(key) || links.isDialling(key)) return
    const known = this.talk.addressesOf(key)
    const told = person.told.filter((address) => isBelievable(address, known))
    const addresses = [...known, ...told.filter((address) => !isAmong(known, address))]
    const { news } = person
    const newest = news === null ? -1 : addresses.findIndex((each) => isSame(each, news))
    const turn = newest === -1 ? person.turn : newest
    const address = addresses[turn % addresses.length]
    if (address === undefined) return
    const isRelayed = links.linksTo(key).length > 0
    const isAtOnce = !isDue(person, isRelayed, nowMs)
    if (isAtOnce && ((newest === -1 && person.isTried) || !person.atOnce.take(nowMs))) return
    if (!isAmong(known, address) && !this.toldDials.take(nowMs)) return
    // This dial, too, is to have its time before others are asked to pass anything on.
    if (person.sinceMs !== null && (isAtOnce || !person.isTried)) person.sinceMs = nowMs
    person.news = null
    person.turn = turn + 1
    person.dialledAtMs = nowMs
    person.isTried = true
    person.vainDials = isRelayed ? Math.min(person.vainDials + 1, 8) : 0
    links.dial(key, address)
  }

  /** A neighbour is dialled first: a way through others would lead through himself. */
  private mayCall(key: string, { isTried }: Reached, sinceMs: number, nowMs: number): boolean {
    return nowMs - sinceMs >= PATIENCE_MS && (isTried || this.talk.addressesOf(key).length === 0)
  }

  private ask(key: string, room: string, person: Reached, isRelayed: boolean, nowMs: number): void {
    const everyMs = Math.min(isRelayed ? ASK_EVERY_MS_MAX : ASK_EVERY_MS * 2 ** person.asks, ASK_EVERY_MS_MAX)
    if (person.askedAtMs !== null && nowMs - person.askedAtMs < everyMs) return
    person.asks = Math.min(person.asks + 1, 8)
    person.askedAtMs = nowMs
    const body = encodeCallBack({ to: Uint8Array.fromHex(key), addresses: this.talk.ownAddresses() })
    this.talk.pass(room, PassingKind.callBack, body)
  }

  private call(links: Links, key: string, person: Reached, nowMs: number): void {
    const everyMs = Math.min(CALL_EVERY_MS * 2 ** person.calls, CALL_EVERY_MS_MAX)
    if (person.calledAtMs !== null && nowMs - person.calledAtMs < everyMs) return
    person.calls = Math.min(person.calls + 1, 8)
    person.calledAtMs = nowMs
    links.call(key)
  }

  private person(key: string): Reached {
    const known = this.people.get(key)
    if (known !== undefined) return known
    if (this.people.size >= PEOPLE_MAX) this.people.delete(this.people.keys().next().value!)
    const never = { dialledAtMs: null, askedAtMs: null, calledAtMs: null, sinceMs: null, wantedAtMs: null }
    const none = { told: [], turn: 0, asks: 0, calls: 0, vainDials: 0, isTried: false, news: null }
    const person: Reached = { ...none, ...never, atOnce: new TokenBucket(AT_ONCE_BURST, AT_ONCE_REFILL_MS) }
    this.people.set(key, person)
    return person
  }
}

function isDue({ dialledAtMs, vainDials }: Reached, isRelayed: boolean, nowMs: number): boolean {
  if (dialledAtMs === null) return true
  const againMs = Math.min(DIAL_AGAIN_EVERY_MS * 2 ** vainDials, DIAL_AGAIN_EVERY_MS_MAX)
  return nowMs - dialledAtMs >= (isRelayed ? againMs : DIAL_EVERY_MS)
}

function isSame(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port
}

function isAmong(addresses: readonly Address[], address: Address): boolean {
  return addresses.some((each) => isSame(each, address))
}

/** An address that means another machine to everybody is worth a dial only where its teller is known to be on this one, or on this line. */
function isBelievable({ host, port }: Address, known: readonly Address[]): boolean {
  const scope = scopeOf(host)
  if (port === 0 || scope === 'none') return false
  return (scope !== 'loopback' && scope !== 'link') || known.some((address) => scopeOf(address.host) === scope)
}

function scopeOf(host: string): IpScope {
  const ip = parseIp(host)
  return ip === null ? 'none' : ipScope(ip)
}
