import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createSocket, type Socket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bunTcp } from '../../src/adapters/bun-tcp.ts'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { type DialectTelling, Sockets } from '../../src/app/dialects/sockets.ts'
import { seededRng } from '../../src/base/rng.ts'
import { FramedMachine } from '../../src/dialects/framed/machine.ts'
import { encodeSound } from '../../src/dialects/framed/sound.ts'
import { FramedVoice, mixSamples } from '../../src/dialects/framed/voice.ts'
import { Original } from '../e2e/original.ts'

setDefaultTimeout(30_000)

const FRAMES = 100
const AMPLITUDE = 10_000

let closing: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(closing.map((close) => close()))
  closing = []
})

/** 20 ms of a 1 kHz tone. */
function tone(frame: number): Int16Array {
  return Int16Array.from({ length: 320 }, (_, i) =>
    Math.round(AMPLITUDE * Math.sin((2 * Math.PI * (frame * 320 + i)) / 16)),
  )
}

function rms(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length)
}

function decibels(level: number): number {
  return 20 * Math.log10(level / (AMPLITUDE / Math.SQRT2))
}

async function udpSocket(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  closing.push(() => socket.close())
  return { socket, port: socket.address().port }
}

const FROM = { host: '127.0.0.1', port: 6_001 }

function inVoice(): FramedVoice {
  const voice = new FramedVoice('127.0.0.1:1')
  voice.joined('127.0.0.1:5001', 'Bob', 'general', FROM)
  voice.enter('general', 0)
  voice.takeOutputs()
  return voice
}

function datagram(
  sequence: number,
  more: Partial<{ room: string; sender: string; samples: Int16Array }> = {},
): Uint8Array {
  return encodeSound({ room: 'general', sender: '127.0.0.1:5001', samples: tone(0), sequence, ...more })
}

describe('voice of the originals', () => {
  test('comes in order or not at all, from members of the room and from where they are', () => {
    const voice = inVoice()
    const taken = (bytes: Uint8Array, from = FROM): boolean => {
      voice.received(bytes, from, 0)
      return voice.takeOutputs().some(({ kind }) => kind === 'sound')
    }
    expect([1, 2, 2, 1, 3, 0].map((sequence) => taken(datagram(sequence)))).toEqual([
      true,
      true,
      false,
      false,
      true,
      true,
    ])
    expect(taken(datagram(9, { sender: '127.0.0.1:9' }))).toBe(false)
    expect(taken(datagram(9, { room: 'dev' }))).toBe(false)
    expect(taken(datagram(9), { host: '127.0.0.1', port: 6_009 })).toBe(false)
    voice.left('127.0.0.1:5001', 'general')
    expect(taken(datagram(9))).toBe(false)
  })

  test('of several is summed and clamped', () => {
    expect([...mixSamples([Int16Array.of(1, 30_000, -30_000), Int16Array.of(2, 30_000, -30_000)])]).toEqual([
      3, 32_767, -32_768,
    ])
  })

  test('a silent frame a second keeps the way open, and none is sent beside what is said', () => {
    const voice = inVoice()
    for (let ms = 0; ms <= 3_500; ms += 100) voice.wake(ms)
    expect(voice.takeOutputs().filter(({ kind }) => kind === 'datagram').length).toBe(3)
    for (let ms = 3_500; ms < 6_500; ms += 20) {
      voice.speak(tone(0), ms)
      voice.wake(ms)
    }
    expect(voice.takeOutputs().filter(({ kind }) => kind === 'datagram').length).toBe(150)
  })

  test('a tone crosses both ways between it and an original, whole and as loud as it was', async () => {
    const home = mkdtempSync(join(tmpdir(), 'hearsay-voice-'))
    closing.push(() => rmSync(home, { recursive: true, force: true }))
    const { socket, port } = await udpSocket()
    const [tcpPort, udpPort] = [await portOf(), await portOf()]
    const peer = await Original.start(
      'framed',
      ['--port', String(tcpPort), '--udp-port', String(udpPort), '--username', 'Bob'],
      home,
    )
    closing.push(() => peer.kill())
    const voice = new FramedVoice('127.0.0.1:1')
    const sounds: number[] = []
    const machine = new FramedMachine(
      {
        ...{
          id: { host: '127.0.0.1', port: 1 },
          name: 'Ulla',
          bridge: 'b',
          connect: [{ host: '127.0.0.1', port: tcpPort }],
          aheadMs: 0,
        },
        ...{ randomBytes: seededRng(1).bytes, wallMs: () => systemClock.wallMs() },
      },
      voice,
    )
    const told: DialectTelling[] = []
    const sockets = new Sockets(
      machine,
      systemClock,
      bunTcp,
      async () => true,
      (telling) => told.push(telling),
    )
    closing.push(() => sockets.stop())
    const levels: number[] = []
    const flush = (): void => {
      for (const output of voice.takeOutputs()) {
        if (output.kind === 'datagram') socket.send(output.datagram, output.to.port, output.to.host)
        else if (output.kind === 'sound') {
          sounds.push(output.sequence)
          levels.push(rms(output.samples))
        }
      }
    }
    socket.on('message', (bytes, from) => {
      voice.received(bytes, { host: from.address, port: from.port }, systemClock.nowMs())
      flush()
    })
    sockets.run((each, nowMs) => each.start(nowMs))
    await peer.until('peer', { state: 'up' })
    voice.enter('general', systemClock.nowMs())
    sockets.run((each, nowMs) => each.voiceState('general', port, nowMs))
    await peer.until('voice_join', { username: 'Ulla' })
    peer.do({ do: 'voice', state: 'join' })
    while (voice.present.length === 0) await Bun.sleep(10)

    peer.do({ do: 'tone', frames: FRAMES })
    while (sounds.length < FRAMES) await Bun.sleep(20)
    expect(sounds).toEqual(Array.from({ length: FRAMES }, (_, i) => i + 1))
    for (const level of levels) expect(Math.abs(decibels(level))).toBeLessThan(1)

    for (let frame = 0; frame < FRAMES; frame++) {
      voice.speak(tone(frame), systemClock.nowMs())
      flush()
      await Bun.sleep(5)
    }
    await peer.when(() => peer.of('sound').length >= FRAMES, 'the whole tone')
    const heard = peer
      .of('sound')
      .map(({ sequence, rms: level }) => ({ sequence: Number(sequence), level: Number(level) }))
    expect(heard.map(({ sequence }) => sequence)).toEqual(Array.from({ length: FRAMES }, (_, i) => i + 1))
    for (const { level } of heard) expect(Math.abs(decibels(level))).toBeLessThan(1)
    sockets.run((each, nowMs) => each.voiceState('general', null, nowMs))
    await peer.until('voice_leave')
  })
})

async function portOf(): Promise<number> {
  const { socket, port } = await udpSocket()
  closing.pop()
  socket.close()
  return port
}
