import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import type { VoiceEvent } from '../../../src/app/events.ts'
import { VOICE_OFF, type VoiceView } from '../../../src/app/voice/contract.ts'
import { runScreen } from '../../../src/ui/screen/screen.ts'
import { voiceMessage } from '../../../src/ui/screen/voice.ts'
import { FakeChat } from '../../app/fake-chat.ts'
import { inVoice } from '../../app/fake-voice.ts'
import { Collector, signalSource } from '../streams.ts'
import { Emulator } from './emulator.ts'
import { ALICE, BOB, CAROL, Stage } from './stage.ts'

const ON: VoiceView = { ...VOICE_OFF, state: 'on', room: 'general', ready: true }

function news(more: Partial<VoiceEvent> = {}): VoiceEvent {
  return { event: 'voice', state: 'on', room: 'general', peers: [], deafened: false, talking: false, ...more }
}

/** Three people in a room, and voice as it is viewed. */
function stage(view: VoiceView, event: VoiceEvent | null = news(), columns = 100): Stage {
  const people = [ALICE, { ...BOB, voice: 'on' }, CAROL] as const
  const made = new Stage({ columns, rows: 20 }).enter('dev').enter('general').with(people, 2)
  return made.tell(voiceMessage(view, ALICE.id, event))
}

const status = (made: Stage): string => made.rows.at(-2)!.trim()

describe('voice on the screen', () => {
  test('marks who is in voice, who speaks and who is muted, and whom we do not want to hear', () => {
    const quiet = stage({ ...ON, peers: [inVoice(BOB)] })
    expect(quiet.rows.join('\n')).toContain('  Bob ◂')
    expect(quiet.rows.join('\n')).not.toContain('◂))')
    expect(stage({ ...ON, peers: [inVoice(BOB, { speaking: true })] }).rows.join('\n')).toContain('  Bob ◂))')
    expect(stage({ ...ON, peers: [inVoice(BOB, { muted: true })] }).rows.join('\n')).toContain('  Bob muted')
    const silenced = stage({ ...ON, peers: [inVoice(BOB, { speaking: true, silenced: true })] })
    expect(silenced.rows.join('\n')).toContain('  Bob muted')
    expect(stage({ ...ON, talking: true }).rows.join('\n')).toContain('  Alice ◂))')
    expect(stage({ ...ON, talking: true, muted: true, state: 'muted' }).rows.join('\n')).toContain('  Alice muted')
  })

  test('tells in the status line how we stand, where, and what talks', () => {
    expect(status(stage(VOICE_OFF, null))).not.toContain('voice')
    expect(status(stage(ON))).toContain('· voice on')
    expect(status(stage({ ...ON, muted: true }))).toContain('· voice muted')
    expect(status(stage({ ...ON, muted: true, deafened: true }))).toContain('· voice deafened')
    expect(status(stage({ ...ON, room: 'dev' }))).toContain('· voice on in dev')
    const push = { ...ON, mode: 'push', talkKey: 'f8' } as const
    expect(status(stage(push))).toContain('· voice on, F8 talks')
    expect(status(stage({ ...push, pressed: true }))).toContain('· voice on, talking')
  })

  test('says in the narrowest status line too whether one can be heard', () => {
    expect(status(stage({ ...ON, muted: true }, news(), 40))).toBe('general · voice muted')
    expect(status(stage({ ...ON, muted: true, room: 'dev' }, news(), 40))).toBe('general · voice muted in dev')
    expect(status(stage(VOICE_OFF, null, 40))).toBe('general · 3 people · 2 links')
    expect(status(stage(ON, news(), 40).with([ALICE], 0))).toBe('general · nobody connected · voice on')
  })

  test('names who speaks where the people are not beside', () => {
    const peers = [inVoice(BOB, { speaking: true })]
    expect(status(stage({ ...ON, peers }, news(), 60))).toContain('voice on: Bob')
    expect(status(stage({ ...ON, peers }, news(), 100))).not.toContain('Bob')
  })

  test('counts who is in voice in each room, ourselves too', () => {
    expect(stage(ON, news({ peers: [inVoice(BOB)] })).rows.join('\n')).toMatch(/^2 general +◂2│/m)
    const without = news({ state: 'off', room: 'dev', peers: [inVoice(BOB)] })
    const made = stage(VOICE_OFF, without)
    expect(made.rows.join('\n')).toMatch(/^1 dev +◂1│/m)
    made.tell(voiceMessage(VOICE_OFF, ALICE.id, news({ state: 'off', room: 'dev' })))
    expect(made.rows.join('\n')).not.toContain('◂1')
  })

  test('shows how loud the microphone is while it is tested', () => {
    const made = stage({ ...VOICE_OFF, test: { peakDb: -30, levelDb: -40 } }, null)
    expect(status(made)).toContain(`mic ${'#'.repeat(10)}${'-'.repeat(10)}`)
    expect(status(made.tell(voiceMessage(VOICE_OFF, ALICE.id, null)))).not.toContain('mic')
  })
})

