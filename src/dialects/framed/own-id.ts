import { type Address, formatAddress } from '../../base/address.ts'
import { formatIp, ipScope, parseIp } from '../../base/ip.ts'

/**
 * What we are called in the framed network: `HOST:PORT`, where others reach our listener. Who listens everywhere, or for its own machine alone,
 * has no host that says so: it takes one at the start, and in its place, once, the address by which the first link leaves the machine
 * on which somebody says hello. From then
 * on that stays: originals tell each other apart by it, and those who are in voice.
 */
export class OwnId {
  private host: string

  /** `isSure`: it is an address that others reach us at, whatever links there are. */
  constructor(
    { host, port }: Address,
    private isSure: boolean,
  ) {
    this.host = host
    this.port = port
  }

  readonly port: number
  /** What a hello of ours has said to somebody we dialled, who has not answered it yet. */
  private claimed: string | null = null

  get text(): string {
    return formatAddress({ host: this.host, port: this.port })
  }

  /** What we are called by somebody who is linked with us by that address of ours; null where that is what we are called anyway. */
  better(local: string): string | null {
    const host = this.isSure ? null : this.hostBy(local)
    return host === null || host === this.host ? null : host
  }

  /** What our hello says to somebody we dialled by that address. It holds only once somebody has said hello, and then for all. */
  claim(local: string): string {
    if (this.isSure) return this.text
    this.claimed ??= hostForOthers(local)
    return formatAddress({ host: this.hostBy(local) ?? this.host, port: this.port })
  }

  /** Nobody is left who was told so and might answer. */
  disclaim(): void {
    this.claimed = null
  }

  /** Somebody has said hello on a link that leaves by that address. True where we are called otherwise from now on. */
  linked(local: string): boolean {
    const better = this.better(local)
    this.isSure ||= hostForOthers(local) !== null
    this.host = better ?? this.host
    return better !== null
  }

  private hostBy(local: string): string | null {
    const host = hostForOthers(local)
    return host === null ? null : (this.claimed ?? host)
  }

  /**
   * Where those behind a link hear us: by its own address, which they reach; those on our machine by what we are called, but for a name, which not
   * everybody looks up that is told of it.
   */
  hostToward(local: string): string {
    const isName = parseIp(this.host) === null
    return hostForOthers(local) ?? (isName && parseIp(local) !== null ? local : this.host)
  }
}

/** An address in the one form it has, where other machines may reach it and it is no other's on the next link; null for anything else. */
export function hostForOthers(host: string): string | null {
  const ip = parseIp(host)
  const scope = ip === null ? 'none' : ipScope(ip)
  return ip !== null && (scope === 'private' || scope === 'global') ? formatIp(ip) : null
}

/**
 * Where somebody is whose own word for it means nothing to others: who listens everywhere calls itself `0.0.0.0`, and who did not say calls
 * itself `127.0.0.1`. `remote`: where it called from.
 */
export function hostAsSeen(host: string, remote: string): string {
  const [told, seen] = [parseIp(host), parseIp(remote)]
  if (told === null || seen === null) return host
  const [scope, seenScope] = [ipScope(told), ipScope(seen)]
  return scope === 'none' || (scope === 'loopback' && seenScope !== 'loopback') ? formatIp(seen) : host
}
