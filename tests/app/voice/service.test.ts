import { beforeEach, describe, expect, test } from 'bun:test'
import type { LevelEvent } from '../../../src/app/events.ts'
import type { VoiceReport } from '../../../src/app/voice/messages.ts'
import { VoiceLab } from './voice-lab.ts'

let lab: VoiceLab
beforeEach(() => {
  lab = new VoiceLab()
})

const DEVICES: VoiceReport = {
  tell: 'devices',
  inputs: [
    { id: 'a', name: 'Built-in Microphone', isDefault: true },
    { id: 'b', name: 'USB Headset', isDefault: false },
    { id: 'c', name: 'USB Camera', isDefault: false },
  ],
  outputs: [{ id: 'd', name: 'Speakers', isDefault: true }],
}

/** The answer to what asks for the devices, which the process has. */
async function withDevices<T>(asking: Promise<T>): Promise<T> {
  await lab.turn()
  lab.process.ready()
  expect(lab.process.is('devices').length).toBe(1)
  lab.process.tell(DEVICES)
  return asking
}

describe('devices', () => {
  test('are listed by a process that is there for that alone', async () => {
    const devices = await withDevices(lab.front.devices())
    expect(devices).toMatchObject({
      ok: true,
      inputs: [{ id: 'a', chosen: true }, { chosen: false }, { chosen: false }],
    })
    await lab.turn()
    expect(lab.process.runs).toBe(false)
  })

  test.each([
    ['USB Headset', 'b'],
    ['usb headset', 'b'],
    ['headset', 'b'],
    ['3', 'c'],
    ['a', 'a'],
  ])('are chosen by name, part of it, number or id: %s', async (wanted, id) => {
    expect(await withDevices(lab.front.useDevice('in', wanted))).toMatchObject({ ok: true, device: { id } })
    expect((await lab.front.choices()).input).toBe(id)
  })

  test('that could be several, or are not there, are asked back about', async () => {
    expect(await withDevices(lab.front.useDevice('in', 'usb'))).toMatchObject({ ok: false, code: 'ambiguous-device' })
    await lab.turn()
    expect(await withDevices(lab.front.useDevice('out', 'usb'))).toMatchObject({ ok: false, code: 'no-such-device' })
  })

  test('the default takes no list, and a room hears of it at once', async () => {
    await lab.joined()
    expect(await lab.front.useDevice('in', null)).toEqual({ ok: true, side: 'in', device: null })
    expect(lab.process.is('settings').at(-1)).toMatchObject({ settings: { input: null } })
  })

  test('that cannot be listed are answered with why, and one who asks is not kept waiting', async () => {
    const refused = lab.front.devices()
    await lab.turn()
    lab.process.ready()
    lab.process.tell({ tell: 'fault', code: 'no-library', message: 'Install libasound2.' })
    expect(await refused).toEqual({ ok: false, code: 'voice-no-library', message: 'Install libasound2.' })
    const late = lab.front.devices()
    await lab.turn()
    await lab.pass(8_001)
    expect(await late).toMatchObject({ ok: false, code: 'voice-slow' })
  })
})

