import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Driver } from '../../src/app/driver.ts'
import { Finding } from '../../src/app/finding.ts'
import { seededRng } from '../../src/base/rng.ts'
import { StaticMembership } from '../../src/core/gossip/static-membership.ts'
import { Node } from '../../src/node/node.ts'
import type { Multicast } from '../../src/ports/multicast.ts'
import type { Tcp } from '../../src/ports/tcp.ts'
import type { Contact } from '../../src/wire/membership.ts'
import { identityOf } from '../node/bench.ts'
import { VirtualClock, VirtualTime } from '../sim/time.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearsay-finding-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const unreached = (): never => {
  throw new Error('nobody is to be reached')
}
const tcp: Tcp = { listen: unreached, dial: unreached }
const multicast: Multicast = { open: unreached }

/** Says what a test wants about who is worth keeping. */
class Acquainted extends StaticMembership {
  override worthKeeping: readonly Contact[] = []
}

test('the first who is met is written down within seconds, the next ones about once a minute', () => {
  const time = new VirtualTime()
  const clock = new VirtualClock(time)
  const membership = new Acquainted()
  const [identity, rng] = [identityOf(1), seededRng(1)]
  const instant = { nowMs: clock.nowMs(), wallMs: clock.wallMs() }
  const options = { name: 'a', agent: 'test', randomBytes: (length: number) => rng.bytes(length) }
  const node = new Node({ identity, rng, membership: () => membership, ...options }, instant)
  const driver = new Driver(node, clock, tcp, () => {})
  const finding = new Finding(driver, clock, {
    settings: { isStatic: false, multicast: [], trackers: [] },
    ...{ dataFolder: folder, local: { host: '127.0.0.1', port: 5_000 }, key: identity.signing, rng, multicast },
    ...{ log: unreached, notice: unreached },
  })
  const file = join(folder, 'peers.txt')
  const contact = (digit: string): Contact => ({ key: digit.repeat(64), address: { host: '192.0.2.1', port: 1 } })
  finding.begin()
  time.pass(30_000)
  expect(existsSync(file)).toBe(false)
  membership.worthKeeping = [contact('a')]
  time.pass(6_000)
  expect(readFileSync(file, 'utf8')).toContain(contact('a').key)
  membership.worthKeeping = [contact('b')]
  time.pass(30_000)
  expect(readFileSync(file, 'utf8')).toContain(contact('a').key)
  time.pass(31_000)
  expect(readFileSync(file, 'utf8')).toContain(contact('b').key)
  finding.end()
})
