import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pace } from '../../src/adapters/pace.ts'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { streamKey } from '../../src/app/voice/engine-member.ts'
import type { MemberStatistics, VoiceStatistics } from '../../src/app/voice/reports.ts'
import { seededRng } from '../../src/base/rng.ts'
import { LIMIT } from '../../src/core/voice/limiter.ts'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { VOICE_DATAGRAM_BYTES_MAX, VoiceSealer } from '../../src/wire/voice-datagram.ts'
import { voiceSound } from '../ports/voice-sound.ts'
import { type EncodedSpeech, encodeSpeech, RawSpeaker, speakTo } from './raw-speakers.ts'
import { VoiceNode } from './voice-node.ts'
import { readWav, writeWav } from './wav.ts'

/** A real voice process at whose socket everything arrives that may, while somebody honest speaks to it. */

setDefaultTimeout(60_000)

const HOST = '127.0.0.1'
const UDP_BYTES_MAX = 65_507
/** Somebody listens there no more: what is sent there comes back as an error of the socket. */
const CLOSED_PORT = 9
const WARM_MS = 1_500
const STORM_MS = 2_000
/** Of the honest one, at most, while another's flood fills the system's buffer for the socket. */
const LOST_SHARE_MAX = 0.05
/** The same processors make the flood, and what other tests left running. */
const CONCEALED_SHARE_MAX = 0.2
const SPEECH_S = 8
const TICKS_A_SECOND = 100

