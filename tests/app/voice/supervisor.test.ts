import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../../src/adapters/system-clock.ts'
import type { VoiceReport } from '../../../src/app/voice/messages.ts'
import { ownProgram, voiceEnvironment } from '../../../src/app/voice/own-program.ts'
import { type ProcessState, VoiceSupervisor } from '../../../src/app/voice/supervisor.ts'
import type { Clock } from '../../../src/ports/clock.ts'

const CHILD = join(import.meta.dir, 'supervised-entry.ts')
const PARENT = join(import.meta.dir, 'supervisor-entry.ts')

/** The real clock, for which what is ahead is nearer. */
function hurried(times: number): Clock {
  const nowMs = (): number => systemClock.nowMs() * times
  return { ...systemClock, nowMs, timer: (atMs, fire) => systemClock.timer(atMs / times, fire) }
}

/** Time that passes when a test says so. */
class HandClock implements Clock {
  private atMs = 0
  private readonly timers = new Map<() => void, number>()

  readonly wallMs = systemClock.wallMs
  readonly defer = systemClock.defer
  readonly nowMs = (): number => this.atMs

  timer(atMs: number, fire: () => void): () => void {
    const once = (): void => fire()
    this.timers.set(once, atMs)
    return () => void this.timers.delete(once)
  }

  /** As for a process that is stopped meanwhile: what was due is due late, at the end. */
  pass(ms: number): void {
    this.atMs += ms
    for (const [fire, atMs] of [...this.timers]) if (atMs <= this.atMs && this.timers.delete(fire)) fire()
  }
}

class Lab {
  readonly states: ProcessState[] = []
  readonly reports: VoiceReport[] = []
  readonly logged: string[] = []
  readonly supervisor: VoiceSupervisor
  private readonly waiters = new Set<() => void>()

  constructor(mode: string, clock: Clock = systemClock) {
    this.supervisor = new VoiceSupervisor({
      command: [process.execPath, CHILD, mode],
      environment: process.env,
      clock,
      log: (code) => this.note(this.logged, code),
      changed: (state) => this.note(this.states, state),
      heard: (report) => this.note(this.reports, report),
    })
  }

  get now(): ProcessState['is'] | undefined {
    return this.states.at(-1)?.is
  }

  /** What has become of it, but for signs of life. */
  get news(): VoiceReport[] {
    return this.reports.filter(({ tell }) => tell !== 'alive')
  }

  async until(met: () => boolean): Promise<void> {
    while (!met()) await new Promise<void>((resolve) => this.waiters.add(resolve))
  }

  /** Asks for the devices; the stand-in names its folder and its process there. */
  async who(): Promise<{ folder: string; pid: number }> {
    const before = this.news.length
    await this.until(() => this.now === 'running')
    expect(this.supervisor.send({ do: 'devices' })).toBe(true)
    await this.until(() => this.news.slice(before).some(({ tell }) => tell === 'devices'))
    const report = this.news.findLast(({ tell }) => tell === 'devices')
    if (report?.tell !== 'devices') throw new Error('no devices')
    return { folder: report.inputs[0]!.id, pid: Number(report.inputs[0]!.name) }
  }

  private note<T>(into: T[], what: T): void {
    into.push(what)
    for (const waiter of this.waiters) waiter()
    this.waiters.clear()
  }
}

