import { describe, expect, test } from 'bun:test'
import { type JsonObject, type Reply, readLine, readObject } from '../../src/app/command.ts'
import { COMMANDS } from '../../src/app/commands/table.ts'
import { BOB, CAROL, FakeChat } from './fake-chat.ts'
import { inVoice } from './fake-voice.ts'

interface Answer {
  readonly reply: Reply
  readonly lines: readonly string[]
  readonly asked: readonly string[]
}

async function run(given: string | JsonObject, chat = new FakeChat()): Promise<Answer> {
  const before = chat.asked.length
  const command = typeof given === 'string' ? readLine(COMMANDS, given) : readObject(COMMANDS, given)
  if (command === null) throw new Error('a blank line')
  const reply = command.ok ? await command.run(chat) : command
  return { reply, lines: reply.ok ? reply.lines() : [reply.message], asked: chat.asked.slice(before) }
}

/** Each part of `/voice` as people type it and as programs send it. */
const SAME: readonly (readonly [line: string, object: JsonObject, asked: readonly string[]])[] = [
  ['/voice', {}, []],
  ['/voice status', { action: 'status' }, []],
  ['/voice join', { action: 'join' }, ['voice join (here)']],
  ['/v on #Dev', { action: 'ON', room: 'dev' }, ['voice join dev']],
  ['/voice leave', { action: 'leave' }, ['voice leave']],
  ['/voice mute', { action: 'mute' }, ['voice mute true']],
  ['/voice unmute', { action: 'unmute' }, ['voice mute false']],
  ['/voice m', { action: 'toggle' }, ['voice mute null']],
  ['/voice mute "Bob J"', { action: 'mute', peer: 'Bob J' }, ['voice tune Bob J {"silenced":true}']],
  ['/voice unmute @Bob', { action: 'unmute', peer: '@Bob' }, ['voice tune Bob {"silenced":false}']],
  ['/voice silence Bob', { action: 'silence', peer: 'Bob' }, ['voice tune Bob {"silenced":true}']],
  ['/voice deafen', { action: 'deafen' }, ['voice deafen true']],
  ['/voice undeafen', { action: 'undeafen' }, ['voice deafen false']],
  ['/voice ptt', { action: 'ptt' }, ['voice press null']],
  ['/voice ptt off', { action: 'ptt', on: false }, ['voice press false']],
  ['/voice talk toggle', { action: 'talk', on: 'toggle' }, ['voice press null']],
  ['/voice peers', { action: 'peers' }, []],
  ['/voice volume 150%', { action: 'volume', percent: 150 }, ['voice choose {"volumePercent":150}']],
  ['/voice vol Bob 50', { action: 'vol', peer: 'Bob', percent: 50 }, ['voice tune Bob {"volumePercent":50}']],
  [
    '/voice volume "Bob J" 0 %',
    { action: 'volume', peer: 'Bob J', percent: 0 },
    ['voice tune Bob J {"volumePercent":0}'],
  ],
  ['/voice volume "7" 90', { action: 'volume', peer: '7', percent: 90 }, ['voice tune 7 {"volumePercent":90}']],
  ['/voice devices', { action: 'devices' }, ['voice devices']],
  ['/voice device in Blue Mic', { action: 'device', side: 'in', device: 'Blue Mic' }, ['voice device in Blue Mic']],
  ['/voice device out default', { action: 'device', side: 'out', device: 'default' }, ['voice device out null']],
  ['/voice test', { action: 'test' }, ['voice test null']],
  ['/voice test off', { action: 'test', on: false }, ['voice test false']],
  ['/voice mode PUSH', { action: 'mode', mode: 'push' }, ['voice choose {"mode":"push"}']],
  ['/voice key f9', { action: 'key', key: 'f9' }, ['voice choose {"talkKey":"f9"}']],
  ['/voice key none', { action: 'key', key: 'none' }, ['voice choose {"talkKey":null}']],
  ['/voice noise off', { action: 'noise', on: false }, ['voice choose {"noiseSuppression":false}']],
  ['/voice gain auto', { action: 'gain', gain: 'auto' }, ['voice choose {"gain":"auto"}']],
  ['/voice gain -6.5dB', { action: 'gain', gain: -6.5 }, ['voice choose {"gain":-6.5}']],
  ['/voice bitrate 24 kbit/s', { action: 'bitrate', kbit: 24 }, ['voice choose {"bitrate":24000}']],
  ['/voice frame 10', { action: 'frame', ms: '10' }, ['voice choose {"frameMs":10}']],
  ['/voice chimes off', { action: 'chimes', on: false }, ['voice choose {"chimes":false}']],
]

