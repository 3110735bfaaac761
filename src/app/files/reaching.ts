import type { Address } from '../../base/address.ts'
import { formatAddress } from '../../base/address.ts'
import { type IpScope, ipScope, parseIp } from '../../base/ip.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import type { Transfers } from '../../node/transfers.ts'
import { encodeCallBack, HOLDING_ADDRESSES_MAX } from '../../wire/holding.ts'
import { PassingKind } from '../../wire/passing.ts'
import type { Talk } from './contract.ts'

/** Dials of one person, at whatever address others tell. */
const DIAL_EVERY_MS = 10_000
/** The same of one whose links come and go. */
const LINKED_EVERY_MS = 3_000
/** While they are reached through others, which works: a direct way may open. */
const DIAL_AGAIN_EVERY_MS = 30_000
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
  /** When the last dial was forgotten because it had led there. */
  linkedAtMs: number | null
  askedAtMs: number | null
  asks: number
  calledAtMs: number | null
  calls: number
  /** Since when they have been tried to be reached, in a row. */
  sinceMs: number | null
}

/** What it takes of the links for files. */
export type Links = Pick<Transfers, 'isDirect' | 'linksTo' | 'dial' | 'call'>

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
    this.person(key).told = addresses.slice(0, HOLDING_ADDRESSES_MAX)
  }

  /** A link with somebody is there, through nobody: when it is lost they are dialled again at once, at the same address. */
  linked(key: string, nowMs: number): void {
    const person = this.people.get(key)
    if (person === undefined || person.dialledAtMs === null) return
    // Unless links with them are lost as soon as they are there.
    if (person.linkedAtMs !== null && nowMs - person.linkedAtMs < LINKED_EVERY_MS) return
    person.linkedAtMs = nowMs
    person.dialledAtMs = null
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
      person.sinceMs ??= nowMs
      this.tryDial(links, key, person, nowMs)
      if (!this.talk.isThere(key)) return
      const isRelayed = links.linksTo(key).length > 0
      this.ask(key, room, person, isRelayed, nowMs)
      if (isRelayed) person.calls = 0
      else if (nowMs - person.sinceMs >= PATIENCE_MS) this.call(links, key, person, nowMs)
    })
  }

  private tryDial(links: Links, key: string, person: Reached, nowMs: number): void {
    const everyMs = links.linksTo(key).length > 0 ? DIAL_AGAIN_EVERY_MS : DIAL_EVERY_MS
    if (person.dialledAtMs !== null && nowMs - person.dialledAtMs < everyMs) return
    const known = this.talk.addressesOf(key)
    const told = person.told.filter((address) => isBelievable(address, known))
    const addresses = [...new Map([...known, ...told].map((each) => [formatAddress(each), each])).values()]
    const address = addresses[person.turn % addresses.length]
    if (address === undefined) return
    if (!known.includes(address) && !this.toldDials.take(nowMs)) return
    person.turn++
    person.dialledAtMs = nowMs
    links.dial(key, address)
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
    const none = { dialledAtMs: null, linkedAtMs: null, askedAtMs: null, calledAtMs: null, sinceMs: null }
    const person: Reached = { told: [], turn: 0, asks: 0, calls: 0, ...none }
    this.people.set(key, person)
    return person
  }
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
