import { describe, expect, test } from 'bun:test'
import { VoiceDesk } from '../../../src/app/voice/desk.ts'
import type { VoiceReport } from '../../../src/app/voice/messages.ts'
import type { Sound, SoundFault } from '../../../src/ports/sound.ts'
import { FRAME_MS, FRAME_SAMPLES } from '../../../src/ports/sound.ts'
import { SimulatedSound } from '../../sim/sound.ts'
import { VirtualClock } from '../../sim/time.ts'
import { World } from '../../sim/world.ts'

class Lab {
  readonly world = new World(1)
  readonly clock = new VirtualClock(this.world.time)
  readonly sound = new SimulatedSound(this.clock)
  readonly reports: VoiceReport[] = []
  readonly heard: number[] = []
  gaveUp = 0
  readonly desk: VoiceDesk
  private said = 0

  constructor(other?: Sound | SoundFault) {
    // Each frame is said louder than the one before, so that what is heard tells when it was said.
    this.sound.voice = (frame) => frame.fill(++this.said / 1_000)
    this.sound.heard = (frame) => this.heard.push(Math.round(frame[FRAME_SAMPLES - 1]! * 1_000))
    this.desk = new VoiceDesk({
      clock: this.clock,
      sound: other ?? this.sound,
      roomParts: async () => ({ ok: false, code: 'not-loaded', message: 'There is no codec.', cause: null }),
      tell: (report) => this.reports.push(report),
      giveUp: () => this.gaveUp++,
      inTime: (sound) => sound,
    })
  }

  async pass(ms: number): Promise<void> {
    await this.world.settle(new Promise<void>((resolve) => this.clock.timer(this.clock.nowMs() + ms, resolve)), ms + 1)
  }

  told(tell: VoiceReport['tell']): VoiceReport[] {
    return this.reports.filter((report) => report.tell === tell)
  }
}

describe('hearing oneself', () => {
  test.each([0, 20, 500])('plays what is said, all of it in order, %d ms later', async (delayMs) => {
    const lab = new Lab()
    lab.desk.handle({ do: 'loopback', input: null, output: null, delayMs })
    await lab.pass(1_000)
    const spoken = lab.heard.filter((number) => number > 0)
    expect(spoken).toEqual(spoken.map((_, i) => i + 1))
    const laterMs = (lab.heard.length - spoken.length) * FRAME_MS
    expect(laterMs).toBeGreaterThanOrEqual(delayMs)
    expect(laterMs).toBeLessThanOrEqual(delayMs + 2 * FRAME_MS)
  })

  test('tells how loud it is ten times a second, until it is to be quiet', async () => {
    const lab = new Lab()
    lab.sound.voice = (frame) => frame.fill(0.5)
    lab.desk.handle({ do: 'loopback', input: null, output: null, delayMs: 0 })
    await lab.pass(1_005)
    expect(lab.told('level').length).toBe(10)
    expect(lab.told('level')[9]).toMatchObject({ gaps: 0, peakDb: expect.closeTo(-6, 1) })
    lab.desk.handle({ do: 'quiet' })
    const frames = lab.heard.length
    await lab.pass(1_000)
    expect([lab.told('level').length, lab.heard.length]).toEqual([10, frames])
  })

  test('again, with other devices, ends the one before', async () => {
    const lab = new Lab()
    lab.sound.plug({ id: 'usb', name: 'USB', isDefault: false })
    lab.desk.handle({ do: 'loopback', input: null, output: null, delayMs: 0 })
    lab.desk.handle({ do: 'loopback', input: 'usb', output: 'usb', delayMs: 0 })
    await lab.pass(1_005)
    expect([lab.told('level').length, lab.heard.length]).toEqual([10, 100])
    lab.sound.unplug('usb')
    await lab.pass(100)
    expect(lab.told('fault')).toEqual([{ tell: 'fault', code: 'gone', message: 'The device is not there any more.' }])
    expect(lab.told('level').length).toBe(10)
  })

  test('through a device that is not there leaves nothing open', async () => {
    const lab = new Lab()
    lab.desk.handle({ do: 'loopback', input: 'nowhere', output: null, delayMs: 0 })
    await lab.pass(500)
    expect(lab.told('fault').length).toBe(1)
    expect(lab.heard.length).toBeLessThan(2)
  })
})

test('the devices are told when asked for, and when they have changed', async () => {
  const lab = new Lab()
  lab.desk.handle({ do: 'devices' })
  await lab.pass(10)
  lab.sound.plug({ id: 'usb', name: 'USB', isDefault: false })
  await lab.pass(10)
  expect(lab.told('devices').map((report) => report.tell === 'devices' && report.inputs.length)).toEqual([1, 2])
  await lab.world.settle(lab.desk.close(), 100)
  lab.sound.unplug('usb')
  await lab.pass(10)
  expect(lab.told('devices').length).toBe(2)
})

test('without sound every command is answered with why', async () => {
  const lab = new Lab({ ok: false, code: 'not-built', message: 'There is none.', cause: null })
  lab.desk.handle({ do: 'devices' })
  lab.desk.handle({ do: 'loopback', input: null, output: null, delayMs: 0 })
  await lab.pass(10)
  expect(lab.reports).toEqual(
    Array.from({ length: 2 }, () => ({ tell: 'fault', code: 'not-built', message: 'There is none.' })),
  )
  expect(lab.gaveUp).toBe(0)
})

test('a sound server that hangs is left to another process', async () => {
  const fault: SoundFault = { ok: false, code: 'stuck', message: 'It hangs.', cause: null }
  const lab = new Lab()
  lab.sound.openPlayback = async () => fault
  lab.desk.handle({ do: 'loopback', input: null, output: null, delayMs: 0 })
  await lab.pass(10)
  expect(lab.gaveUp).toBe(1)
})
