import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseCommand, parseReport, type VoiceCommand, type VoiceReport } from '../../../src/app/voice/messages.ts'
import { SETTINGS } from './engine-lab.ts'

const KEY = { tag: 2 ** 32 - 1, secret: '0f'.repeat(32) }
const MEMBER = {
  ...{ id: 'ada', tag: 7, audio: KEY, theirs: KEY, ours: KEY, endpoints: [{ host: '::1', port: 65_535 }] },
  ...{ volumePercent: 150, muted: false, chime: true },
}
const BEGIN = {
  do: 'begin',
  room: 'general',
  host: '127.0.0.1',
  port: 0,
  tag: 0,
  audio: KEY,
  settings: SETTINGS,
} as const
const COUNTS = {
  sealed: 1,
  sealedBytes: 2,
  sent: 3,
  unsent: 0,
  received: 4,
  passedOn: 0,
  captureGaps: 0,
  playbackGaps: 0,
}
const STATISTICS = {
  ...COUNTS,
  ...{ drops: { forged: 1 }, passDrops: {}, bitrate: 32_000, lossPercent: 0, againAge: 0, cpuPercent: 3.5 },
  members: [{ id: 'ada', path: 'none' as const, via: null, endpoint: null, rttMs: null, hearing: null, heard: null }],
}

const COMMANDS: readonly VoiceCommand[] = [
  { do: 'devices' },
  { do: 'loopback', input: null, output: 'ear', delayMs: 500 },
  { do: 'quiet' },
  { do: 'files', input: '/tmp/in.wav', output: null },
  BEGIN,
  { do: 'settings', settings: { ...SETTINGS, input: 'mic', pressed: true } },
  { do: 'member', member: MEMBER },
  { do: 'gone', id: 'ada', chime: false },
  { do: 'key', audio: KEY, afterMs: 500 },
  { do: 'end' },
]

const REPORTS: readonly VoiceReport[] = [
  { tell: 'ready' },
  { tell: 'alive' },
  { tell: 'devices', inputs: [{ id: 'mic', name: 'Mic', isDefault: true }], outputs: [] },
  { tell: 'level', peakDb: -3.5, levelDb: -127, gaps: 0 },
  { tell: 'fault', code: 'silent', message: 'It has fallen silent.' },
  { tell: 'begun', room: 'general', port: 5_000, local: [{ host: '127.0.0.1', port: 5_000 }] },
  { tell: 'seen', as: [{ host: '192.0.2.1', port: 5_000, by: 2 }] },
  { tell: 'sound', input: true, output: false },
  { tell: 'speaking', ids: ['ada'], self: false },
  { tell: 'statistics', statistics: STATISTICS },
]

test('what one process tells is what the other hears', () => {
  for (const command of COMMANDS) expect(parseCommand(JSON.parse(JSON.stringify(command)))).toEqual(command)
  for (const report of REPORTS) expect(parseReport(JSON.parse(JSON.stringify(report)))).toEqual(report)
})

test.each([
  null,
  'devices',
  { do: 'dance' },
  { do: 'loopback', input: null, output: null },
  { do: 'loopback', input: null, output: null, delayMs: 1e9 },
  { do: 'loopback', input: 'x'.repeat(2_000), output: null, delayMs: 0 },
  { ...BEGIN, audio: { tag: 2 ** 32, secret: KEY.secret } },
  { ...BEGIN, audio: { tag: 1, secret: 'secret' } },
  { ...BEGIN, settings: { ...SETTINGS, bitrate: 1e6 } },
  { ...BEGIN, settings: { ...SETTINGS, frameMs: 15 } },
  { do: 'settings', settings: { muted: true } },
  { do: 'member', member: { ...MEMBER, volumePercent: 201 } },
  { do: 'member', member: { ...MEMBER, endpoints: Array.from({ length: 9 }, () => ({ host: '::1', port: 1 })) } },
  { do: 'member', member: { ...MEMBER, id: '' } },
  { do: 'key', audio: KEY, afterMs: 60_000 },
  { do: 'files', input: '', output: null },
])('the command %j is not understood', (message) => expect(parseCommand(message)).toBeNull())

test.each<unknown>([
  'ready',
  { tell: 'level', peakDb: null, levelDb: 0, gaps: 0 },
  { tell: 'level', peakDb: 0, levelDb: 0, gaps: -1 },
  { tell: 'speaking', ids: Array.from({ length: 151 }, () => 'x'), self: false },
  { tell: 'statistics', statistics: { ...STATISTICS, cpuPercent: -1 } },
  { tell: 'devices', inputs: Array.from({ length: 65 }, () => ({ id: '', name: '', isDefault: false })), outputs: [] },
])('the report %j is not understood', (message) => expect(parseReport(message)).toBeNull())

test('whatever comes is heard or not understood, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.anything(), (message) => parseCommand(message) === null && parseReport(message) === null),
    { numRuns: 500 },
  )
})
