import { beforeEach, describe, expect, test } from 'bun:test'
import type { MemberStatistics, VoiceStatistics } from '../../../src/app/voice/reports.ts'
import { VoiceLab } from './voice-lab.ts'

let lab: VoiceLab
beforeEach(() => {
  lab = new VoiceLab()
})

const STATISTICS: VoiceStatistics = {
  members: [],
  ...{ sealed: 0, sealedBytes: 0, sent: 0, unsent: 0, received: 0, drops: {}, passedOn: 0, passDrops: {} },
  ...{ captureGaps: 0, playbackGaps: 0, bitrate: 32_000, lossPercent: 0, againAge: 0, cpuPercent: 1 },
}

function heard(id: string, more: Partial<MemberStatistics>): MemberStatistics {
  return { id, path: 'direct', via: null, endpoint: '127.0.0.1:1', rttMs: 2, hearing: null, heard: null, ...more }
}

describe('joining voice', () => {
  test('starts a voice process, begins where the node listens, and tells members where', async () => {
    const answer = await lab.joined()
    expect(answer).toMatchObject({ ok: true, state: 'on', room: 'general' })
    expect(lab.process.is('begin')).toMatchObject([{ room: 'general', host: '127.0.0.1', port: 9_000 }])
    expect(lab.steering.asked).toEqual(['join general', 'state false false', 'reachable 127.0.0.1:9000'])
    expect(lab.front.view()).toMatchObject({ ready: true, port: 9_000 })
  })

  test('costs nothing before it is wanted', () => {
    lab.meet('Bob', 7)
    expect(lab.front.present('general')).toMatchObject([{ name: 'Bob', path: null }])
    expect([lab.opened, lab.process.starts, lab.front.view().state]).toEqual([0, 0, 'off'])
    expect(lab.voiceEvents).toMatchObject([{ state: 'off', room: 'general', change: { what: 'joined', name: 'Bob' } }])
  })

  test('tells the process of each member, each time something of theirs changes', async () => {
    await lab.joined()
    const id = lab.meet('Bob', 7)
    expect(lab.process.is('member')).toMatchObject([{ member: { id, chime: true, muted: false, volumePercent: 100 } }])
    lab.front.hear({ kind: 'voice-gone', room: 'general', member: new Uint8Array(32).fill(7), chime: true })
    lab.front.hear({ kind: 'voice-key', audio: lab.steering.key(), afterMs: 1_500.4 })
    expect(lab.process.told.slice(-2)).toMatchObject([
      { do: 'gone', id, chime: true },
      { do: 'key', afterMs: 1_500 },
    ])
  })

  test('members that were told of before the process hears are told to it when it does', async () => {
    void lab.front.join(null)
    await lab.turn()
    const id = lab.meet('Bob', 7)
    lab.process.ready()
    expect(lab.process.told.map((command) => command.do)).toEqual(['begin', 'member'])
    expect(lab.process.is('member')).toMatchObject([{ member: { id } }])
  })

  test('a second room leaves the first, in the same process', async () => {
    await lab.joined()
    const answer = lab.front.join('dev')
    await lab.turn()
    lab.begun()
    expect(await answer).toMatchObject({ ok: true, room: 'dev' })
    expect(lab.process.starts).toBe(1)
    expect(lab.process.is('begin').length).toBe(2)
    expect(lab.voiceEvents.find(({ room, state }) => room === 'general' && state === 'off')).toBeDefined()
  })

  test('is refused where the room is not joined, and in a conversation', async () => {
    lab.steering.fault = 'not-joined'
    expect(await lab.front.join('dev')).toMatchObject({ ok: false, code: 'not-joined' })
    expect(await lab.front.join('@bob')).toMatchObject({ ok: false, code: 'not-a-room' })
    expect(lab.process.starts).toBe(0)
  })

  test('where the port is taken another is used, under new keys, and people are told', async () => {
    const answer = lab.front.join(null)
    await lab.turn()
    lab.process.ready()
    lab.process.tell({ tell: 'fault', code: 'port-taken', message: 'UDP 9000 is taken.' })
    const begins = lab.process.is('begin')
    expect(begins).toMatchObject([{ port: 9_000 }, { port: 0 }])
    expect(begins[0]).not.toMatchObject({ audio: expect.objectContaining({ tag: 2 }) })
    lab.begun(4_711)
    expect(await answer).toMatchObject({ ok: true })
    expect(lab.front.view().port).toBe(4_711)
    expect(lab.notices.map(({ message }) => message)).toEqual(['UDP port 9000 is taken: voice uses another.'])
  })

  test.each([['not-built'], ['no-library'], ['not-allowed']])('%s is the answer, and voice is left', async (code) => {
    const answer = lab.front.join(null)
    await lab.turn()
    lab.process.ready()
    lab.process.tell({ tell: 'fault', code, message: 'Install it.' })
    expect(await answer).toEqual({ ok: false, code: `voice-${code}`, message: 'Install it.' })
    await lab.turn()
    expect([lab.steering.room, lab.process.runs, lab.front.view().state]).toEqual([null, false, 'off'])
  })

  test('a fault that is no hindrance is told once voice has begun, and is the answer where it does not', async () => {
    const well = lab.front.join(null)
    await lab.turn()
    lab.process.ready()
    lab.process.tell({ tell: 'fault', code: 'codec', message: 'No suppressor.' })
    lab.begun()
    expect(await well).toMatchObject({ ok: true })
    expect(lab.notices).toMatchObject([{ code: 'voice-codec', message: 'No suppressor.' }])
    const badly = lab.front.join('dev')
    await lab.turn()
    lab.process.tell({ tell: 'fault', code: 'codec', message: 'No codec.' })
    await lab.pass(2_000)
    expect(await badly).toMatchObject({ ok: false, message: 'No codec.' })
  })

  test('a process that never begins is not waited for for ever', async () => {
    const answer = lab.front.join(null)
    await lab.turn()
    await lab.pass(10_001)
    expect(await answer).toMatchObject({ ok: false, code: 'voice-slow' })
  })
})

