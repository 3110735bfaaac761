import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MessageEvent } from '../../src/app/events.ts'
import { freePort, type Line, Program, temporaryHome } from './program.ts'
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
    expect(await us.do({ do: 'connect', address: where })).toMatchObject({ ok: true, peer: { name: 'Ann (framed)' } })
    expect(await us.do({ do: 'disconnect', peer: 'Ann' })).toMatchObject({ ok: true })
    const off = await us.do({ do: 'connect', address: `line@127.0.0.1:${port}` })
    expect(off).toMatchObject({ ok: false, code: 'dialect-off' })
  })
})

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
    const refusal = 'Your file film.mkv (120000 bytes) cannot be taken over here, and nothing of it is kept.'
    await line.until('message', {
      name: 'Ulla',
      text: `${refusal} Send a smaller one, or ask whoever is here.`,
    })
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
    const { peers } = await us.do({ do: 'peers' })
    expect(peers).toMatchObject([{ name: 'somebody (line)' }, { name: 'Lou (line)' }])
    silent.do({ do: 'quit' })
    await us.until((line) => line.event === 'peer' && line.dialect === 'line' && line.state === 'down')
    expect(said(us, 'hello there')).toMatchObject([{ from: { name: 'Lou (line)' }, relayed: 'line' }])
    expect(await us.quit()).toBe(0)
    await loud.until('message', { name: 'Ulla', text: 'has left the chat.' })
  })
})

describe('a line between two hearsays', () => {
  test('that are linked anyway is ended, and nobody hears anything twice', async () => {
    const us = await stage.hearsay(['--username', 'Ulla', '--dialect', 'line'])
    const args = ['--username', 'Olga', '--dialect', `line@${us.address}`, '--connect', us.address]
    const other = await stage.hearsay(args)
    await other.peerUp(us.id)
    await other.until((line) => line.event === 'notice' && line.code === 'line-fellow')
    await us.until((line) => line.event === 'peer' && line.dialect === 'line' && line.state === 'down')
    await us.say('from Ulla')
    await other.hears('from Ulla')
    await other.say('from Olga')
    await us.hears('from Olga')
    await us.say('the last')
    await other.hears('the last')
    for (const each of [us, other]) expect(each.texts().toSorted()).toEqual(['from Olga', 'from Ulla', 'the last'])
  })
})

describe('tracker', () => {
  test('two of them are not one of them, unasked', async () => {
    const two = new Program(['--dialect', 'tracker@127.0.0.1:5001,tracker@127.0.0.1:5002'])
    expect(await two.exited).toBe(4)
    expect(two.stderr).toContain('tracker@ is given with two addresses')
    await two.close()
  })

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

  test('a hundred messages at once, a connection each, come whole both ways', async () => {
    const trackerPort = await freePort()
    await stage.original('tracker', ['--serve', '--tracker-port', trackerPort])
    const us = await stage.hearsay(['--dialect', `tracker@127.0.0.1:${trackerPort}`, '--username', 'Ulla'])
    const other = await stage.hearsay(['--dialect', `tracker@127.0.0.1:${trackerPort}`, '--username', 'Olga'])
    const ann = await stage.original('tracker', ['--tracker-port', trackerPort, '--username', 'ann', '--every', 1])
    await ann.listsAnew([us.port, other.port])
    const known = (line: Line): boolean => line.event === 'peer' && line.id === `tracker:${ann.port}`
    for (const each of [us, other]) await each.until(known)
    await us.until((line) => line.event === 'peer' && line.id === `tracker:${other.port}`)
    const all = Array.from({ length: 100 }, (_, i) => `message ${i}`)
    for (const text of all) ann.do({ do: 'send', msg: text })
    for (const each of [us, other]) for (const text of all) await each.hears(text)
    const back = all.map((text) => `${text} back`)
    for (const text of back) us.write(JSON.stringify({ do: 'say', text }))
    for (const text of back) await Promise.all([other.hears(text), ann.until('message', { message: text })])
    for (const each of [us, other]) expect(each.texts().toSorted()).toEqual([...all, ...back].toSorted())
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
