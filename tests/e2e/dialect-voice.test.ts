import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { levelAt } from '../ports/sound-ends.ts'
import { readWav, writeWav } from '../voice/wav.ts'
import type { Report } from './original.ts'
import { type Line, type Program, temporaryHome } from './program.ts'
import { Stage } from './stage.ts'
import { Stalls } from './stalls.ts'

/** Voice between the compiled program and an original of the framed network. */

setDefaultTimeout(90_000)

const stage = new Stage()
afterEach(() => stage.close())

describe('voice with an original', () => {
  test('is heard both ways, seen by both, and over when either leaves', async () => {
    const ann = await stage.framed('Ann')
    const home = temporaryHome()
    const [spoken, heard] = [join(home, 'spoken.wav'), join(home, 'heard.wav')]
    writeWav(
      spoken,
      Float32Array.from({ length: 20 * 48_000 }, (_, i) => 0.4 * Math.sin((2 * Math.PI * 500 * i) / 48_000)),
      48_000,
    )
    const sound = ['--audio-in', spoken, '--audio-out', heard, '--no-noise-suppression', '--voice-mode', 'open']
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', `framed@127.0.0.1:${ann.port}`, ...sound])
    await ann.original.until('peer', { state: 'up', id: us.address })
    ann.original.do({ do: 'voice', state: 'join' })
    expect(await us.do({ do: 'voice', action: 'join' })).toMatchObject({ ok: true })
    await ann.original.until('voice_join', { username: 'Ulla', room: 'general' })
    await us.until((line) => line.event === 'voice' && line.peers.some(({ name }) => name === 'Ann (framed)'))
    // Ours is there: 500 Hz, some way below full scale.
    await ann.original.when(
      () => ann.original.of('sound').filter(({ rms }) => Number(rms) > 1_000).length > 50,
      'a second of what we say',
    )
    ann.original.do({ do: 'tone', frames: 100 })
    await us.until(speaksAndEnds('Ann (framed)'))
    ann.original.do({ do: 'voice', state: 'leave' })
    await us.until((line) => line.event === 'voice' && line.change?.what === 'left')
    expect(await us.do({ do: 'voice', action: 'leave' })).toMatchObject({ ok: true })
    await ann.original.until('voice_leave')
    await us.quit()
    const { sound: all, rateHz } = readWav(heard)
    const loudest = Math.max(...windows(all, rateHz / 10).map((window) => levelAt(1_000, window)))
    expect(loudest).toBeGreaterThan(0.2)
  })

  test('a tone of 1 kHz is as loud and whole at a native’s ear who does not know the original, and the other way', async () => {
    const ann = await stage.framed('Ann')
    const home = temporaryHome()
    const wav = (name: string): string => join(home, `${name}.wav`)
    const silence = new Float32Array(48_000)
    const tone = Float32Array.from({ length: 60 * 48_000 }, (_, i) => TONE * Math.sin((2 * Math.PI * i) / 48))
    writeWav(wav('silence'), silence, 48_000)
    writeWav(wav('tone'), tone, 48_000)
    const sound = (mouth: string, ear: string): string[] => {
      const devices = ['--audio-in', wav(mouth), '--audio-out', wav(ear)]
      return [...devices, '--no-noise-suppression', '--voice-mode', 'open']
    }
    const dialect = `framed@127.0.0.1:${ann.port}`
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', dialect, ...sound('silence', 'ulla')])
    const nora = await stage.hearsay(['--username', 'Nora', '--connect', us.address, ...sound('tone', 'nora')])
    await nora.peerUp(us.id)
    await ann.original.until('peer', { state: 'up', id: us.address })
    ann.original.do({ do: 'voice', state: 'join' })
    for (const each of [us, nora]) {
      expect(await each.do({ do: 'voice', action: 'gain', gain: 0 })).toMatchObject({ ok: true })
      expect(await each.do({ do: 'voice', action: 'join' })).toMatchObject({ ok: true })
    }
    await nora.do({ do: 'mute' })
    const isThere = (line: Line): boolean =>
      line.event === 'voice' &&
      line.peers.some(({ name, through }) => name === 'Ann (framed)' && through?.name === 'Ulla')
    await nora.until(isThere)
    // How she hears him is hers to set, though he is passed on.
    for (const [action, silenced] of [
      ['mute', true],
      ['unmute', false],
    ] as const) {
      const set = await nora.do({ do: 'voice', action, peer: 'Ann' })
      expect(set).toMatchObject({ ok: true, peer: { name: 'Ann (framed)' }, silenced })
    }
    const half = await us.do({ do: 'voice', action: 'volume', peer: 'Ann (framed)', percent: 50 })
    expect(half).toMatchObject({ ok: true, volumePercent: 50 })
    await us.do({ do: 'voice', action: 'volume', peer: 'Ann', percent: 100 })
    await us.until((line) => line.event === 'voice' && line.peers.some(({ name }) => name === 'Nora'))
    const stalls = new Stalls([us.pid, nora.pid])
    ann.original.do({ do: 'tone', frames: 250 })
    const toned = await ann.original.until('toned')
    await nora.when(() => !isSpeaking(nora, 'Ann (framed)'))
    for (const { fromMs, toMs } of late(toned)) stalls.add(fromMs, toMs)
    const before = ann.original.of('sound').length
    await nora.do({ do: 'unmute' })
    const loud = () =>
      ann.original
        .of('sound')
        .slice(before)
        .filter(({ rms }) => Number(rms) > 100)
    await ann.original.when(() => loud().length > 260, 'five seconds of Nora')
    stalls.stop()
    await nora.quit()
    await us.quit()
    // At the two ears: whole, and as loud as it was.
    const beganMs = Number(toned['began'])
    for (const ear of ['ulla', 'nora']) {
      const { sound: all, rateHz } = readWav(wav(ear))
      const levels = windows(all, rateHz / 10).map((window) => decibels(levelAt(1_000, window) / ORIGINAL_TONE))
      const first = levels.findIndex((level) => Math.abs(level) < 1)
      const told = { ear, levels: levels.slice(first, first + WINDOWS + 2), stalls: stalls.all }
      expect(first).not.toBe(-1)
      const proven = levels.slice(first, first + WINDOWS + 2).map((level, i) => ({
        isRight: Math.abs(level) < 1,
        isExcused: stalls.within(beganMs + 100 * i - BEFORE_MS, beganMs + 100 * (i + 1) + AFTER_MS),
      }))
      check(proven, WINDOWS, told)
    }
    const heard = loud().slice(5, 255)
    const sequences = heard.map(({ sequence }) => Number(sequence))
    const frames = heard.map(({ rms, sequence, at }, i) => ({
      isRight:
        Math.abs(decibels((Number(rms) * Math.SQRT2) / 32_768 / TONE)) < 1 &&
        (i === 0 || Number(sequence) === sequences[i - 1]! + 1),
      isExcused: stalls.within(Number(at) - BEFORE_MS, Number(at) + AFTER_MS),
    }))
    const told = { ear: 'Ann', levels: heard.map(({ rms, sequence }) => `${sequence}: ${rms}`), stalls: stalls.all }
    check(frames, 250, told)
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
    expect(new Set(heard.map(({ sender }) => sender))).toEqual(new Set([us.address]))
  })
})