/** The screen over a chat with nobody behind it, at a terminal that is a test. */
function sit() {
  const chat = new FakeChat()
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const output = Object.assign(new Collector(), { isTTY: true, columns: 100, rows: 24 })
  const over = runScreen({ chat, input, output, signals: signalSource(), env: { TERM: 'xterm' }, nowMs: () => 0 })
  const shows = (text: string): Promise<void> =>
    output.until((written) => {
      const emulator = new Emulator(100, 24)
      emulator.write(written)
      return emulator.text.join('\n').includes(text)
    })
  return { chat, input, output, over, shows }
}

const asked = (chat: FakeChat): string[] => chat.asked.filter((line) => line.startsWith('voice'))

const BEGIN = '\x1b[>2u'
const END = '\x1b[<u'

describe('the talk key on the screen', () => {
  test('has the keyboard tell of releases for as long as it is used, and no longer', async () => {
    const { chat, input, output, over, shows } = sit()
    await shows('general>')
    chat.voice.shown = ON
    chat.emit(news())
    await shows('voice on')
    expect(output.text).not.toContain('\x1b[?u')
    chat.voice.shown = { ...ON, mode: 'push', talkKey: 'f8' }
    chat.emit(news())
    await output.until((text) => text.includes('\x1b[?u'))
    expect(output.text).not.toContain(BEGIN)
    input.write('\x1b[?0u')
    await output.until((text) => text.includes(BEGIN))
    input.write('a\x1b[19;1:1~\x1b[19;1:2~')
    await shows('general> a')
    expect(asked(chat)).toEqual(['voice press true'])
    input.write('\x1b[19;1:3~b')
    await shows('general> ab')
    expect(asked(chat)).toEqual(['voice press true', 'voice press false'])
    input.write('\x15\x04')
    expect(await over).toBe(0)
    expect(output.text.indexOf(END)).toBeGreaterThan(output.text.indexOf(BEGIN))
    expect(output.text.indexOf(END)).toBeLessThan(output.text.indexOf('\x1b[?1049l'))
  })

  test('is let go when somebody looks elsewhere, where its release would not be told', async () => {
    const { chat, input, output, over, shows } = sit()
    await shows('general>')
    chat.voice.shown = { ...ON, mode: 'push', talkKey: 'f8' }
    chat.emit(news())
    input.write('\x1b[?0u')
    await output.until((text) => text.includes(BEGIN))
    input.write('\x1b[19;1:1~x')
    await shows('general> x')
    input.write('\x1b[O\x1b[Iy')
    await shows('general> xy')
    expect(asked(chat)).toEqual(['voice press true', 'voice press false'])
    input.write('\x15\x04')
    await over
  })

  test('leaves other keys as they are', async () => {
    const { chat, input, over, shows } = sit()
    await shows('general>')
    chat.voice.shown = { ...ON, mode: 'push', talkKey: 'f8' }
    chat.emit(news())
    await shows('F8 talks')
    input.write('now')
    await shows('general> now')
    input.write('\x1b[1;1:1D\x1b[1;1:3D!')
    await shows('general> no!w')
    input.write('\x05\x15\x04')
    await over
  })
})

describe('what happens in voice', () => {
  test('is remarked in its room, and the test of the microphone is shown until it is over', async () => {
    const { chat, input, over, shows } = sit()
    await shows('general>')
    chat.admit('general', BOB)
    chat.emit(news({ state: 'off', change: { what: 'there', id: BOB.id, name: BOB.name } }))
    await shows('Bob is in voice in general; /voice join talks')
    chat.voice.shown = { ...VOICE_OFF, test: { peakDb: -30, levelDb: -40 } }
    chat.emit({ event: 'level', peakDb: -30, levelDb: -40, gaps: 0 })
    await shows('mic ###')
    chat.voice.shown = VOICE_OFF
    chat.emit({ event: 'notice', code: 'voice-test', message: 'The test is over.' })
    await shows('The test is over.')
    input.write('\x1bv')
    await shows('general>')
    input.write('\x04')
    await over
    expect(asked(chat)).toEqual(['voice mute null'])
  })
})
