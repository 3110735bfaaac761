import { describe, expect, test } from 'bun:test'
import {
  PortAudioSound,
  type ServerDevice,
  type ServerDevices,
  type SoundServer,
} from '../../src/adapters/portaudio.ts'
import { type Addon, type AddonDevice, type AudioIO, cannotLoad } from '../../src/adapters/portaudio-addon.ts'
import type { SoundFault, SoundStream } from '../../src/ports/sound.ts'
import { Player, Recorder } from '../ports/sound-ends.ts'
import { VirtualClock } from '../sim/time.ts'
import { World } from '../sim/world.ts'

/** PortAudio as it behaves towards us, with a hand on everything it does. */
class FakeAddon implements Addon {
  devices: AddonDevice[] = [device(0, 'default'), device(1, 'hearsay_output_0')]
  readonly opened: FakeIO[] = []
  openError: string | null = null
  quits = true

  getDevices(): AddonDevice[] {
    expect(this.opened.every(({ isOver }) => isOver)).toBe(true)
    return this.devices
  }

  getHostAPIs() {
    const first = this.devices.length === 0 ? 2 ** 32 - 1 : 0
    return { HostAPIs: [{ defaultInput: first, defaultOutput: first }] }
  }

  create(options: Parameters<Addon['create']>[0]): FakeIO {
    if (this.openError !== null) throw new Error(this.openError)
    const { deviceId } = 'inOptions' in options ? options.inOptions : options.outOptions
    const io = new FakeIO(deviceId, () => this.quits)
    this.opened.push(io)
    return io
  }
}

class FakeIO implements AudioIO {
  isOver = false
  private readonly waiting: ((err?: string) => void)[] = []

  constructor(
    readonly deviceId: number,
    private readonly quits: () => boolean,
  ) {}

  start(): void {}

  read(byteCount: number) {
    return new Promise<{ buf: Uint8Array; finished: boolean; err?: string }>((resolve) => {
      this.waiting.push((err) => {
        resolve({ buf: new Uint8Array(byteCount), finished: false, ...(err !== undefined && { err }) })
      })
    })
  }

  write(): Promise<string | undefined> {
    return new Promise((resolve) => this.waiting.push(resolve))
  }

  quit(): Promise<void> {
    if (!this.quits()) return new Promise(() => {})
    this.isOver = true
    this.turn()
    return Promise.resolve()
  }

  /** The device takes or gives a frame; answers whether anybody was waiting for that. */
  turn(err?: string): boolean {
    const [first] = this.waiting.splice(0, 1)
    first?.(err)
    return first !== undefined
  }
}

function device(id: number, name: string): AddonDevice {
  return { id, name, maxInputChannels: 2, maxOutputChannels: 2 }
}

class FakeServer implements SoundServer {
  outputs: ServerDevice[] | null = [{ id: 'ear', name: 'Ear', isDefault: true, portAudioName: 'hearsay_output_0' }]

  async look(): Promise<ServerDevices | null> {
    return this.outputs === null ? null : { inputs: [], outputs: this.outputs }
  }

  changed: (() => void) | null = null

  watch(changed: () => void): () => void {
    this.changed = changed
    return () => {
      this.changed = null
    }
  }

  advice(): string {
    return 'Plug one in.'
  }
}

function lab() {
  const world = new World(1)
  const [addon, server] = [new FakeAddon(), new FakeServer()]
  const sound = new PortAudioSound(addon, new VirtualClock(world.time), server)
  const settle = <T>(promise: Promise<T>): Promise<T> => world.settle(promise, 60_000)
  return { world, addon, server, sound, settle }
}

function opened(outcome: SoundStream | SoundFault): SoundStream {
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome
}

describe('a device that falls silent', () => {
  test('ends its stream after a second, once, and can be opened again', async () => {
    const { addon, sound, settle } = lab()
    const playing = new Player(440, 3)
    opened(await settle(sound.openPlayback({ device: 'ear' }, playing)))
    addon.opened[0]!.turn()
    expect(await settle(playing.over)).toMatchObject({ code: 'silent' })
    expect(addon.opened[0]!.isOver).toBe(true)
    const again = new Player(440, 1)
    opened(await settle(sound.openPlayback({ device: 'ear' }, again)))
    expect([addon.opened.length, playing.faults.length, again.count]).toEqual([2, 1, 1])
  })

  test('is not taken for silent while frames come, however slowly', async () => {
    const { world, addon, sound, settle } = lab()
    const recorded = new Recorder(30)
    opened(await settle(sound.openCapture({ device: null }, recorded)))
    for (let i = 0; i < 30; i++) {
      await settle(new Promise<void>((resolve) => world.time.at(world.time.nowMs + 900, resolve)))
      expect(addon.opened[0]!.turn()).toBe(true)
    }
    await settle(recorded.enough)
    expect(recorded.faults).toEqual([])
  })

  test('on a server that hangs leaves nothing to be opened, and says that another process is needed', async () => {
    const { addon, sound, settle } = lab()
    const playing = new Player(440, 1)
    opened(await settle(sound.openPlayback({ device: null }, playing)))
    addon.quits = false
    await settle(playing.over)
    expect(await settle(sound.openPlayback({ device: null }, new Player(440, 1)))).toMatchObject({ code: 'stuck' })
  })
})