let lab: Lab
afterEach(() => lab.supervisor.stop())

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('a voice process', () => {
  test('is started, hears and is heard, and ends with its folder', async () => {
    lab = new Lab('well')
    lab.supervisor.start()
    lab.supervisor.start()
    const { folder, pid } = await lab.who()
    expect(existsSync(folder)).toBe(true)
    await lab.supervisor.stop()
    expect(lab.states.map(({ is }) => is)).toEqual(['starting', 'running', 'ended'])
    expect([existsSync(folder), lives(pid), lab.supervisor.send({ do: 'devices' })]).toEqual([false, false, false])
  })

  test.if(process.platform === 'linux')(
    'is a session of its own, so that it has its own share of the processor',
    async () => {
      lab = new Lab('well')
      lab.supervisor.start()
      const { pid } = await lab.who()
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
      expect(Number(fields[3])).toBe(pid)
    },
  )

  test('that is killed is there again within two seconds, time after time', async () => {
    lab = new Lab('well')
    lab.supervisor.start()
    for (let round = 0; round < 3; round++) {
      const { folder, pid } = await lab.who()
      const killedMs = performance.now()
      process.kill(pid, 'SIGKILL')
      await lab.until(() => lab.now === 'restarting')
      expect((await lab.who()).pid).not.toBe(pid)
      expect(performance.now() - killedMs).toBeLessThan(2_000)
      expect(existsSync(folder)).toBe(false)
    }
    const restarting = lab.states.find(({ is }) => is === 'restarting')
    expect(restarting).toEqual({ is: 'restarting', message: 'Voice has crashed (signal SIGKILL) and is coming back.' })
  })

  test('that has been heard for a while is started again at once, also the fifth time in a row', async () => {
    const clock = new HandClock()
    lab = new Lab('well', clock)
    lab.supervisor.start()
    for (let round = 0; round < 5; round++) {
      const { pid } = await lab.who()
      clock.pass(1_600)
      const { length } = lab.states
      process.kill(pid, 'SIGKILL')
      await lab.until(() => lab.states.length > length)
      clock.pass(0)
      expect(lab.states.slice(length).map(({ is }) => is)).toEqual(['restarting', 'starting'])
    }
  })

  test('is not taken for one that hangs by somebody who was stopped for a minute themselves', async () => {
    const clock = new HandClock()
    lab = new Lab('well', clock)
    lab.supervisor.start()
    const { pid } = await lab.who()
    clock.pass(60_000)
    const { length } = lab.reports
    await lab.until(() => lab.reports.length > length)
    clock.pass(4_000)
    expect([lab.logged, lab.now, lives(pid)]).toEqual([[], 'running', true])
    // And one that then is not heard of is ended all the same.
    process.kill(pid, 'SIGSTOP')
    for (let i = 0; i < 12; i++) clock.pass(500)
    expect(lab.logged).toEqual(['voice-hangs'])
    await lab.until(() => lab.now === 'restarting')
  })

  test('that is killed is not said to have died of what ALSA prints all the time', async () => {
    lab = new Lab('chatters')
    lab.supervisor.start()
    process.kill((await lab.who()).pid, 'SIGKILL')
    await lab.until(() => lab.now === 'restarting')
    const message = 'Voice has crashed (signal SIGKILL, saying: assertion failed) and is coming back.'
    expect(lab.states.at(-1)).toEqual({ is: 'restarting', message })
  })

  test('that hangs is ended, and started again', async () => {
    lab = new Lab('well', hurried(10))
    lab.supervisor.start()
    const { pid } = await lab.who()
    lab.supervisor.send({ do: 'quiet' })
    await lab.until(() => lab.now === 'restarting')
    expect(lab.logged).toContain('voice-hangs')
    expect((await lab.who()).pid).not.toBe(pid)
  })

  test('that does not end when it is told to is ended', async () => {
    lab = new Lab('lingers', hurried(10))
    lab.supervisor.start()
    const { pid } = await lab.who()
    await lab.supervisor.stop()
    expect([lab.now, lives(pid)]).toEqual(['ended', false])
  })

  test('that crashes each time is given up after some tries, however long each took, with its last words, and tried again when it is wanted', async () => {
    const clock = new HandClock()
    lab = new Lab('crashes', clock)
    lab.supervisor.start()
    for (let tries = 1; tries <= 20; tries++) {
      // It has not got the processor yet, nor have we.
      clock.pass(20_000)
      await lab.until(() => lab.now !== 'starting')
      clock.pass(0)
    }
    expect(lab.now).toBe('failed')
    expect(lab.states.filter(({ is }) => is === 'starting').length).toBe(20)
    const message =
      'Voice cannot be kept running: its process ends each time, with status 7, saying: assertion failed: no sound.'
    expect(lab.states.at(-1)).toEqual({ is: 'failed', message })
    lab.supervisor.start()
    expect(lab.now).toBe('starting')
  }, 30_000)

  test('that cannot be started at all is no fault of ours either', async () => {
    lab = new Lab('well', hurried(1_000))
    const supervisor = new VoiceSupervisor({ ...lab.supervisor['options'], command: ['/nowhere/hearsay'] })
    supervisor.start()
    await lab.until(() => lab.now === 'failed')
    expect(lab.states.at(-1)).toMatchObject({ is: 'failed' })
  })

  test('that has nowhere for its temporary files is not tried again, and what to do is told', async () => {
    lab = new Lab('well')
    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = '/nowhere/at/all'
    try {
      lab.supervisor.start()
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
    expect(lab.states.map(({ is }) => is)).toEqual(['starting', 'failed'])
    const last = lab.states.at(-1)!
    expect(last.is === 'failed' && last.message).toMatch(
      /^Voice has no room for temporary files \(ENOENT.*\)\. Set TMPDIR/,
    )
    lab.supervisor.start()
    expect((await lab.who()).pid).toBeGreaterThan(0)
  })

  test('that speaks strangely is not believed', async () => {
    lab = new Lab('well')
    lab.supervisor.start()
    await lab.who()
    lab.supervisor.send({ do: 'loopback', input: null, output: null, delayMs: 0 })
    await lab.who()
    expect(lab.logged.filter((code) => code === 'voice-message').length).toBe(4)
    expect(lab.news.map(({ tell }) => tell)).toEqual(['ready', 'devices', 'devices'])
  })

  test('ends when the main process is killed', async () => {
    lab = new Lab('well')
    const main = Bun.spawn([process.execPath, PARENT, process.execPath, CHILD, 'well'], { stdin: 'ignore' })
    const { value } = await main.stdout.getReader().read()
    const pid = Number(new TextDecoder().decode(value))
    expect(lives(pid)).toBe(true)
    main.kill('SIGKILL')
    await main.exited
    // Not ours, so nothing tells of its end.
    const deadlineMs = performance.now() + 5_000
    while (lives(pid) && performance.now() < deadlineMs) await Bun.sleep(10)
    expect(lives(pid)).toBe(false)
  })
})

test('run from its source, this program is started again as what runs and what it runs', () => {
  expect(ownProgram()).toEqual([process.execPath, Bun.main])
})

describe('the environment of a voice process', () => {
  test('has room for what waits, a folder of its own, and a configuration for ALSA', () => {
    expect(voiceEnvironment({ HOME: '/home/ann' }, '/tmp/v')).toEqual({
      HOME: '/home/ann',
      BUN_TMPDIR: '/tmp/v',
      ALSA_CONFIG_PATH: '/tmp/v/alsa.conf',
      PA_ALSA_PLUGHW: '1',
      HEARSAY_URGENT: '1',
      UV_THREADPOOL_SIZE: '8',
    })
  })

  test("keeps the user's own configuration, and more threads", () => {
    const own = { ALSA_CONFIG_PATH: '/home/ann/my.conf', UV_THREADPOOL_SIZE: '16' }
    expect(voiceEnvironment(own, '/tmp/v')).toMatchObject(own)
    for (const few of ['2', '', 'many', '-1']) {
      expect(voiceEnvironment({ UV_THREADPOOL_SIZE: few }, '/tmp/v')['UV_THREADPOOL_SIZE']).toBe('8')
    }
  })
})