describe('/voice as a line and as JSON', () => {
  test.each(SAME)('%s', async (line, object, asked) => {
    const typed = await run(line)
    const sent = await run({ do: 'voice', ...object })
    expect(typed.asked).toEqual([...asked])
    expect(sent.asked).toEqual([...asked])
    expect([typed.reply.ok, typed.reply.to]).toEqual([true, 'voice'])
    expect(sent.lines).toEqual(typed.lines)
  })

  test.each([
    ['/voice jion', '/voice: "jion" means nothing here; did you mean /voice join?'],
    ['/voice volume Bob', '/voice volume: it needs a number from 0 to 200. Usage: /voice volume [<peer>] <percent>'],
    ['/voice volume 201', '/voice volume: it needs a number from 0 to 200. Usage: /voice volume [<peer>] <percent>'],
    ['/voice gain loud', '/voice gain: it needs auto, or a number from -20 to 20. Usage: /voice gain <auto|dB>'],
    ['/voice mode shout', '/voice mode: "shout" is none of voice, push, open. Usage: /voice mode <voice|push|open>'],
    ['/voice noise', '/voice noise: it needs on or off. Usage: /voice noise <on|off>'],
    ['/ptt up', '/ptt: it takes on, off or toggle. Usage: /ptt [<on|off|toggle>]'],
    ['/voice join dev now', '/voice join: "now" is too much. Usage: /voice join [<room>]'],
  ])('%s is refused with what it takes', async (line, message) => {
    const { reply, lines } = await run(line)
    expect(reply.ok).toBe(false)
    expect(lines).toEqual([message])
  })

  test('a program is told which field is wrong', async () => {
    expect((await run({ do: 'voice', action: 7 })).lines).toEqual(['voice: "action" must be a string.'])
    expect((await run({ do: 'voice', action: 'volume' })).reply).toMatchObject({ ok: false, to: 'voice' })
    expect((await run({ do: 'voice', action: 'noise', on: 'maybe' })).lines).toEqual([
      'voice noise: it needs on or off.',
    ])
  })

  test('/help voice lists the parts, and /help voice volume explains one', async () => {
    const { lines } = await run('/help voice')
    const { parts = [] } = COMMANDS.find('voice')!
    for (const { usage, help } of parts)
      expect(lines.some((line) => line.includes(usage) && line.endsWith(help))).toBe(true)
    expect((await run('/help voice volume')).lines[0]).toBe('/voice volume [<peer>] <percent>')
    expect((await run('/help voice louder')).reply.ok).toBe(false)
  })
})

describe('what people are told', () => {
  test('who is there, how they are reached, and how they are heard', async () => {
    const chat = new FakeChat()
    await chat.voice.join('general')
    const numbers = { lossPercent: 1.5, jitterMs: 2.4, delayMs: 41.2, rttMs: 30.4 }
    chat.admit('general', BOB)
    chat.admit('general', CAROL)
    const bob = inVoice(BOB, { speaking: true, path: 'direct', ...numbers })
    const carol = inVoice(CAROL, { muted: true, path: 'relayed', through: BOB, volumePercent: 50 })
    chat.voice.shown = { ...chat.voice.shown, peers: [bob, carol] }
    const { lines, reply } = await run('/voice peers', chat)
    expect(lines).toEqual([
      'general: 2 others in voice',
      'Bob    speaks  direct, 30 ms  1.5 % lost  jitter 2 ms  delay 41 ms',
      'Carol  muted   through Bob                                          volume 50 %',
    ])
    expect(reply).toMatchObject({
      ok: true,
      data: { state: 'on', room: 'general', peers: [bob, carol], elsewhere: [] },
    })
  })

  test('who is in voice where we are not', async () => {
    const chat = new FakeChat()
    chat.voice.others.set('general', [inVoice(BOB)])
    expect((await run('/voice peers', chat)).lines).toEqual(['general: 1 person in voice, without you', 'Bob  silent'])
    expect((await run('/voice peers')).lines).toEqual(['Nobody is in voice. /voice join begins.'])
  })

  test('how it stands, in every state', async () => {
    const chat = new FakeChat()
    expect((await run('/voice join', chat)).lines).toEqual([
      'You are in voice in general.',
      'Nobody else is there yet.',
    ])
    expect((await run('/mute', chat)).lines[0]).toContain('muted. /unmute')
    expect((await run('/deafen', chat)).lines[0]).toContain('hear nobody')
    const [, sound, chosen] = (await run('/voice', chat)).lines
    expect(sound).toBe('There is no microphone and nothing to play on; UDP port none.')
    expect(chosen).toStartWith('Chosen: opened by your voice, 32 kbit/s, frames of 20 ms')
    expect((await run('/voice leave', chat)).lines).toEqual(['You left voice.'])
  })

  test('devices come with numbers to choose them by', async () => {
    expect((await run('/voice devices')).lines).toEqual([
      'To record from (/voice device in <number> chooses)',
      '  * 1  Microphone  the default',
      'To play on: none',
    ])
  })

  test('a fault is passed on', async () => {
    const chat = new FakeChat()
    chat.voice.fault = { ok: false, code: 'voice-not-built', message: 'This build has no voice.' }
    const told = { ok: false, to: 'voice', code: 'voice-not-built', message: 'This build has no voice.' } as const
    expect((await run('/voice join', chat)).reply).toEqual(told)
  })
})