test('what goes wrong for a moment is counted, and the frame counts all the same', async () => {
  const { addon, sound, settle } = lab()
  const recorded = new Recorder(2)
  const stream = opened(await settle(sound.openCapture({ device: null }, recorded)))
  addon.opened[0]!.turn('portAudio status - input overflow ')
  await settle(recorded.first)
  addon.opened[0]!.turn()
  await settle(recorded.enough)
  expect(stream.statistics).toEqual({ frames: 2, gaps: 1 })
})

describe('a device that was plugged in while another is open', () => {
  test('is found by letting go of the other for a moment', async () => {
    const { addon, server, sound, settle } = lab()
    const first = new Player(440, 3)
    const kept = opened(await settle(sound.openPlayback({ device: 'ear' }, first)))
    server.outputs!.push({ id: 'usb', name: 'USB', isDefault: false, portAudioName: 'hearsay_output_1' })
    addon.devices = [device(0, 'default'), device(1, 'hearsay_output_1'), device(2, 'hearsay_output_0')]
    opened(await settle(sound.openPlayback({ device: 'usb' }, new Player(440, 1))))
    expect(addon.opened.map(({ deviceId, isOver }) => [deviceId, isOver])).toEqual([
      [1, true],
      [2, false],
      [1, false],
    ])
    addon.opened[1]!.turn()
    await settle(first.enough)
    expect(first.faults).toEqual([])
    await settle(kept.close())
  })

  test('does not interrupt those who speak if it is not there', async () => {
    const { addon, sound, settle } = lab()
    opened(await settle(sound.openPlayback({ device: 'ear' }, new Player(440, 1))))
    expect(await settle(sound.openPlayback({ device: 'usb' }, new Player(440, 1)))).toMatchObject({ code: 'gone' })
    expect(addon.opened.map(({ isOver }) => isOver)).toEqual([false])
  })
})

describe('a device that is pulled out', () => {
  test('ends its stream, though the server goes on by playing it elsewhere', async () => {
    const { addon, server, sound, settle } = lab()
    const playing = new Player(440, 3)
    opened(await settle(sound.openPlayback({ device: 'ear' }, playing)))
    const other = new Player(440, 3)
    opened(await settle(sound.openPlayback({ device: null }, other)))
    server.outputs = [{ id: 'usb', name: 'USB', isDefault: true, portAudioName: 'hearsay_output_1' }]
    server.changed!()
    expect(await settle(playing.over)).toMatchObject({ code: 'gone' })
    expect([addon.opened.map(({ isOver }) => isOver), other.faults]).toEqual([[true, false], []])
  })

  test('is looked for as long as somebody has chosen one, or wants to know', async () => {
    const { server, sound, settle } = lab()
    const [first, second] = [sound.watch(() => {}), sound.watch(() => {})]
    first()
    expect(server.changed).not.toBeNull()
    second()
    expect(server.changed).toBeNull()
    const stream = opened(await settle(sound.openPlayback({ device: 'ear' }, new Player(440, 1))))
    expect(server.changed).not.toBeNull()
    await settle(stream.close())
    expect(server.changed).toBeNull()
  })
})

describe('without a sound server', () => {
  test('the devices are those of PortAudio, equal names told apart, and can be opened by them', async () => {
    const { addon, server, sound, settle } = lab()
    server.outputs = null
    addon.devices = [device(0, 'USB Audio: \u202e- (hw:1,0)'), device(1, 'Same'), device(2, 'Same')]
    const devices = await settle(sound.devices())
    expect(devices.ok && devices.outputs.map(({ name }) => name)).toEqual(['USB Audio: - (hw:1,0)', 'Same', 'Same (2)'])
    const last = devices.ok ? devices.outputs[2]! : null
    opened(await settle(sound.openPlayback({ device: last!.id }, new Player(440, 1))))
    expect(addon.opened[0]!.deviceId).toBe(2)
  })

  test('and without any device, a sentence says what is missing', async () => {
    const { addon, server, sound, settle } = lab()
    server.outputs = null
    addon.devices = []
    expect(await settle(sound.openCapture({ device: null }, new Recorder(1)))).toMatchObject({
      code: 'no-device',
      message: 'No microphone is there. Plug one in.',
    })
  })
})

test('a device that does not open is a sentence, and the next one opens', async () => {
  const { addon, sound, settle } = lab()
  addon.openError = 'Could not open stream: Device unavailable'
  expect(await settle(sound.openCapture({ device: null }, new Recorder(1)))).toMatchObject({ code: 'gone' })
  addon.openError = 'Format not supported: Invalid sample rate'
  expect(await settle(sound.openCapture({ device: null }, new Recorder(1)))).toMatchObject({
    code: 'failed',
    message:
      'The sound device cannot be opened: Format not supported: Invalid sample rate. /voice devices lists others.',
  })
  addon.openError = null
  opened(await settle(sound.openCapture({ device: null }, new Recorder(1))))
})

test.each([
  ["Cannot find module 'naudiodon/build/Release/naudiodon.node'", 'not-built', /no voice/],
  ['libasound.so.2: cannot open shared object file: No such file or directory', 'no-library', /install libasound2/],
  ['libm.so.6: cannot open shared object file: No such file or directory', 'no-library', /libm\.so\.6 is missing/],
  ['a.node: failed to map segment from shared object', 'no-library', /TMPDIR/],
  ["/lib/libc.so.6: version `GLIBC_2.35' not found", 'no-library', /GLIBC_2\.35/],
])('an addon that does not load, saying %j, is a sentence', (said, code, sentence) => {
  const fault = cannotLoad(new Error(said))
  expect(fault.code as string).toBe(code)
  expect(fault.message).toMatch(sentence)
})
