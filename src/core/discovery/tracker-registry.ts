import { toHex } from '../../base/bytes.ts'
import { formatIp, ipBlock, ipScope, parseIp } from '../../base/ip.ts'
import type { Rng } from '../../base/rng.ts'
import type { Verifier } from '../../crypto/sign.ts'
import { type Registration, readRegistration, verifyRegistration } from '../../wire/registration.ts'
import { LISTED_MAX, type ListedPeer } from '../../wire/tracker.ts'

/**
 * A tracker's list: who registered, from where, until when. Pure. What it tells is signed by those it tells of, and only who has
 * registered is told anything. The figures are guesses but for the rhythm of five seconds, which the program had that this one
 * descends from.
 */

/** Two refreshes may be missed. */
export const REGISTRATION_LASTS_MS = 15_000
/** All in all: 2,048 × some 500 bytes is 1 MB. */
export const REGISTRATIONS_MAX = 2_048
/** From one /24 or /48 of the public network, or from one host of a private one: an eighth. Who is on this machine is its user's own affair. */
export const REGISTRATIONS_PER_BLOCK_MAX = 256
const EXPIRE_EVERY_MS = 500

/**
 * `kept`; `left`: taken off the list, as asked; `stale`: not newer than what is there; `full`: no room; `forged`: not signed by whom it
 * names; `foreign`: of somebody else than who sent it. The last two no honest node sends.
 */
export type RegisterResult = 'kept' | 'left' | 'stale' | 'full' | 'forged' | 'foreign'

/** Somebody on the list. */
export interface Registered extends ListedPeer {
  readonly key: string
  /** 0: cannot be dialled from elsewhere, and nobody is told of it. */
  readonly tcpPort: number
  readonly ms: number
  readonly untilMs: number
}

export class TrackerRegistry {
  private readonly entries = new Map<string, Registered>()
  private readonly perBlock = new Map<string, number>()
  private expiredAtMs = Number.NEGATIVE_INFINITY

  constructor(
    private readonly rng: Rng,
    private readonly verifierOf: (identity: Uint8Array) => Verifier | null,
  ) {}

  get size(): number {
    return this.entries.size
  }

  has(key: string): boolean {
    return this.entries.has(key)
  }

  /** `peerKey`: who sent it, as its link has proved; `seenAt`: the host it is seen at. */
  register(sealed: Uint8Array, peerKey: string, seenAt: string, nowMs: number): RegisterResult {
    this.expire(nowMs)
    const registration = readRegistration(sealed)
    const check = registration === null ? null : this.verifierOf(registration.identity)
    if (registration === null || check === null || !verifyRegistration(sealed, check)) return 'forged'
    if (toHex(registration.identity) !== peerKey) return 'foreign'
    const known = this.entries.get(peerKey)
    if (known !== undefined && known.ms >= registration.ms) return 'stale'
    if (known !== undefined) this.remove(known)
    if (registration.lastsS === 0) return 'left'
    return this.keep(registration, sealed, toldHost(seenAt), nowMs) ? 'kept' : 'full'
  }

  /** Takes over what another tracker told, its signatures checked already: how one that is elected knows who is there. */
  fill(peers: Iterable<ListedPeer>, nowMs: number): void {
    for (const { host, registration: sealed } of peers) {
      const registration = readRegistration(sealed)
      if (registration === null || this.entries.has(toHex(registration.identity))) continue
      this.keep(registration, sealed, host, nowMs)
    }
  }

  /** What `forKey` is told of the others; a random part where they are more than fit. */
  list(forKey: string, nowMs: number): ListedPeer[] {
    this.expire(nowMs)
    const others = [...this.entries.values()].filter((entry) => entry.key !== forKey && entry.tcpPort !== 0)
    const count = Math.min(others.length, LISTED_MAX)
    if (count < others.length) {
      for (let i = 0; i < count; i++) {
        const at = i + this.rng.below(others.length - i)
        const drawn = others[at]!
        others[at] = others[i]!
        others[i] = drawn
      }
    }
    return others.slice(0, count).map(({ host, registration }) => ({ host, registration }))
  }

  keys(): string[] {
    return [...this.entries.keys()]
  }

  clear(): void {
    this.entries.clear()
    this.perBlock.clear()
  }

  expire(nowMs: number): void {
    if (nowMs - this.expiredAtMs < EXPIRE_EVERY_MS) return
    this.expiredAtMs = nowMs
    for (const entry of [...this.entries.values()]) if (entry.untilMs <= nowMs) this.remove(entry)
  }

  private keep(registration: Registration, sealed: Uint8Array, host: string | null, nowMs: number): boolean {
    const block = blockOf(host)
    const ofBlock = block === null ? 0 : (this.perBlock.get(block) ?? 0)
    if (this.entries.size >= REGISTRATIONS_MAX || ofBlock >= REGISTRATIONS_PER_BLOCK_MAX) return false
    const key = toHex(registration.identity)
    const untilMs = nowMs + Math.min(registration.lastsS * 1000, REGISTRATION_LASTS_MS)
    const { tcpPort, ms } = registration
    this.entries.set(key, { key, host, registration: sealed, tcpPort, ms, untilMs })
    if (block !== null) this.perBlock.set(block, ofBlock + 1)
    return true
  }

  private remove(entry: Registered): void {
    this.entries.delete(entry.key)
    const block = blockOf(entry.host)
    if (block === null) return
    const left = (this.perBlock.get(block) ?? 1) - 1
    if (left === 0) this.perBlock.delete(block)
    else this.perBlock.set(block, left)
  }
}

/** As others can be told: null for who is seen at a loopback address, or at one that cannot be written: this machine. */
export function toldHost(seenAt: string): string | null {
  // The zone of a link-local address means nothing on another machine (RFC 4007 section 11).
  const ip = parseIp(seenAt.replace(/%.*$/, ''))
  return ip === null || ipScope(ip) === 'loopback' ? null : formatIp(ip)
}

function blockOf(host: string | null): string | null {
  const ip = host === null ? null : parseIp(host)
  if (ip === null) return null
  return ipScope(ip) === 'global' ? ipBlock(ip) : formatIp(ip)
}