describe('the test of the microphone', () => {
  const level = (peakDb: number): void => lab.process.tell({ tell: 'level', peakDb, levelDb: peakDb - 3, gaps: 0 })

  async function tested(...peaks: number[]): Promise<string> {
    expect(await lab.front.test(true)).toEqual({ ok: true, testing: true, seconds: 15 })
    lab.process.ready()
    expect(lab.process.is('loopback').length).toBe(1)
    for (const peak of peaks) level(peak)
    await lab.pass(15_001)
    expect(lab.front.view().test).toBeNull()
    expect([lab.process.is('quiet').length, lab.process.runs]).toEqual([1, false])
    return lab.notices.at(-1)?.message ?? ''
  }

  test('tells levels as they come, ends by itself, and says that it works', async () => {
    expect(await tested(-40.04, -12)).toContain('the microphone works')
    const levels = lab.events.filter((event): event is LevelEvent => event.event === 'level')
    expect(levels.map(({ peakDb }) => peakDb)).toEqual([-40, -12])
  })

  test('says that one hears oneself once the microphone is heard, and only once', async () => {
    const begun = (): number => lab.notices.filter(({ code }) => code === 'voice-test-begun').length
    await lab.front.test(true)
    lab.process.ready()
    expect(begun()).toBe(0)
    level(-40)
    level(-30)
    expect(begun()).toBe(1)
    await lab.front.test(false)
  })

  test('says what to do where nothing was heard, or little, or no sound came at all', async () => {
    expect(await tested(-127, -126)).toContain('nothing but silence')
    expect(await tested(-60, -50)).toContain('hears little')
    expect(await tested()).toContain('nothing came from the microphone')
  })

  test('ends when it is to, and is begun again after a crash', async () => {
    await lab.front.test(null)
    lab.process.ready()
    lab.process.crash()
    lab.process.ready()
    expect(lab.process.is('loopback').length).toBe(1)
    level(-10)
    expect(lab.front.view().test).toEqual({ peakDb: -10, levelDb: -13 })
    expect(await lab.front.test(null)).toEqual({ ok: true, testing: false, seconds: 0 })
    expect(await lab.front.test(false)).toMatchObject({ testing: false })
  })

  test('without sound says why, once, and is over', async () => {
    await lab.front.test(true)
    lab.process.ready()
    lab.process.tell({ tell: 'fault', code: 'not-built', message: 'This build has no voice.' })
    expect(lab.events).toMatchObject([{ event: 'error', code: 'voice-not-built', message: 'This build has no voice.' }])
    await lab.turn()
    expect(lab.process.runs).toBe(false)
  })

  test('says why it cannot be where the process cannot be kept running', async () => {
    await lab.front.test(true)
    lab.service.processChanged({ is: 'failed', message: 'Voice cannot be kept running.' })
    expect(lab.events).toMatchObject([
      { event: 'error', code: 'voice-failed', message: 'Voice cannot be kept running.' },
    ])
  })

  test('beside a room that begins tells a fault of both once', async () => {
    await lab.front.test(true)
    const answer = lab.front.join(null)
    await lab.turn()
    lab.process.ready()
    const fault = { tell: 'fault', code: 'no-device', message: 'No microphone is there.' } as const
    lab.process.tell(fault)
    await lab.pass(100)
    lab.begun()
    expect(await answer).toMatchObject({ ok: true, state: 'on' })
    await lab.pass(1_000)
    lab.process.tell(fault)
    expect(lab.notices.map(({ message }) => message)).toEqual(['No microphone is there.'])
  })

  test('and a room, where there can be no voice at all: who asked is answered, and nobody is told again', async () => {
    const answer = lab.front.join(null)
    await lab.front.test(true)
    lab.process.ready()
    for (const _ of ['begin', 'loopback']) {
      lab.process.tell({ tell: 'fault', code: 'no-library', message: 'Install libasound2.' })
    }
    expect(await answer).toMatchObject({ ok: false, message: 'Install libasound2.' })
    expect(lab.events.filter(({ event }) => event === 'error' || event === 'notice')).toEqual([])
    expect(lab.front.view().test).toBeNull()
  })

  test('is not for the others in the room', async () => {
    await lab.joined()
    await lab.front.test(true)
    expect(lab.process.is('settings').at(-1)).toMatchObject({ settings: { muted: true } })
    expect(lab.front.view().state).toBe('on')
    await lab.front.test(false)
    expect(lab.process.is('settings').at(-1)).toMatchObject({ settings: { muted: false } })
    expect(lab.process.runs).toBe(true)
  })
})

test('files stand in for devices before anything else is told', async () => {
  lab = new VoiceLab({ files: { input: '/in.wav', output: null } })
  await lab.joined()
  expect(lab.process.told[0]).toEqual({ do: 'files', input: '/in.wav', output: null })
})

test('closing leaves the room, answers who waits, and ends the process', async () => {
  await lab.joined()
  const asked = lab.front.devices()
  await lab.turn()
  await lab.front.close()
  expect(await asked).toMatchObject({ ok: false, code: 'closing' })
  expect([lab.steering.room, lab.process.runs]).toEqual([null, false])
})
