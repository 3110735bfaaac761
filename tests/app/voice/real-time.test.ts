import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { RealTime } from '../../../src/app/voice/real-time.ts'
import type { CaptureEvents, Sound, SoundFault, SoundStream } from '../../../src/ports/sound.ts'

const FAULT: SoundFault = { ok: false, code: 'gone', message: 'It is gone.', cause: null }

interface Asked {
  readonly events: Pick<CaptureEvents, 'ended'>
  answer(opened: SoundStream | SoundFault): void
}

/** Devices that open when they are told to, and a system that takes its time to change over. */
class Rig {
  readonly asked: Asked[] = []
  readonly streams: SoundStream[] = []
  readonly changes: string[] = []
  is = 'ordinary'
  opening = 0
  readonly sound: Sound

  constructor() {
    const change = async (to: string): Promise<void> => {
      await Promise.resolve()
      this.is = to
      this.changes.push(to)
    }
    const realTime = new RealTime({ realTime: () => change('real-time'), ordinary: () => change('ordinary') })
    const open = (events: Pick<CaptureEvents, 'ended'>): Promise<SoundStream | SoundFault> => {
      expect(this.is).toBe('ordinary')
      this.opening++
      return new Promise((resolve) => {
        const answer = (opened: SoundStream | SoundFault): void => {
          this.opening--
          resolve(opened)
        }
        this.asked.push({ events, answer })
      })
    }
    this.sound = realTime.of({
      devices: async () => FAULT,
      openCapture: (_options, events) => open(events),
      openPlayback: (_options, events) => open(events),
      watch: () => () => {},
      close: async () => {},
    })
  }

  open(): void {
    const events = { captured: () => {}, ended: () => {} }
    void this.sound.openCapture({ device: null }, events).then((opened) => {
      if (opened.ok) this.streams.push(opened)
    })
  }

  opened(): Asked | undefined {
    const asked = this.asked.shift()
    asked?.answer({ ok: true, statistics: { frames: 0, gaps: 0 }, close: async () => {} })
    return asked
  }

  /** Whatever is under way among promises comes to its end. */
  async settle(): Promise<void> {
    await Bun.sleep(0)
    expect(this.opening === 0 || this.is === 'ordinary').toBeTrue()
  }
}

test('a process is real-time from when all that was to be opened is open until nothing is', async () => {
  const rig = new Rig()
  rig.open()
  rig.open()
  await rig.settle()
  rig.opened()
  await rig.settle()
  expect(rig.is).toBe('ordinary')
  rig.opened()
  await rig.settle()
  expect(rig.is).toBe('real-time')
  await rig.streams.pop()?.close()
  await rig.settle()
  expect(rig.is).toBe('real-time')
  await rig.streams.pop()?.close()
  await rig.settle()
  expect(rig.changes).toEqual(['real-time', 'ordinary'])
})

test('another device is opened in ordinary time, while the first goes on', async () => {
  const rig = new Rig()
  rig.open()
  await rig.settle()
  rig.opened()
  await rig.settle()
  rig.open()
  await rig.settle()
  expect(rig.changes).toEqual(['real-time', 'ordinary'])
  rig.asked.shift()?.answer(FAULT)
  await rig.settle()
  expect(rig.changes).toEqual(['real-time', 'ordinary', 'real-time'])
})

test('a stream that ends by itself and is closed after that counts once', async () => {
  const rig = new Rig()
  rig.open()
  rig.open()
  await rig.settle()
  const first = rig.opened()
  rig.opened()
  await rig.settle()
  first?.events.ended(FAULT)
  await rig.streams[0]?.close()
  await rig.settle()
  expect(rig.is).toBe('real-time')
})

test('a stream that ended before it was said to be open was never there', async () => {
  const rig = new Rig()
  rig.open()
  await rig.settle()
  rig.asked[0]?.events.ended(FAULT)
  rig.opened()
  await rig.settle()
  expect(rig.changes).toEqual([])
})

test('whatever comes and goes, nothing is opened in real time, and nothing stays so that plays nothing', async () => {
  const steps = fc.array(fc.constantFrom('open', 'opened', 'refused', 'close', 'settle'), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const rig = new Rig()
      for (const step of list) {
        if (step === 'open') rig.open()
        else if (step === 'opened') rig.opened()
        else if (step === 'refused') rig.asked.shift()?.answer(FAULT)
        else if (step === 'close') await rig.streams.pop()?.close()
        else await rig.settle()
      }
      await rig.settle()
      while (rig.asked.length > 0) {
        rig.opened()
        await rig.settle()
      }
      expect(rig.is).toBe(rig.streams.length > 0 ? 'real-time' : 'ordinary')
      for (const stream of rig.streams) await stream.close()
      await rig.settle()
      expect(rig.is).toBe('ordinary')
    }),
    { numRuns: 200 },
  )
})
