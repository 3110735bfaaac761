import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import type { VoiceEvent } from '../../src/app/events.ts'
import { VOICE_OFF } from '../../src/app/voice/contract.ts'
import { meter } from '../../src/ui/meter.ts'
import { runPrompt } from '../../src/ui/prompt/prompt.ts'
import { VoiceMark } from '../../src/ui/prompt/voice-mark.ts'
import { BOB, CAROL, FakeChat } from '../app/fake-chat.ts'
import { inVoice } from '../app/fake-voice.ts'
import { Screen } from './screen.ts'
import { Collector, inputOf, signalSource } from './streams.ts'

const NOON_MS = new Date(2026, 4, 1, 12, 0).getTime()
const DAVE = { id: 'dave'.padEnd(52, 'd'), name: 'Dave' }

function start(input = new PassThrough(), chat = new FakeChat()) {
  const output = new Collector()
  const options = { chat, input, output, signals: signalSource(), env: {}, nowMs: () => 0, wallMs: () => NOON_MS }
  return { chat, input, output, over: runPrompt(options) }
}

function news(more: Partial<VoiceEvent>): VoiceEvent {
  return { event: 'voice', state: 'on', room: 'general', peers: [], deafened: false, talking: false, ...more }
}

describe('voice at the prompt', () => {
  test('is spoken of without a slash, as in the seed, and M mutes and unmutes', async () => {
    const { input, chat, over, output } = start(inputOf('voice join', 'voice mute', 'voice unmute', 'M', 'voice leave'))
    input.end()
    await over
    const asked = ['voice join (here)', 'voice mute true', 'voice mute false', 'voice mute null', 'voice leave']
    expect(chat.asked).toEqual(asked)
    expect(output.lines).toContain('You left voice.')
  })

  test('who comes, mutes themselves and goes is one line each, and who speaks is none', async () => {
    const { chat, input, over, output } = start()
    const bob = { id: BOB.id, name: BOB.name }
    chat.emit(news({ change: { what: 'joined', ...bob } }))
    chat.emit(news({ peers: [inVoice(BOB, { speaking: true })], talking: true }))
    chat.emit(news({ change: { what: 'muted', ...bob } }))
    chat.emit(news({ change: { what: 'unmuted', ...bob } }))
    chat.emit(news({ change: { what: 'deafened', ...bob } }))
    chat.emit(news({ change: { what: 'left', ...bob } }))
    input.end()
    await over
    expect(output.lines).toEqual([
      '12:00 -!- Bob joined voice in general',
      '12:00 -!- Bob is muted',
      '12:00 -!- Bob can be heard again',
      '12:00 -!- Bob is muted, and hears nobody',
      '12:00 -!- Bob left voice in general',
    ])
  })

  test('where we are not in voice ourselves, that others are is said once, and their muting is not', async () => {
    const { chat, input, over, output } = start()
    for (const person of [BOB, CAROL]) chat.emit(news({ state: 'off', change: { what: 'there', ...person } }))
    chat.emit(news({ state: 'off', change: { what: 'muted', ...BOB } }))
    input.end()
    await over
    expect(output.lines).toEqual(['12:00 -!- Bob is in voice in general; /voice join talks with those who are there'])
  })

  test('without a terminal, a test of the microphone is a line a second', async () => {
    const { chat, input, over, output } = start()
    for (let i = 0; i < 25; i++) chat.emit({ event: 'level', peakDb: -30, levelDb: -33, gaps: 0 })
    input.end()
    await over
    expect(output.lines).toEqual([`mic ${meter(-30)} -30 dB`, `mic ${meter(-30)} -30 dB`])
  })

  test('on a terminal stands in the prompt', async () => {
    const screen = new Screen(80, 24)
    const terminal = Object.assign(new Collector(), { isTTY: true, columns: 80, rows: 24 })
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
    const chat = new FakeChat()
    const over = runPrompt({
      chat,
      input,
      output: terminal,
      signals: signalSource(),
      env: { TERM: 'xterm' },
      nowMs: () => 0,
    })
    await chat.voice.join('general')
    chat.emit(news({}))
    await terminal.until((text) => text.includes('[voice:on]'))
    await chat.voice.mute(true)
    chat.emit(news({ state: 'muted' }))
    await terminal.until((text) => text.includes('[voice:muted]'))
    screen.write(terminal.text)
    expect(screen.text).toEqual(['[general] [voice:muted] >'])
    input.end()
    await over
  })
})

describe('the mark in the prompt', () => {
  const mark = () => new VoiceMark(({ name }) => name)
  const on = { ...VOICE_OFF, state: 'on', room: 'general', ready: true } as const

  test('is as the seed had it, and says more where there is more', () => {
    expect(mark().text(VOICE_OFF, 0, 'general')).toBe('')
    expect(mark().text(on, 0, 'general')).toBe('[voice:on] ')
    expect(mark().text({ ...on, state: 'muted', muted: true }, 0, 'general')).toBe('[voice:muted] ')
    expect(mark().text({ ...on, muted: true, deafened: true }, 0, 'general')).toBe('[voice:muted] [deafened] ')
    expect(mark().text({ ...on, pressed: true }, 0, 'general')).toBe('[voice:on] [talking] ')
    expect(mark().text(on, 0, 'dev')).toBe('[voice:on] [in general] ')
    expect(mark().text({ ...VOICE_OFF, test: { peakDb: 0, levelDb: -3 } }, 0, 'general')).toBe(
      `[mic ${'#'.repeat(20)}] `,
    )
  })

  test('names who speaks, for a moment longer than they do, and never those who are not to be heard', () => {
    const voice = mark()
    const speaking = { speaking: true }
    const peers = [inVoice(BOB, speaking), inVoice(CAROL, speaking), inVoice(DAVE, { ...speaking, silenced: true })]
    expect(voice.text({ ...on, peers }, 0, 'general')).toBe('[voice:on] [Bob, Carol] ')
    const quiet = [inVoice(BOB), inVoice(CAROL, speaking), inVoice(DAVE, speaking)]
    expect(voice.text({ ...on, peers: quiet }, 1_000, 'general')).toBe('[voice:on] [Bob, Carol, +1] ')
    expect(voice.text({ ...on, peers: quiet }, 2_000, 'general')).toBe('[voice:on] [Carol, Dave] ')
  })

  test('the meter is full at full scale and empty where nothing is heard', () => {
    expect([meter(3), meter(0), meter(-30), meter(-60), meter(-127)]).toEqual(
      [20, 20, 10, 0, 0].map((full) => '#'.repeat(full) + '-'.repeat(20 - full)),
    )
  })
})
