import { hostname, networkInterfaces } from 'node:os'
import { type Address, formatAddress } from '../base/address.ts'
import { toHex } from '../base/bytes.ts'
import { ipScope, parseIp } from '../base/ip.ts'
import type { Rng } from '../base/rng.ts'
import type { SigningKey } from '../crypto/sign.ts'
import type { Clock } from '../ports/clock.ts'
import type { GroupPlace, Interfaces, Multicast } from '../ports/multicast.ts'
import type { Driver } from './driver.ts'
import { LanDriver } from './lan.ts'
import type { Surroundings } from './network-views.ts'
import { PeerFile } from './peer-file.ts'
import type { Settings } from './settings.ts'

/**
 * IPv4: within the organisation (RFC 2365, section 6.2). IPv6: within the site, and not a permanent assignment (RFC 4291, section 2.7). They are
 * so wide only in name, for one hop is all that is sent.
 */
const MULTICAST_GROUPS: readonly Address[] = [
  { host: '239.192.72.83', port: 9053 },
  { host: 'ff15::4853:5901', port: 9053 },
]
/** How much of what was learnt is lost at most where a process is killed. */
const SAVE_EVERY_MS = 60_000
/** Until there has been something to keep: who is killed soon after having met somebody finds them again. */
const SAVE_FIRST_MS = 5_000

/** How long the one with the higher key waits to be dialled, at least; twice that at most. */
const AWAIT_MS = 250

/** What finding others takes. */
export interface FindingOptions {
  readonly settings: Pick<Settings, 'isStatic' | 'multicast' | 'trackers'>
  /** Where peers are remembered; null: nowhere. */
  readonly dataFolder: string | null
  readonly local: Address
  readonly key: SigningKey
  readonly rng: Rng
  readonly multicast: Multicast
  readonly log: (code: string, message: string) => void
  /** Something the user should know, as a sentence. */
  readonly notice: (code: string, message: string) => void
}

/** The ways by which a node comes to know of others without being told an address: what it remembers, and the local network. */
export class Finding {
  private readonly file: PeerFile | null
  private readonly lan: LanDriver | null
  private readonly groups: readonly string[]
  private cancel: (() => void) | null = null
  /** Of peers found and not dialled yet; as many as are ever found in so short a time. */
  private readonly waiting = new Set<() => void>()

  constructor(
    private readonly driver: Driver,
    private readonly clock: Clock,
    private readonly options: FindingOptions,
  ) {
    const { settings, dataFolder, local, key, rng, multicast, log, notice } = options
    this.file = settings.isStatic || dataFolder === null ? null : new PeerFile(dataFolder, log)
    const groups = settings.isStatic ? [] : groupsFor(local, settings.multicast)
    this.groups = groups.map(({ group, port }) => formatAddress({ host: group, port }))
    const ownKey = toHex(key.publicKey)
    const found = ({ key, address }: { key: string; address: Address }): void => {
      const meet = (): void => driver.run((node, instant) => node.meet([{ key, address }], 'lan', instant))
      // Both find each other at once: one of the two dials, and the other only if that has come to nothing.
      if (ownKey < key) meet()
      else this.later(AWAIT_MS + AWAIT_MS * rng.float(), meet)
    }
    const lanOptions = { key, rng, tcpPort: local.port, groups, found, log, notice } as const
    this.lan = groups.length === 0 ? null : new LanDriver(clock, multicast, lanOptions)
  }

  /** Where this node runs, for diagnostics. */
  get surroundings(): Omit<Surroundings, 'mesh'> {
    const { local, settings } = this.options
    const { lan } = this
    const interfaces = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
    return {
      local,
      interfaces: interfaces.filter((each) => isDictatable(each.address)).map((each) => each.address),
      isStatic: settings.isStatic,
      groupsGiven: settings.multicast?.length ?? null,
      lan: lan === null ? null : { groups: this.groups, found: lan.size, faults: lan.faults },
    }
  }

  begin(): void {
    const contacts = this.file?.load() ?? []
    if (contacts.length > 0) this.driver.run((node, instant) => node.meet(contacts, 'remembered', instant))
    if (this.file !== null) this.planSave(SAVE_FIRST_MS)
    void this.lan?.start()
    const { settings, local } = this.options
    this.driver.run((node, instant) => node.track(settings.trackers, local, hostname(), instant))
  }

  /** To be called while the links are still there. */
  end(): void {
    this.cancel?.()
    for (const cancel of this.waiting) cancel()
    this.lan?.stop()
    this.save()
  }

  private later(delayMs: number, run: () => void): void {
    const cancel = this.clock.timer(this.clock.nowMs() + delayMs, () => {
      this.waiting.delete(cancel)
      run()
    })
    this.waiting.add(cancel)
  }

  private planSave(delayMs: number): void {
    this.cancel = this.clock.timer(this.clock.nowMs() + delayMs, () => {
      this.save()
      this.planSave(this.driver.node.worthKeeping.length === 0 ? delayMs : SAVE_EVERY_MS)
    })
  }

  private save(): void {
    this.file?.save(this.driver.node.worthKeeping)
  }
}

/** `given` null: the usual ones, where others can reach us. */
function groupsFor(local: Address, given: readonly Address[] | null): GroupPlace[] {
  const groups = given ?? (isLoopback(local.host) ? [] : MULTICAST_GROUPS)
  // Who listens on IPv4 alone cannot be reached where an IPv6 datagram comes from; `::` is both.
  const isFour = parseIp(local.host)?.length === 4
  const reachable = groups.filter(({ host }) => !isFour || !host.includes(':'))
  const interfaces = interfacesOf(local.host)
  return reachable.map(({ host, port }) => ({ group: host, port, interfaces }))
}

/** Announced is only where we can be reached. */
export function interfacesOf(host: string): Interfaces {
  if (isLoopback(host)) return 'loopback'
  const ip = parseIp(host)
  return ip === null || ip.every((byte) => byte === 0) ? 'all' : { address: host }
}

/** Addresses that mean the same to others: not those of one machine or one cable. */
function isDictatable(host: string): boolean {
  const ip = parseIp(host)
  const scope = ip === null ? 'none' : ipScope(ip)
  return scope === 'private' || scope === 'global'
}

function isLoopback(host: string): boolean {
  const ip = parseIp(host)
  return ip === null ? host === 'localhost' : ipScope(ip) === 'loopback'
}
