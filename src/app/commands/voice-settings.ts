import type { Outcome } from '../chat.ts'
import { type Command, defineCommand } from '../command.ts'
import type { Person } from '../events.ts'
import type { VoiceChoices } from '../voice/contract.ts'
import { namesOf } from './views.ts'
import { device, number, numberOr, oneOf, onOff, onOffToggle, peerBeforeNumber } from './voice-arguments.ts'
import { choiceLine, deviceLines } from './voice-views.ts'

/** The parts of `/voice` that choose something, and what to choose from. */

const PERCENT = { label: 'percent', min: 0, max: 200, unit: /%$/ } as const
const DECIBELS = { label: 'dB', min: -20, max: 20, unit: /db$/i } as const
const KILOBITS = { label: 'kbit/s', min: 12, max: 64, unit: /(kbit\/s|kbps|k)$/i } as const

const KEYS = ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8', 'f9', 'f10', 'f11', 'f12', 'ctrl-space', 'none'] as const

/** One of them, without all of their names in every list of commands. */
const talkKey = () => ({ ...oneOf(...KEYS), usage: '<f1…f12|ctrl-space|none>' })

type Chosen = { readonly choices: VoiceChoices }

const show = ({ choices }: Chosen): string[] => [`Chosen: ${choiceLine(choices)}.`]

export const VOICE_SETTINGS: readonly Command[] = [
  defineCommand({
    ...{ name: 'voice volume', aliases: ['vol'], group: 'Voice' },
    args: { peer: peerBeforeNumber(), percent: number(PERCENT) },
    help: 'how loud you hear a peer, or everybody: 100 is as they come',
    async run(chat, { peer, percent }): Promise<Outcome<Chosen | { peer: Person; volumePercent: number }>> {
      return peer === null
        ? chat.voice.choose({ volumePercent: percent })
        : chat.voice.tune(peer, { volumePercent: percent })
    },
    show(answer, chat) {
      if ('choices' in answer) return show(answer)
      return [`You hear ${namesOf(chat).show(answer.peer)} at ${answer.volumePercent} %.`]
    },
  }),
  defineCommand({
    ...{ name: 'voice devices', aliases: [], group: 'Voice', args: {} },
    help: 'what there is to record from, and to play on',
    run: (chat) => chat.voice.devices(),
    show: ({ inputs, outputs }) => [
      ...deviceLines('To record from', inputs, 'in'),
      ...deviceLines('To play on', outputs, 'out'),
    ],
  }),
  defineCommand({
    ...{ name: 'voice device', aliases: [], group: 'Voice', args: { side: oneOf('in', 'out'), device: device() } },
    help: 'choose one: by name, number, or default',
    run: (chat, { side, device }) => chat.voice.useDevice(side, device),
    show: ({ side, device }) => {
      const what = device === null ? 'whatever is the default' : device.name
      return [side === 'in' ? `You are recorded from ${what}.` : `You hear the others on ${what}.`]
    },
  }),
  defineCommand({
    ...{ name: 'voice test', aliases: [], group: 'Voice', args: { on: onOffToggle() } },
    help: 'hear yourself, and see how loud you are',
    run: (chat, { on }) => chat.voice.test(on),
    show: ({ testing, seconds }) =>
      testing ? [`The microphone is tried for ${seconds} seconds: wait a moment.`] : ['The test is over.'],
  }),
  defineCommand({
    ...{ name: 'voice mode', aliases: [], group: 'Voice', args: { mode: oneOf('voice', 'push', 'open') } },
    help: 'what opens the microphone: your voice, a key, or nothing has to',
    run: (chat, { mode }) => chat.voice.choose({ mode }),
    show,
  }),
  defineCommand({
    ...{ name: 'voice key', aliases: [], group: 'Voice', args: { key: talkKey() } },
    help: 'what is held for push-to-talk',
    run: (chat, { key }) => chat.voice.choose({ talkKey: key === 'none' ? null : key }),
    show,
  }),
  defineCommand({
    ...{ name: 'voice noise', aliases: [], group: 'Voice', args: { on: onOff() } },
    help: 'keep the noise around you from the others, or not',
    run: (chat, { on }) => chat.voice.choose({ noiseSuppression: on }),
    show,
  }),
  defineCommand({
    ...{ name: 'voice gain', aliases: [], group: 'Voice', args: { gain: numberOr('auto', DECIBELS) } },
    help: 'how much louder you are made, or as much as it takes',
    run: (chat, { gain }) => chat.voice.choose({ gain }),
    show,
  }),
  defineCommand({
    ...{ name: 'voice bitrate', aliases: [], group: 'Voice', args: { kbit: number(KILOBITS) } },
    help: 'what your voice takes while the network is well',
    run: (chat, { kbit }) => chat.voice.choose({ bitrate: Math.round(kbit * 1_000) }),
    show,
  }),
  defineCommand({
    ...{ name: 'voice frame', aliases: [], group: 'Voice', args: { ms: oneOf('10', '20') } },
    help: '10 ms is heard sooner, 20 takes less',
    run: (chat, { ms }) => chat.voice.choose({ frameMs: ms === '10' ? 10 : 20 }),
    show,
  }),
  defineCommand({
    ...{ name: 'voice chimes', aliases: [], group: 'Voice', args: { on: onOff() } },
    help: 'whether you hear others join and leave',
    run: (chat, { on }) => chat.voice.choose({ chimes: on }),
    show,
  }),
]
