import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { MeshGroup } from '../../src/app/dialects/mesh-group.ts'
import { GroupWatch, LOOK_EVERY_MS } from '../../src/app/group-watch.ts'
import { LanDriver } from '../../src/app/lan.ts'
import { seededRng } from '../../src/base/rng.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { GroupPlace, Multicast } from '../../src/ports/multicast.ts'
import { VirtualClock, VirtualTime } from '../sim/time.ts'

const NO_INTERFACE = 'there is no interface to join on'
const GROUP: GroupPlace = { group: '239.1.1.1', port: 7_001, interfaces: 'all' }

let time: VirtualTime
let clock: Clock
/** What the system says of each group from now on: it is joined nowhere, for that reason. */
let faults: Record<string, string | null>
/** Whether there is somebody new to tell at the next look. */
let isReached: boolean
let looks: number
let sent: number
const told: string[] = []
let stopping: (() => void)[] = []

const multicast: Multicast = {
  open: ({ group }) => ({
    get fault() {
      return faults[group] ?? null
    },
    send: () => sent++,
    refresh() {
      looks++
      return Promise.resolve(isReached)
    },
    close() {},
  }),
}

beforeEach(() => {
  time = new VirtualTime()
  clock = new VirtualClock(time)
  ;[faults, isReached, looks, sent] = [{}, false, 0, 0]
  told.length = 0
  stopping = []
})
afterEach(() => {
  for (const stop of stopping) stop()
})

/** So many looks go by. */
async function pass(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    time.pass(LOOK_EVERY_MS)
    await settled()
  }
}

/** The search of the local network by these groups, begun. */
async function lanOf(groups: readonly GroupPlace[]): Promise<LanDriver> {
  const key = signingKeyFromSeed(new Uint8Array(32).fill(1))
  const hears = { found() {}, log() {}, notice }
  const driver = new LanDriver(clock, multicast, { key, rng: seededRng(1), tcpPort: 1, groups, ...hears })
  stopping.push(() => driver.stop())
  await driver.start()
  return driver
}

/** What a look has led to is done: nothing here waits for the system. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const notice = (code: string, message: string): void => void told.push(`${code}: ${message}`)

describe('groups that are kept joined', () => {
  test('what cannot be joined is told once, and once that it can; and it is looked every few seconds until the end', async () => {
    const groups = [GROUP, { ...GROUP, group: '239.1.1.2' }]
    const watch = new GroupWatch(clock, multicast, {
      ...{ groups, bytesMax: 10, receive() {} },
      reached: () => told.push('reached'),
      told: ({ group }, fault) => told.push(`${group} ${fault}`),
    })
    stopping.push(() => watch.stop())
    faults = { [GROUP.group]: NO_INTERFACE }
    isReached = true
    expect(watch.faults).toEqual([])
    await watch.start()
    isReached = false
    await pass(5)
    expect(told).toEqual([`${GROUP.group} ${NO_INTERFACE}`])
    expect(watch.faults).toEqual([{ group: GROUP.group, fault: NO_INTERFACE }])
    expect(looks).toBe(12)
    faults = {}
    isReached = true
    await pass(1)
    isReached = false
    await pass(5)
    expect(told.slice(1)).toEqual([`${GROUP.group} null`, 'reached'])
    expect(watch.faults).toEqual([])
    watch.stop()
    const before = looks
    await pass(3)
    expect(looks).toBe(before)
  })

  test('the local network: told to people once, and everybody there is told of us at once', async () => {
    const groups = [GROUP, { ...GROUP, group: 'ff15::1' }]
    faults = { [GROUP.group]: NO_INTERFACE, 'ff15::1': NO_INTERFACE }
    const driver = await lanOf(groups)
    await pass(4)
    expect(told).toEqual([])
    expect(driver.faults).toEqual(groups.map(({ group }) => `${group}: ${NO_INTERFACE}`))
    faults = {}
    isReached = true
    await pass(1)
    isReached = false
    const before = sent
    time.pass(1)
    expect(sent - before).toBe(2)
    for (const fault of [NO_INTERFACE, null, NO_INTERFACE, null]) {
      faults = { [GROUP.group]: fault, 'ff15::1': fault }
      await pass(1)
    }
    expect(told).toEqual([
      `lan: The local network is searched now, through ${GROUP.group}: it could not be at the start.`,
    ])
  })

  test('where one of two groups is joined at the start, people are told nothing of the other', async () => {
    const groups = [GROUP, { ...GROUP, group: 'ff15::1' }]
    faults = { 'ff15::1': NO_INTERFACE }
    const driver = await lanOf(groups)
    await pass(2)
    faults = {}
    await pass(2)
    expect(told).toEqual([])
    expect(driver.faults).toEqual([])
  })

  test('the mesh: told to people once each way where it was not joined at the start, however it goes on; and announced whenever somebody new may hear', async () => {
    let announced = 0
    const group = new MeshGroup({
      ...{ clock, multicast, group: { host: '224.0.0.1', port: 9_999 }, interfaces: 'all', notice },
      ...{ heard() {}, announce: () => announced++, log() {} },
    })
    stopping.push(() => group.stop())
    faults = { '224.0.0.1': NO_INTERFACE }
    await group.start()
    expect(group.fault).toBe(`224.0.0.1: ${NO_INTERFACE}`)
    expect(announced).toBe(1)
    for (const fault of [null, NO_INTERFACE, null, NO_INTERFACE, null]) {
      faults = { '224.0.0.1': fault }
      isReached = fault === null
      await pass(1)
    }
    expect(announced).toBe(4)
    expect(group.fault).toBeNull()
    expect(told).toEqual([
      `mesh-group: The mesh dialect's group 224.0.0.1 cannot be joined: ${NO_INTERFACE}. It is tried again as soon as that changes.`,
      "mesh-group: The mesh dialect's group 224.0.0.1 is joined now: whoever is there is found.",
    ])
  })
  test('a mesh that was joined at the start may go and come again without a word to people', async () => {
    const group = new MeshGroup({
      ...{ clock, multicast, group: { host: '224.0.0.1', port: 9_999 }, interfaces: 'all', notice },
      ...{ heard() {}, announce() {}, log() {} },
    })
    stopping.push(() => group.stop())
    await group.start()
    for (const fault of [NO_INTERFACE, null, NO_INTERFACE]) {
      faults = { '224.0.0.1': fault }
      await pass(1)
    }
    expect(told).toEqual([])
    expect(group.fault).toBe(`224.0.0.1: ${NO_INTERFACE}`)
  })
})