/** Of the original's tone, and of that in the WAV file. */
const ORIGINAL_TONE = 10_000 / 32_768
const TONE = 0.4
/** Of five seconds, in tenths: the first and the last begin and end within one. */
const WINDOWS = 48
/**
 * What is heard at a moment was said so long before at most, by way of two programs, each with what it gathers; and a program that stood still then
 * plays what it missed a little later.
 */
const BEFORE_MS = 300
const AFTER_MS = 500
/** A frame that leaves so late is not there when its turn comes: what is gathered against that is three of them. */
const LATE_MS = 20

/** So many in a row are right, but for what something excuses; and most nothing has to excuse, or nothing was shown. */
function check(all: readonly { isRight: boolean; isExcused: boolean }[], count: number, told: object): void {
  let [run, longest] = [0, 0]
  for (const { isRight, isExcused } of all) {
    run = isRight || isExcused ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  const wrong = all.flatMap(({ isRight, isExcused }, i) => (isRight || isExcused ? [] : [i]))
  if (longest < count) throw new Error(`${longest} in a row of ${count}, wrong are ${wrong}: ${JSON.stringify(told)}`)
  expect(all.filter(({ isRight }) => isRight).length).toBeGreaterThan(count / 2)
}

/** When an original that speaks by the clock had frames that did not leave in time. */
function late({ began, late }: Report): { fromMs: number; toMs: number }[] {
  if (!Array.isArray(late)) throw new Error('it told no times')
  const beganMs = Number(began)
  return late.flatMap((lateMs: number, i) =>
    lateMs < LATE_MS ? [] : [{ fromMs: beganMs + 20 * i, toMs: beganMs + 20 * i + lateMs }],
  )
}

/** As was told last. */
function isSpeaking(program: Program, who: string): boolean {
  const told = program.lines.findLast((line) => line.event === 'voice')
  return told?.event === 'voice' && told.peers.some(({ name, speaking }) => name === who && speaking)
}

/** Fits the line that tells that somebody has stopped speaking. */
function speaksAndEnds(who: string): (line: Line) => boolean {
  let spoke = false
  return (line) => {
    if (line.event !== 'voice') return false
    const speaks = line.peers.some(({ name, speaking }) => name === who && speaking)
    const isOver = spoke && !speaks
    spoke ||= speaks
    return isOver
  }
}

function decibels(ratio: number): number {
  return 20 * Math.log10(Math.max(1e-6, ratio))
}

/** A sound in pieces of so many samples. */
function windows(sound: Float32Array, samples: number): Float32Array[] {
  return Array.from({ length: Math.floor(sound.length / samples) }, (_, i) =>
    sound.subarray(i * samples, (i + 1) * samples),
  )
}
