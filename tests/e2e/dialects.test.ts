import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MessageEvent } from '../../src/app/events.ts'
import { levelAt } from '../ports/sound-ends.ts'
import { readWav, writeWav } from '../voice/wav.ts'
import type { Line, Program } from './program.ts'
import { freePort, temporaryHome } from './program.ts'
import { Stage } from './stage.ts'

/** The compiled program among the programs it descends from. */

setDefaultTimeout(90_000)

const stage = new Stage()
afterEach(() => stage.close())

function said(program: Program, text: string): MessageEvent[] {
  return program.messages().filter((message) => message.text === text)
}

describe('framed', () => {
  test('in the middle of a chain: both ends hear each other and us, once each, and we hear both', async () => {
    const left = await stage.framed('Lena')
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', `framed@127.0.0.1:${left.port}`])
    const right = await stage.framed('Rob', '--connect', us.address)
    await left.original.until('peer', { state: 'up', id: us.address, username: 'Ulla' })
    await right.original.until('peer', { state: 'up', id: us.address, username: 'Ulla' })
    left.original.do({ do: 'send', msg: 'from the left' })
    await right.original.until('chat', { msg: 'from the left', username: 'Lena', ttl: 4 })
    await us.hears('from the left')
    right.original.do({ do: 'send', msg: 'from the right' })
    await left.original.until('chat', { msg: 'from the right', username: 'Rob', ttl: 4 })
    await us.hears('from the right')
    await us.say('from between')
    for (const { original } of [left, right]) {
      const heard = await original.until('chat', { msg: 'from between', username: 'Ulla', ttl: 5, room: 'general' })
      expect(heard['from']).toBe(us.address)
      expect(heard['ts']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
    }
    expect(said(us, 'from the left')).toMatchObject([
      { from: { name: 'Lena (framed)' }, relayed: 'framed', self: false },
    ])
    for (const { original } of [left, right]) expect(original.of('duplicate')).toEqual([])
    const peers = us.lines.filter((line) => line.event === 'peer' && line.dialect === 'framed')
    expect(peers).toMatchObject([{ verified: false }, { verified: false }])
  })

  test('natives hear originals under a marked name, originals hear natives, and a fork’s messages pass', async () => {
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', 'framed'])
    const native = await stage.hearsay(['--username', 'Nora', '--connect', us.address])
    await native.peerUp(us.id)
    const one = await stage.framed('Nora', '--connect', us.address)
    const two = await stage.framed('Tom', '--connect', us.address)
    await one.original.until('peer', { id: us.address })
    await two.original.until('peer', { id: us.address })
    one.original.do({ do: 'send', msg: 'I am Nora, truly' })
    await native.hears('I am Nora, truly')
    expect(said(native, 'I am Nora, truly')).toMatchObject([{ from: { id: 'framed:Nora', name: 'Nora (framed)' } }])
    await native.say('that is not me')
    await one.original.until('chat', { msg: 'that is not me', username: 'Nora (hearsay)' })
    await two.original.until('chat', { msg: 'that is not me' })
    one.original.do({ do: 'raw', type: 'image', more: { data: 'x'.repeat(1000) } })
    await two.original.until('other', { type: 'image' })
    one.original.do({ do: 'voice', state: 'join' })
    await two.original.until('voice_join', { username: 'Nora', room: 'general' })
    one.original.do({ do: 'voice', state: 'leave' })
    await two.original.until('voice_leave')
    expect(one.original.of('duplicate')).toEqual([])
  })
})

describe('/connect', () => {
  test('dials an original while running, and /disconnect hangs up on it for good', async () => {
    const port = await freePort()
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', 'framed'])
    const where = `framed@127.0.0.1:${port}`
    expect(await us.do({ do: 'connect', address: where })).toMatchObject({ ok: false, code: 'dial-failed' })
    expect(await us.do({ do: 'connect', address: where })).toMatchObject({ ok: false, code: 'kept' })
    const ann = await stage.original('framed', ['--port', port, '--udp-port', await freePort(), '--username', 'Ann'])
    await ann.until('peer', { state: 'up', id: us.address, username: 'Ulla' })
    await us.say('hello Ann')
    await ann.until('chat', { msg: 'hello Ann' })
    expect(await us.do({ do: 'disconnect', peer: where })).toMatchObject({ ok: true })
    await ann.until('peer', { state: 'down' })
    expect(await us.do({ do: 'connect', address: where })).toMatchObject({ ok: true, peer: { name: 'Ann' } })
    expect(await us.do({ do: 'disconnect', peer: 'Ann' })).toMatchObject({ ok: true })
    const off = await us.do({ do: 'connect', address: `line@127.0.0.1:${port}` })
    expect(off).toMatchObject({ ok: false, code: 'dialect-off' })
  })
})

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
    await us.until((line) => line.event === 'voice' && line.peers.some(({ name }) => name === 'Nora'))
    const pids = [us.pid, nora.pid, ann.original.pid]
    const waitedMs = waitsOf(pids)
    ann.original.do({ do: 'tone', frames: 250 })
    await ann.original.until('toned')
    await nora.when(() => !isSpeaking(nora, 'Ann (framed)'))
    const missingMax = missedFor(waitsOf(pids) - waitedMs)
    const before = ann.original.of('sound').length
    const waitedThenMs = waitsOf(pids)
    await nora.do({ do: 'unmute' })
    const loud = () =>
      ann.original
        .of('sound')
        .slice(before)
        .filter(({ rms }) => Number(rms) > 100)
    await ann.original.when(() => loud().length > 260, 'five seconds of Nora')
    const framesMissingMax = 5 * missedFor(waitsOf(pids) - waitedThenMs)
    await nora.quit()
    await us.quit()
    // At the two ears: whole, and as loud as it was.
    for (const ear of ['ulla', 'nora']) {
      const { sound: all, rateHz } = readWav(wav(ear))
      const levels = windows(all, rateHz / 10).map((window) => decibels(levelAt(1_000, window) / ORIGINAL_TONE))
      const run = longestRun(levels)
      if (run < WINDOWS_MIN - missingMax) throw new Error(`${ear}, ${missingMax} excused: ${levels.map(Math.round)}`)
    }
    const heard = loud().slice(5, 255)
    const run = longestRun(heard.map(({ rms }) => decibels((Number(rms) * Math.SQRT2) / 32_768 / TONE)))
    expect(run).toBeGreaterThanOrEqual(heard.length - framesMissingMax)
    const sequences = heard.map(({ sequence }) => Number(sequence))
    expect(sequences).toEqual(sequences.map((_, i) => sequences[0]! + i))
    expect(new Set(heard.map(({ sender }) => sender))).toEqual(new Set([us.address]))
  })
})