describe('leaving', () => {
  test('ends the process, and tells the node and people', async () => {
    await lab.joined()
    expect(await lab.front.leave()).toMatchObject({ ok: true, state: 'off', room: null })
    expect(lab.process.is('end').length).toBe(1)
    await lab.turn()
    expect([lab.process.runs, lab.process.stops]).toEqual([false, 1])
    expect(lab.voiceEvents.at(-1)).toMatchObject({ state: 'off', room: 'general' })
    expect(await lab.front.leave()).toMatchObject({ ok: false, code: 'not-in-voice' })
  })

  test('the room leaves its voice, and no other', async () => {
    await lab.joined()
    lab.front.leftRoom('dev')
    expect(lab.steering.room).toBe('general')
    lab.front.leftRoom('general')
    expect(lab.steering.room).toBeNull()
  })

  test('and coming back while the process is still ending starts another', async () => {
    await lab.joined()
    void lab.front.leave()
    const again = lab.front.join(null)
    await lab.turn()
    lab.process.ready()
    lab.begun()
    expect(await again).toMatchObject({ ok: true, room: 'general' })
    expect(lab.process.starts).toBe(2)
  })
})

describe('a voice process that crashes', () => {
  test('says so once, is told everything again under new keys, and says that it is back', async () => {
    await lab.joined()
    const id = lab.meet('Bob', 7)
    const [first] = lab.process.is('begin')
    lab.process.crash()
    expect(lab.notices.map(({ code }) => code)).toEqual(['voice-crashed'])
    expect(lab.front.view()).toMatchObject({ state: 'on', ready: false, port: null })
    lab.process.ready()
    lab.tellMember(new Uint8Array(32).fill(7))
    const [second] = lab.process.is('begin')
    expect(second).not.toEqual(first)
    expect(lab.process.is('member')).toMatchObject([{ member: { id } }])
    expect(lab.steering.asked).toContain('anew')
    lab.begun()
    expect(lab.notices.map(({ code }) => code)).toEqual(['voice-crashed', 'voice-back'])
  })

  test('before it had begun is given the keys that it has not seen', async () => {
    void lab.front.join(null)
    await lab.turn()
    lab.process.crash()
    lab.process.ready()
    expect(lab.steering.asked).not.toContain('anew')
    expect(lab.process.is('begin').length).toBe(1)
  })

  test('again and again is given up, with a sentence', async () => {
    await lab.joined()
    lab.service.processChanged({ is: 'failed', message: 'Voice cannot be kept running.' })
    expect(lab.events.find(({ event }) => event === 'error')).toMatchObject({
      code: 'voice-failed',
      message: 'Voice cannot be kept running. /voice join tries again.',
    })
    expect([lab.steering.room, lab.front.view().state]).toEqual([null, 'off'])
  })
})

