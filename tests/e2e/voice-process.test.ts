import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { systemClock } from '../../src/adapters/system-clock.ts'
import type { VoiceReport } from '../../src/app/voice/messages.ts'
import { VoiceSupervisor } from '../../src/app/voice/supervisor.ts'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { PulseServer, soundTests } from '../ports/pulse-server.ts'
import { levelAt, Tone } from '../ports/sound-ends.ts'
import { EXECUTABLE } from './program.ts'

setDefaultTimeout(60_000)

const HZ = 600
const SPOKEN_SECONDS = 30
const WINDOW_BYTES = 0.2 * SAMPLE_RATE_HZ * Float32Array.BYTES_PER_ELEMENT

/** The compiled program's voice process, between a microphone and headphones of a sound server of our own. */
class Rig {
  readonly reports: VoiceReport[] = []
  readonly supervisor: VoiceSupervisor
  private readonly waiters = new Set<() => void>()

  constructor(readonly server: PulseServer) {
    this.supervisor = new VoiceSupervisor({
      command: [EXECUTABLE],
      environment: { ...server.environment, ALSA_CONFIG_PATH: undefined },
      clock: systemClock,
      log: () => {},
      changed: ({ is }) => {
        if (is === 'running') this.supervisor.send({ do: 'loopback', input: 'mic.monitor', output: 'ear', delayMs: 0 })
      },
      heard: (report) => {
        this.reports.push(report)
        for (const waiter of this.waiters) waiter()
        this.waiters.clear()
      },
    })
  }

  async until(met: (report: VoiceReport) => boolean): Promise<void> {
    const from = this.reports.length
    while (!this.reports.slice(from).some(met)) await new Promise<void>((resolve) => this.waiters.add(resolve))
  }

  speak(): void {
    const samples = new Float32Array(SPOKEN_SECONDS * SAMPLE_RATE_HZ)
    new Tone(HZ).fill(samples)
    this.server.play('mic', samples)
  }

  /** Waits until what is said comes out. */
  async heard(): Promise<void> {
    let window: Buffer<ArrayBufferLike> = Buffer.alloc(0)
    for await (const piece of this.server.record('ear')) {
      window = Buffer.concat([window, piece]).subarray(-WINDOW_BYTES)
      if (window.length === WINDOW_BYTES && levelAt(HZ, new Float32Array(new Uint8Array(window).buffer)) > 0.3) return
    }
  }
}

describe.skipIf(!soundTests)('the voice process of the compiled program', () => {
  let rig: Rig
  beforeEach(async () => {
    rig = new Rig(await PulseServer.start())
  })
  afterEach(async () => {
    await rig.supervisor.stop()
    await rig.server.close()
  })

  test('records and plays, and when it is killed is heard again two seconds later', async () => {
    rig.speak()
    rig.supervisor.start()
    await rig.heard()
    const killed = rig.supervisor.pid
    const killedMs = performance.now()
    process.kill(killed!, 'SIGKILL')
    await rig.until(({ tell }) => tell === 'ready')
    await rig.until(({ tell }) => tell === 'level')
    expect(performance.now() - killedMs).toBeLessThan(2_000)
    await rig.heard()
    expect(rig.supervisor.pid).not.toBe(killed)
  })

  test('tells that the sound server has died, and lives on', async () => {
    rig.supervisor.start()
    await rig.until(({ tell }) => tell === 'level')
    const { pid } = rig.supervisor
    rig.server.kill()
    await rig.until((report) => report.tell === 'fault' && report.code === 'silent')
    rig.supervisor.send({ do: 'devices' })
    await rig.until((report) => report.tell === 'devices' && report.outputs.length === 0)
    expect(rig.supervisor.pid).toBe(pid)
  })
})