describe('at the socket of a voice process', () => {
  const rng = seededRng(7)
  let folder = ''
  let speech: EncodedSpeech
  let node: VoiceNode
  let honest: RawSpeaker
  let socket: Bun.udp.Socket<'buffer'>
  let answers = 0
  let stops: (() => void)[] = []

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hearsay-hostile-'))
    speech = await encodeSpeech(voiceSound(SPEECH_S * SAMPLE_RATE_HZ))
    writeWav(join(folder, 'nothing.wav'), new Float32Array(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    const files = { input: join(folder, 'nothing.wav'), output: join(folder, 'heard.wav') }
    node = new VoiceNode('listener', { files, settings: { muted: true } })
    await node.start()
    await node.begin()
    answers = 0
    const data = (): void => void answers++
    socket = await Bun.udpSocket({ hostname: HOST, port: 0, socket: { data, error() {} } })
    honest = new RawSpeaker('honest', speech)
    node.send({ do: 'member', member: honest.member({ host: HOST, port: CLOSED_PORT }) })
    stops = [await speakTo([honest], node.endpoint)]
    await Bun.sleep(WARM_MS)
  })
  afterEach(async () => {
    for (const stop of stops) stop()
    socket.close()
    await node.stop()
    rmSync(folder, { recursive: true })
  })

  function send(bytes: Uint8Array): void {
    try {
      socket.send(bytes, node.endpoint.port, HOST)
    } catch {
      // The system is short of room for it.
    }
  }

  /** So many each 10 ms, for a while; answers how many there were. */
  async function storm(each10ms: number, make: (i: number) => Uint8Array): Promise<number> {
    let count = 0
    const stop = pace(systemClock, () => {
      for (let i = 0; i < each10ms; i++) send(make(count++))
    })
    await Bun.sleep(STORM_MS)
    stop()
    return count
  }

  /** After all that was sent was looked at. */
  async function statistics(): Promise<VoiceStatistics> {
    await node.next('statistics')
    return (await node.next('statistics')).statistics
  }

  function hearing(of: VoiceStatistics, id: string): NonNullable<MemberStatistics['hearing']> {
    return of.members.find((member) => member.id === id)!.hearing!
  }

  /** The honest one was heard all the time, by the process that was there at first, and nothing else was. */
  async function expectUnharmed(pid: number | null, after: VoiceStatistics): Promise<void> {
    const { received, lost, playedTicks, concealedTicks } = hearing(after, honest.id)
    expect(node.pid).toBe(pid)
    expect(received).toBeGreaterThan(100)
    expect(lost / received).toBeLessThan(LOST_SHARE_MAX)
    expect(concealedTicks / playedTicks).toBeLessThan(CONCEALED_SHARE_MAX)
    await node.stop()
    let peak = 0
    for (const sample of readWav(join(folder, 'heard.wav')).sound) peak = Math.max(peak, Math.abs(sample))
    expect(peak).toBeWithin(0.05, LIMIT + 0.001)
  }

  test('any bytes of any length, forged and replayed datagrams are dropped and counted, and answered by nothing', async () => {
    const { pid } = node
    for (const size of [0, 1, 8, VOICE_DATAGRAM_BYTES_MAX, VOICE_DATAGRAM_BYTES_MAX + 1, UDP_BYTES_MAX]) {
      for (const first of [0xb1, 0xb9, 0]) send(rng.bytes(size).fill(first, 0, 1))
    }
    const stranger = new VoiceSealer(streamKey({ ...honest.audio, secret: 'cd'.repeat(32) }, 'audio'), 50_000)
    const forged = new Uint8Array(VOICE_DATAGRAM_BYTES_MAX)
    const real = honest.next().slice()
    const elsewhere = await Bun.udpSocket({ hostname: HOST, port: 0 })
    elsewhere.send(real, node.endpoint.port, HOST)
    stops.push(() => elsewhere.close())
    await storm(5, (i) => {
      if (i % 3 === 0) return rng.bytes(rng.below(1_500))
      return i % 3 === 1 ? forged.subarray(0, stranger.seal(rng.bytes(80), forged)) : real
    })
    const after = await statistics()
    expect(Object.keys(after.drops)).toEqual(
      expect.arrayContaining(['short', 'long', 'form', 'unknown', 'forged', 'replayed']),
    )
    for (const reason of ['forged', 'replayed', 'long', 'form'] as const) expect(after.drops[reason]).toBeGreaterThan(0)
    expect(answers).toBe(0)
    await expectUnharmed(pid, after)
  })

  test('10,000 datagrams a second of a member who says nonsense leave the others as they are', async () => {
    const { pid } = node
    const noisy = new RawSpeaker('noisy', speech)
    node.send({ do: 'member', member: noisy.member({ host: HOST, port: CLOSED_PORT }) })
    const sent = await storm(100, (i) => (i % 4 === 0 ? noisy.sealed(rng.bytes(1 + rng.below(300))) : noisy.next()))
    const after = await statistics()
    expect(after.received).toBeGreaterThan(sent / 4)
    expect(after.drops['excess']! + after.drops['flood']!).toBeGreaterThan(sent / 10)
    await expectUnharmed(pid, after)
  })

  test('Opus that does not decode is made up for, and a sequence that jumps by 2^31 is followed', async () => {
    const { pid } = node
    const odd = new RawSpeaker('odd', speech)
    node.send({ do: 'member', member: odd.member({ host: HOST, port: CLOSED_PORT }) })
    // Begins like 20 ms of speech, and then is anything.
    await storm(1, (i) => (i % 2 === 0 ? odd.saying(rng.bytes(60).fill(0x78, 0, 1)) : new Uint8Array(0)))
    const far = new VoiceSealer(streamKey(odd.audio, 'audio'), 2 ** 31 - 100)
    const bytes = new Uint8Array(VOICE_DATAGRAM_BYTES_MAX)
    for (let i = 0; i < 90; i++) send(bytes.subarray(0, far.seal(rng.bytes(40), bytes)))
    await Bun.sleep(100)
    for (let i = 0; i < 50; i++) send(odd.next())
    const after = await statistics()
    expect(hearing(after, odd.id).received).toBeGreaterThan(50)
    expect(after.drops['malformed']).toBeGreaterThan(50)
    expect(after.drops['replayed']).toBeGreaterThan(40)
    await expectUnharmed(pid, after)
  })

  test('of 100 who speak at once 25 are heard, and everything goes on', async () => {
    const { pid } = node
    const crowd = Array.from({ length: 100 }, (_, i) => new RawSpeaker(`crowd ${i}`, speech, 7 * i, 20))
    for (const each of crowd) node.send({ do: 'member', member: each.member({ host: HOST, port: CLOSED_PORT }) })
    stops.push(await speakTo(crowd, node.endpoint))
    await Bun.sleep(STORM_MS)
    const before = await statistics()
    const after = (await node.next('statistics')).statistics
    const played = (of: VoiceStatistics): number =>
      of.members.reduce((sum, { id }) => sum + hearing(of, id).playedTicks, 0)
    expect(after.members.length).toBe(101)
    // In one second, or a little more where the machine is late.
    expect((played(after) - played(before)) / TICKS_A_SECOND).toBeWithin(10, 35)
    await expectUnharmed(pid, after)
  })
})
