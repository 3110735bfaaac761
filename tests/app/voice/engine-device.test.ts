import { expect, test } from 'bun:test'
import { Device } from '../../../src/app/voice/engine-device.ts'
import type { SoundFault, SoundStream } from '../../../src/ports/sound.ts'
import { VirtualClock } from '../../sim/time.ts'
import { World } from '../../sim/world.ts'

const GONE: SoundFault = { ok: false, code: 'gone', message: 'It is not there.', cause: null }

/** What is open, by the device it was opened with. */
class Devices {
  readonly world = new World(1)
  readonly clock = new VirtualClock(this.world.time)
  readonly open: (string | null)[] = []
  readonly faults: string[] = []
  isThere = true
  end = (_: SoundFault): void => {}

  events() {
    return {
      changed: () => {},
      fault: ({ code }: SoundFault) => void this.faults.push(code),
      open: async (device: string | null, ended: (fault: SoundFault) => void): Promise<SoundStream | SoundFault> => {
        if (device !== null && !this.isThere) return GONE
        this.open.push(device)
        this.end = (fault) => {
          this.open.splice(this.open.indexOf(device), 1)
          ended(fault)
        }
        const close = async (): Promise<void> => void this.open.splice(this.open.indexOf(device), 1)
        return { ok: true, statistics: { frames: 0, gaps: 0 }, close }
      },
    }
  }

  settle(ms: number): Promise<void> {
    const over = new Promise<void>((resolve) => this.clock.timer(this.clock.nowMs() + ms, resolve))
    return this.world.settle(over, ms + 1)
  }
}

test('a device that was back before anybody looked is found again, and nothing is interrupted while it is not', async () => {
  const devices = new Devices()
  const device = new Device(devices.clock, 'headset', devices.events())
  await devices.settle(10)
  expect(devices.open).toEqual(['headset'])
  devices.isThere = false
  devices.end(GONE)
  await devices.settle(1_000)
  expect(devices.open).toEqual([null])
  await devices.settle(20_000)
  expect([devices.open, devices.faults]).toEqual([[null], ['gone']])
  devices.isThere = true
  await devices.settle(6_000)
  expect(devices.open).toEqual(['headset'])
  await device.close()
  devices.isThere = false
  await devices.settle(20_000)
  expect(devices.open).toEqual([])
})