describe('what people do', () => {
  const settings = () => lab.process.is('settings').at(-1)

  test('muting and deafening are told to the process and to others, and unmuting ends both', async () => {
    await lab.joined()
    expect(await lab.front.mute(true)).toMatchObject({ state: 'muted', muted: true })
    expect(settings()).toMatchObject({ settings: { muted: true, deafened: false } })
    expect(await lab.front.deafen(true)).toMatchObject({ state: 'muted', deafened: true })
    expect(settings()).toMatchObject({ settings: { muted: true, deafened: true } })
    expect(await lab.front.mute(null)).toMatchObject({ state: 'on', muted: false, deafened: false })
    expect(lab.steering.asked.slice(-3)).toEqual(['state true false', 'state true true', 'state false false'])
    expect(lab.voiceEvents.at(-1)).toMatchObject({ state: 'on', deafened: false })
  })

  test('who mutes before joining joins muted', async () => {
    expect(await lab.front.mute(true)).toMatchObject({ state: 'off', muted: true })
    await lab.joined()
    expect(lab.process.is('begin')).toMatchObject([{ settings: { muted: true } }])
    expect(lab.steering.asked).toContain('state true false')
  })

  test('the talk key works where it is to, and is let go when the mode changes', async () => {
    expect(await lab.front.press(true)).toMatchObject({ ok: false, code: 'not-in-voice' })
    await lab.joined()
    expect(await lab.front.press(true)).toMatchObject({ ok: false, code: 'not-push' })
    await lab.front.choose({ mode: 'push' })
    expect(await lab.front.press(null)).toMatchObject({ ok: true, pressed: true })
    expect(settings()).toMatchObject({ settings: { mode: 'push', pressed: true } })
    await lab.front.choose({ mode: 'voice' })
    expect(settings()).toMatchObject({ settings: { mode: 'voice', pressed: false } })
  })

  test("somebody's volume is set by their id, for now and for when they come back", async () => {
    await lab.joined()
    const id = lab.meet('Bob', 7)
    expect(await lab.front.tune('Bob', { volumePercent: 50 })).toMatchObject({
      peer: { id, name: 'Bob' },
      volumePercent: 50,
    })
    expect(await lab.front.tune('Bob', { silenced: true })).toMatchObject({ volumePercent: 50, silenced: true })
    expect(lab.process.is('member').at(-1)).toMatchObject({ member: { id, volumePercent: 50, muted: true } })
    expect(lab.front.view().peers).toMatchObject([{ id, volumePercent: 50, silenced: true }])
    expect(await lab.front.tune('Nobody', { silenced: true })).toMatchObject({ ok: false, code: 'no-such-peer' })
  })
})