/** Of the original's tone, and of that in the WAV file. */
const ORIGINAL_TONE = 10_000 / 32_768
const TONE = 0.4
/** Of five seconds, in tenths: the first and the last begin and end within one. */
const WINDOWS_MIN = 48
/** Three programs on a machine that does nothing else wait for each other about so long in five seconds. */
const EXCUSED_MS_MIN = 150

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

/** How long processes and their children had something to do and no processor to do it, so far: milliseconds. */
function waitsOf(pids: readonly number[]): number {
  const all = pids.flatMap((pid) => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return [pid, ...(children === '' ? [] : children.split(' ').map(Number))]
  })
  const waited = all.map((pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6)
  return waited.reduce((sum, each) => sum + each, 0)
}

/** Tenths of a second in a row that sound may lack for it: what nobody had a processor for was not sent, or not played. */
function missedFor(waitedMs: number): number {
  return waitedMs < EXCUSED_MS_MIN ? 0 : Math.ceil(waitedMs / 10)
}

function decibels(ratio: number): number {
  return 20 * Math.log10(Math.max(1e-6, ratio))
}

/** How many in a row are within one decibel. */
function longestRun(levels: readonly number[]): number {
  let [run, longest] = [0, 0]
  for (const level of levels) {
    run = Math.abs(level) < 1 ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}

/** A sound in pieces of so many samples. */
function windows(sound: Float32Array, samples: number): Float32Array[] {
  return Array.from({ length: Math.floor(sound.length / samples) }, (_, i) =>
    sound.subarray(i * samples, (i + 1) * samples),
  )
}

describe('files', () => {
  test('of a line peer are offered in the room, and whoever cannot take one hears of it', async () => {
    const framed = await stage.framed('Fred')
    const dialects = ['--dialect', `line,framed@127.0.0.1:${framed.port}`]
    const us = await stage.hearsay(['--username', 'Ulla', ...dialects])
    const native = await stage.hearsay(['--username', 'Nora', '--connect', us.address, '--accept-files', 'all'])
    await native.peerUp(us.id)
    await framed.original.until('peer', { state: 'up', id: us.address })
    const line = await stage.original('line', ['connect', '127.0.0.1', us.port, '--name', 'Lou'])
    line.do({ do: 'send', msg: 'look at this' })
    await native.hears('look at this')
    const bytes = Buffer.from(Float64Array.from({ length: 50_000 }, (_, i) => Math.sin(i)).buffer)
    const path = join(temporaryHome(), 'cat.png')
    writeFileSync(path, bytes)
    line.do({ do: 'file', path })
    await native.hears('sends the file cat.png (400000 bytes), which will be offered here if it is taken.')
    const asked = await us.until((each) => each.event === 'file' && each.state === 'offered')
    expect(asked).toMatchObject({ name: 'cat.png', size: 400_000, from: { name: 'Lou (line)' }, self: false })
    line.do({ do: 'send', msg: 'do you like it?' })
    await us.hears('do you like it?')
    expect(existsSync(join(us.home, 'Downloads'))).toBe(false)
    expect(await us.do({ do: 'accept', file: 'cat.png' })).toMatchObject({ ok: true, file: { state: 'done' } })
    const done = await native.until((each) => each.event === 'file' && each.state === 'done' && each.name === 'cat.png')
    if (done.event !== 'file') throw new Error('not about a file')
    expect(done.from.name).toBe('Ulla')
    expect(readFileSync(done.path!).equals(bytes)).toBe(true)
    await framed.original.until('chat', {
      username: 'Ulla',
      msg: '* offers the file cat.png (400 kB), which only hearsay can take',
    })
  })

  test('of a line peer are let go by where none are taken, and talk goes on', async () => {
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', 'line', '--accept-files', 'none'])
    const line = await stage.original('line', ['connect', '127.0.0.1', us.port, '--name', 'Lou'])
    line.do({ do: 'send', msg: 'look at this' })
    await us.hears('look at this')
    const path = join(temporaryHome(), 'film.mkv')
    writeFileSync(path, Buffer.alloc(120_000))
    line.do({ do: 'file', path })
    await us.hears('sends the file film.mkv (120000 bytes), which cannot be taken over here.')
    line.do({ do: 'send', msg: 'too bad' })
    await us.hears('too bad')
    expect(us.lines.filter((each) => each.event === 'file')).toEqual([])
  })
})

describe('line', () => {
  test('a caller who says nothing hears us, and one who speaks at once is heard', async () => {
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', 'line'])
    const silent = await stage.original('line', ['connect', '127.0.0.1', us.port, '--name', 'Sid'])
    await us.until((line) => line.event === 'peer' && line.dialect === 'line')
    const loud = await stage.original('line', ['connect', '127.0.0.1', us.port, '--name', 'Lou'])
    loud.do({ do: 'send', msg: 'hello there' })
    await us.hears('hello there')
    await silent.until('message', { name: 'Lou (line)', text: 'hello there' })
    await us.say('welcome')
    await silent.until('message', { name: 'Ulla', text: 'welcome' })
    await loud.until('message', { name: 'Ulla', text: 'welcome' })
    silent.do({ do: 'quit' })
    await us.until((line) => line.event === 'peer' && line.dialect === 'line' && line.state === 'down')
    expect(said(us, 'hello there')).toMatchObject([{ from: { name: 'Lou (line)' }, relayed: 'line' }])
    expect(await us.quit()).toBe(0)
    await loud.until('message', { name: 'Ulla', text: 'has left the chat.' })
  })
})

describe('tracker', () => {
  test('with an original tracker: it is registered, hears and is heard', async () => {
    const trackerPort = await freePort()
    await stage.original('tracker', ['--serve', '--tracker-port', trackerPort])
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', `tracker@127.0.0.1:${trackerPort}`])
    const ann = await stage.original('tracker', ['--tracker-port', trackerPort, '--username', 'ann', '--every', 1])
    await us.until((line) => line.event === 'peer' && line.dialect === 'tracker' && line.id === `tracker:${ann.port}`)
    await us.say('hello tracker')
    await ann.until('message', { username: 'Ulla', message: 'hello tracker' })
    ann.do({ do: 'send', msg: 'hello hearsay' })
    await us.hears('hello hearsay')
    expect(said(us, 'hello hearsay')).toMatchObject([{ from: { name: 'ann (tracker)' }, relayed: 'tracker' }])
  })

  test('with no tracker there, it is elected, and serves; killed, the highest original takes over', async () => {
    const trackerPort = await freePort()
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', `tracker@127.0.0.1:${trackerPort}`])
    await us.until((line) => line.event === 'notice' && line.code === 'tracker-serving')
    const args = ['--tracker-port', trackerPort, '--every', 1]
    const [ann, ben] = await Promise.all(
      ['ann', 'ben'].map((name) => stage.original('tracker', [...args, '--username', name])),
    )
    for (const each of [ann!, ben!]) await each.when(() => lastPeers(each.of('peers')) === 3, 'three peers')
    ann!.do({ do: 'send', msg: 'we are three' })
    await ben!.until('message', { username: 'ann', message: 'we are three' })
    await us.hears('we are three')
    await us.kill()
    const [higher, lower] = ann!.port > ben!.port ? [ann!, ben!] : [ben!, ann!]
    await higher.until('elected', { port: higher.port })
    await lower.until('message', { message: `👑 Node ${higher.port} elected leader. New tracker started.` })
    expect(lower.of('elected')).toEqual([])
  })

  test('the original tracker killed: the one with the highest port takes over, and no other', async () => {
    const trackerPort = await freePort()
    const first = await stage.original('tracker', ['--serve', '--tracker-port', trackerPort])
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', `tracker@127.0.0.1:${trackerPort}`])
    const args = ['--tracker-port', trackerPort, '--every', 1]
    // Ports of the system's choice are above those that hearsay takes by itself: these go first.
    const ann = await stage.original('tracker', [...args, '--username', 'ann'])
    await ann.when(() => lastPeers(ann.of('peers')) === 2, 'two peers')
    await us.until((line) => line.event === 'peer' && line.dialect === 'tracker')
    await first.kill()
    await ann.until('elected', { port: ann.port })
    await us.hears(`👑 Node ${ann.port} elected leader. New tracker started.`)
    await us.say('still here')
    await ann.until('message', { message: 'still here' })
    expect(us.lines.some((line) => line.event === 'notice' && line.code === 'tracker-serving')).toBe(false)
  })
})

function lastPeers(reports: readonly { readonly [field: string]: unknown }[]): number {
  const ports = reports.at(-1)?.['ports']
  return Array.isArray(ports) ? ports.length : 0
}

describe('mesh', () => {
  test.each([
    ['zoe_1', 'whose id is higher is dialled by us', false],
    ['abe_1', 'whose id is lower dials us', true],
  ])('%s, %s: found by multicast, heard and hearing', async (id, _, dialled) => {
    const groupPort = await freePort()
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', `mesh@224.0.0.1:${groupPort}`])
    const peer = await stage.original('mesh', ['--id', id, '--username', 'Zoe', '--group-port', groupPort])
    const up = await peer.until('peer', { state: 'up' })
    expect(up).toMatchObject({ dialled })
    if (!dialled) expect(await peer.until('joined')).toMatchObject({ sequence: 0 })
    await us.until((line) => line.event === 'peer' && line.dialect === 'mesh' && line.state === 'up')
    peer.do({ do: 'send', msg: 'hello mesh' })
    await us.hears('hello mesh')
    await us.say('hello back')
    const heard = await peer.until('chat', { content: 'hello back', username: 'Ulla', room_id: 'general' })
    expect(heard['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
    peer.do({ do: 'nick', name: 'Zelda' })
    peer.do({ do: 'send', msg: 'renamed' })
    await us.hears('renamed')
    expect(us.messages().map((message) => message.from.name)).toEqual(['Zoe (mesh)', 'Ulla', 'Zelda (mesh)'])
    await us.do({ do: 'nick', name: 'Ursula' })
    await us.say('me too')
    await peer.until('join', { content: 'Ulla is now known as Ursula', username: 'Ursula' })
    expect(await us.quit()).toBe(0)
    await peer.until('announced-leave')
    await peer.until('leave')
  })
})

describe('a dialect that is off', () => {
  test.each([
    ['framed', 'mesh', '\0\0\0\x02{}'],
    ['mesh', 'framed', '{"id":"1","type":"join","sender_id":"a"}\n'],
    ['tracker', 'line', '{"action":"register","port":41234}'],
    ['line', 'tracker', '[Lou] hello\n'],
  ])('%s is refused, and the log says which it is and how to let it in', async (dialect, other, says) => {
    const us = await stage.hearsay(['--dialect', other, '--debug'])
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const heard: string[] = []
    const socket = { data: (_: unknown, bytes: Buffer) => void heard.push(bytes.toString()), close: () => resolve() }
    const caller = await Bun.connect({ hostname: '127.0.0.1', port: us.port, socket })
    caller.write(says)
    caller.flush()
    await closed
    await us.when(() => us.stderr.includes('dialect-off'))
    expect(us.stderr).toContain(`speaks ${dialect}, which is not let in here: --dialect ${dialect} does that`)
    expect(heard).toEqual([])
  })

  test('is not let in by asking for others, and an original hears nothing', async () => {
    const us = await stage.hearsay(['--dialect', 'mesh', '--debug'])
    const peer = await stage.original('framed', ['--port', await freePort(), '--connect', us.address])
    await us.when(() => us.stderr.includes('dialect-off'))
    expect(peer.of('peer')).toEqual([])
  })
})

describe('whoever nobody vouches for', () => {
  test('is never seen under a name of ours: what names hide is taken away, and the mark stays', async () => {
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', 'framed'])
    const native = await stage.hearsay(['--username', 'Nora', '--connect', us.address])
    await native.peerUp(us.id)
    const { original } = await stage.framed('Eve', '--connect', us.address)
    await original.until('peer', { id: us.address })
    const names = [
      ['Nora', 'Nora (framed)'],
      ['No\u200bra', 'Nora (framed)'],
      ['\u202earoN', 'aroN (framed)'],
      ['\u2067Nora\u2069', 'Nora (framed)'],
      ['  Nora \t ', 'Nora (framed)'],
      ['Nora\u001b[8m', 'Nora (framed)'],
      ['Nora (hearsay)', 'Nora (hearsay) (framed)'],
      ['Nora (framed)', 'Nora (framed) (framed)'],
      ['N'.repeat(200), `${'N'.repeat(23)} (framed)`],
      ['N'.repeat(500), null],
      [`Nora${'\u0301'.repeat(300)}`, null],
      ['', null],
    ] as const
    for (const [at, [username]] of names.entries()) {
      const more = { room: 'general', msg: `I am number ${at}`, username }
      original.do({ do: 'raw', type: 'chat', more })
      await native.hears(`I am number ${at}`)
    }
    const seen = native.messages().filter(({ text }) => text.startsWith('I am number'))
    for (const [at, { from, relayed, self }] of seen.entries()) {
      expect([from.name.endsWith(' (framed)'), relayed, self, from.id.startsWith('framed:')]).toEqual([
        true,
        'framed',
        false,
        true,
      ])
      const shown = names[at]?.[1]
      if (shown !== null) expect(from.name).toBe(shown!)
      expect(from.name.length).toBeLessThan(80)
    }
    const peers = await us.do({ do: 'peers' })
    expect(peers['peers']).toContainEqual(expect.objectContaining({ dialect: 'framed', verified: false }))
  })

  test('never hears what was said to one person alone, or in rooms that the bridge is not in', async () => {
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', 'framed,line'])
    const native = await stage.hearsay([
      '--username',
      'Nora',
      '--connect',
      us.address,
      '--room',
      'general',
      '--room',
      'secret',
    ])
    await native.peerUp(us.id)
    const { original } = await stage.framed('Eve', '--connect', us.address)
    await original.until('peer', { id: us.address })
    const line = await stage.original('line', ['connect', '127.0.0.1', us.port, '--name', 'Lou'])
    line.do({ do: 'send', msg: 'I am here' })
    await native.hears('I am here')
    await native.do({ do: 'msg', peer: 'Ulla', text: 'for you alone' })
    await us.hears('for you alone')
    await us.do({ do: 'msg', peer: 'Nora', text: 'and for you' })
    await native.hears('and for you')
    await native.say('not for here', 'secret')
    original.do({ do: 'raw', type: 'chat', more: { room: 'secret', msg: 'let me in' } })
    await native.say('for everybody', 'general')
    await original.until('chat', { msg: 'for everybody' })
    await line.until('message', { text: 'for everybody' })
    await native.say('and more', 'general')
    await original.until('chat', { msg: 'and more' })
    expect(original.of('chat').map(({ msg }) => msg)).toEqual(['I am here', 'for everybody', 'and more'])
    expect(line.of('message').map(({ text }) => text)).not.toContain('for you alone')
    expect(native.texts()).not.toContain('let me in')
  })
})
