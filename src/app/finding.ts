import type { Address } from '../base/address.ts'
import { ipScope, parseIp } from '../base/ip.ts'
import type { Rng } from '../base/rng.ts'
import type { SigningKey } from '../crypto/sign.ts'
import type { Clock } from '../ports/clock.ts'
import type { Multicast } from '../ports/multicast.ts'
import type { Driver } from './driver.ts'
import { LanDriver } from './lan.ts'
import { PeerFile } from './peer-file.ts'
import type { Settings } from './settings.ts'

/** Of the site, and of the link: chosen from what RFC 2365 and RFC 4291 leave to everybody. */
const MULTICAST_GROUPS: readonly Address[] = [
  { host: '239.192.72.83', port: 9053 },
  { host: 'ff12::4853:5901', port: 9053 },
]
/** How much of what was learnt is lost at most where a process is killed. */
const SAVE_EVERY_MS = 60_000

/** What finding others takes. */
export interface FindingOptions {
  readonly settings: Pick<Settings, 'isStatic' | 'multicast'>
  /** Where peers are remembered; null: nowhere. */
  readonly dataFolder: string | null
  readonly local: Address
  readonly key: SigningKey
  readonly rng: Rng
  readonly multicast: Multicast
  readonly log: (code: string, message: string) => void
}

/** The ways by which a node comes to know of others without being told an address: what it remembers, and the local network. */
export class Finding {
  private readonly file: PeerFile | null
  readonly lan: LanDriver | null
  private cancel: (() => void) | null = null

  constructor(
    private readonly driver: Driver,
    private readonly clock: Clock,
    options: FindingOptions,
  ) {
    const { settings, dataFolder, local, key, rng, multicast, log } = options
    this.file = settings.isStatic || dataFolder === null ? null : new PeerFile(dataFolder, log)
    const groups = settings.isStatic ? [] : groupsFor(local, settings.multicast)
    const found = (peer: { key: string; address: Address }): void => {
      const { key, address } = peer
      driver.run((node, instant) => node.meet([{ key, address }], 'lan', instant))
    }
    const interfaces = isLoopback(local.host) ? 'loopback' : 'all'
    const lanOptions = { key, rng, tcpPort: local.port, groups, interfaces, found, log } as const
    this.lan = groups.length === 0 ? null : new LanDriver(clock, multicast, lanOptions)
  }

  begin(): void {
    const contacts = this.file?.load() ?? []
    if (contacts.length > 0) this.driver.run((node, instant) => node.meet(contacts, 'remembered', instant))
    if (this.file !== null) this.planSave()
    void this.lan?.start()
  }

  /** To be called while the links are still there. */
  end(): void {
    this.cancel?.()
    this.lan?.stop()
    this.save()
  }

  private planSave(): void {
    this.cancel = this.clock.timer(this.clock.nowMs() + SAVE_EVERY_MS, () => {
      this.save()
      this.planSave()
    })
  }

  private save(): void {
    this.file?.save(this.driver.node.worthKeeping)
  }
}

/** `given` null: the usual ones, where others can reach us. */
function groupsFor(local: Address, given: readonly Address[] | null): { group: string; port: number }[] {
  const groups = given ?? (isLoopback(local.host) ? [] : MULTICAST_GROUPS)
  return groups.map(({ host, port }) => ({ group: host, port }))
}

function isLoopback(host: string): boolean {
  const ip = parseIp(host)
  return ip === null ? host === 'localhost' : ipScope(ip) === 'loopback'
}