describe('what the process tells', () => {
  test('who speaks and how they are heard is in the view and in events', async () => {
    await lab.joined()
    const [bob, carol] = [lab.meet('Bob', 7), lab.meet('Carol', 8)]
    lab.process.tell({ tell: 'speaking', ids: [bob], self: true })
    expect(lab.voiceEvents.at(-1)).toMatchObject({
      talking: true,
      peers: [{ id: bob, speaking: true }, { speaking: false }],
    })
    const hearing = {
      ...{ received: 9, lost: 1, late: 0, playedTicks: 1, recoveredTicks: 0, concealedTicks: 0 },
      ...{ lossPercent: 1.234, jitterMs: 2.345, delayMs: 41, targetMs: 40 },
    }
    const members = [heard(bob, { hearing }), heard(carol, { path: 'relayed', via: bob })]
    lab.process.tell({ tell: 'statistics', statistics: { ...STATISTICS, members } })
    expect(lab.voiceEvents.at(-1)?.peers).toMatchObject([
      { path: 'direct', lossPercent: 1.2, jitterMs: 2.3, delayMs: 41, rttMs: 2 },
      { path: 'relayed', through: { id: bob, name: 'Bob' }, lossPercent: null },
    ])
  })

  test('where members see us is told to them once two agree', async () => {
    await lab.joined()
    lab.meet('Bob', 7)
    lab.meet('Carol', 8)
    lab.process.tell({ tell: 'seen', as: [{ host: '127.0.0.9', port: 5, by: 1 }] })
    expect(lab.steering.asked.at(-1)).toBe('reachable 127.0.0.1:9000')
    lab.process.tell({ tell: 'seen', as: [{ host: '127.0.0.9', port: 5, by: 2 }] })
    expect(lab.steering.asked.at(-1)).toBe('reachable 127.0.0.9:5 127.0.0.1:9000')
  })

  test('a fault of a device is told, and voice goes on', async () => {
    await lab.joined()
    lab.process.tell({ tell: 'sound', input: false, output: true })
    lab.process.tell({ tell: 'fault', code: 'no-device', message: 'No microphone is there.' })
    expect(lab.notices).toMatchObject([{ code: 'voice-no-device', message: 'No microphone is there.' }])
    expect(lab.front.view()).toMatchObject({ state: 'on', input: false, output: true })
    lab.process.tell({ tell: 'sound', input: true, output: false })
    lab.process.tell({ tell: 'sound', input: true, output: true })
    lab.process.tell({ tell: 'sound', input: true, output: true })
    expect(lab.notices.slice(1)).toMatchObject([{ code: 'voice-sound', message: 'There is sound again.' }])
  })

  test('a sound server that goes takes both directions with it, and is told of once', async () => {
    await lab.joined()
    for (const _ of ['in', 'out', 'in']) {
      lab.process.tell({ tell: 'fault', code: 'silent', message: 'The sound device has fallen silent.' })
      await lab.pass(1_000)
    }
    expect(lab.notices.length).toBe(1)
    await lab.pass(10_000)
    lab.process.tell({ tell: 'fault', code: 'silent', message: 'The sound device has fallen silent.' })
    expect(lab.notices.length).toBe(2)
  })

  test('others who come, mute themselves, and go are told, each once', async () => {
    await lab.joined()
    lab.meet('Bob', 7)
    const member = new Uint8Array(32).fill(7)
    const about = { kind: 'voice-presence', room: 'general', member, name: 'Bob', isNew: false } as const
    lab.front.hear({ ...about, state: 'changed', muted: true, deafened: false })
    lab.front.hear({ ...about, state: 'changed', muted: true, deafened: false })
    lab.front.hear({ ...about, state: 'changed', muted: true, deafened: true })
    lab.front.hear({ ...about, state: 'left', muted: false, deafened: false })
    const changes = lab.voiceEvents.flatMap(({ change }) => (change === undefined ? [] : [change.what]))
    expect(changes).toEqual(['joined', 'muted', 'deafened', 'left'])
  })
})
