import { describe, expect, test } from 'bun:test'
import type { FileEvent } from '../../src/app/events.ts'
import type { SendAsked } from '../../src/app/options-transfer.ts'
import { progressText } from '../../src/ui/transfer/progress.ts'
import type { Person } from '../../src/ui/transfer/question.ts'
import { runReceive } from '../../src/ui/transfer/receive.ts'
import { runSend } from '../../src/ui/transfer/send.ts'
import { StatusLine } from '../../src/ui/transfer/status-line.ts'
import { ALICE, BOB, CAROL, FakeChat } from '../app/fake-chat.ts'
import { Screen } from './screen.ts'
import { Collector, signalSource } from './streams.ts'
import { asked, offer, receive } from './transfers.ts'

const send: SendAsked = {
  ...{
    kind: 'send',
    paths: ['photo.jpg'],
    to: null,
    name: 'stdin',
    takers: 1,
    given: {},
    configFile: null,
    waitMs: null,
  },
}

const performanceMs = (): number => performance.now()

/** One who receives, at a terminal or not, with somebody there who answers so. */
function receiving(answers: readonly (string | null)[] | null, asked = receive, isTTY = true, nowMs = performanceMs) {
  const chat = new FakeChat()
  chat.files.files.push({ ...offer, id: 'answer', state: 'done' })
  const paths = new Collector()
  const errors = Object.assign(new Collector(), { isTTY, columns: 80 })
  const left = [...(answers ?? [])]
  const person: Person | null = answers === null ? null : { line: async () => left.shift() ?? null }
  const signals = signalSource()
  const over = runReceive({ chat, asked, paths, errors, person, signals, nowMs })
  return { chat, paths, errors, signals, over }
}

describe('receiving once', () => {
  test('asks the person there, shows a bar, and tells where it is', async () => {
    const { chat, paths, errors, over } = receiving([''])
    // Both on one terminal.
    const written = paths._write.bind(paths)
    paths._write = (chunk: Buffer, ...rest) => {
      errors.write(chunk)
      written(chunk, ...rest)
    }
    chat.admit('general', BOB)
    chat.emit(offer)
    await errors.until((text) => text.includes('Bob offers photo.jpg (3.0 MB). Take it? [Y/n] '))
    await asked(chat, 'accept 1')
    const moving: FileEvent = { ...offer, state: 'progress', done: 1_500_000, bytesPerSecond: 500_000, holders: 2 }
    chat.emit(moving)
    await errors.until((text) => text.includes('photo.jpg  ██████████░░░░░░░░░░  50%  500 kB/s  3 s  from 2'))
    chat.emit({ ...offer, state: 'done', done: 3_000_000, path: '/home/alice/photo.jpg' })
    chat.emit({ event: 'member', room: 'general', state: 'left', hops: 1, ...BOB })
    expect(await over).toBe(0)
    expect(paths.text).toBe('/home/alice/photo.jpg\n')
    const screen = new Screen(80, 24)
    screen.write(errors.text.replaceAll('\n', '\r\n'))
    expect(screen.text.join('\n')).toContain('photo.jpg (3.0 MB) of Bob is here, verified.\n/home/alice/photo.jpg')
    expect(screen.text.join('\n')).not.toContain('50%')
  })

  test('shows what is in a folder before it asks: the first of it, and all of it for who wants that', async () => {
    const folder: FileEvent = { ...offer, name: 'tree', files: 10_000 }
    const { chat, errors, over } = receiving(['m', 'l', 'l', 'n'])
    chat.files.inside.push(...Array.from({ length: 10_000 }, (_, i) => ({ path: `d/${i}`, size: 300 })))
    chat.files.files[0] = { ...folder, id: 'f1' }
    chat.admit('general', BOB)
    chat.emit(folder)
    expect(await over).toBe(1)
    expect(chat.asked).toContain('decline 1')
    const pages = errors.text.split('Bob offers tree (10000 files, 3.0 MB). Take it? ')
    const listed = pages.map((page) => [...page.matchAll(/ {5}300 B {2}d\/(\d+)$/gm)].map(([, i]) => Number(i)))
    expect(listed.map(({ length }) => length)).toEqual([19, 19, 9962, 10_000, 0])
    expect(listed.slice(0, 3).flat()).toEqual(Array.from({ length: 10_000 }, (_, i) => i))
    expect(pages[0]).toContain('… and 9981 more\n')
    expect(pages[1]).toStartWith('[Y/n, m: more of the list, l: all of it] ')
    expect(pages[3]).toStartWith('[Y/n] ')
  })

  test('a path that is longer than the terminal is wide begins no line of its own', async () => {
    const { chat, errors, over } = receiving(['n'])
    chat.files.inside.push({ path: `${'a'.repeat(66)} Bob offers nothing. Take it? \x1b[2J`, size: 1 })
    chat.admit('general', BOB)
    chat.emit({ ...offer, files: 1 })
    await over
    expect(errors.text).toMatch(/ {7}1 B {2}a{66}.*\n {2}.*Take it\? *$/m)
    expect(errors.text).toContain('\nBob offers photo.jpg (1 file, 3.0 MB). Take it? [Y/n] ')
    expect(errors.text).not.toContain('\x1b[2J')
  })

  test('says why it asks nothing about a folder that lists what cannot be, and waits on', async () => {
    const { chat, errors, over } = receiving([''])
    const folder: FileEvent = { ...offer, id: 'f2', number: 2, name: 'tree', files: 0 }
    chat.admit('general', BOB)
    chat.emit({ ...folder, state: 'failed', trouble: 'bad-list', reason: 'tree lists files that cannot be.' })
    await errors.until((text) => text.includes('tree lists files that cannot be.'))
    chat.emit(offer)
    await asked(chat, 'accept 1')
    expect(chat.asked).not.toContain('accept 2')
    chat.emit({ ...offer, state: 'done', done: 3_000_000, path: '/home/alice/photo.jpg' })
    chat.emit({ event: 'member', room: 'general', state: 'left', hops: 1, ...BOB })
    expect(await over).toBe(0)
  })

  test('does not ask about what has failed before anybody was asked', async () => {
    const { chat, over } = receiving([''], { ...receive, waitMs: 600 })
    chat.emit(offer)
    chat.emit({ ...offer, state: 'failed', reason: 'Too many files wait.' })
    chat.admit('general', BOB)
    expect(await over).toBe(1)
    expect(chat.asked).not.toContain('accept 1')
  })

  test('takes nothing that the person does not want', async () => {
    for (const answer of ['n', 'what?', null]) {
      const { chat, paths, over } = receiving([answer])
      chat.admit('general', BOB)
      chat.emit(offer)
      expect(await over).toBe(1)
      expect(chat.asked).toContain('decline 1')
      expect(chat.asked).not.toContain('accept 1')
      expect(paths.text).toBe('')
    }
  })

  test('takes the newest offer of somebody who is there, what was offered with it, and nothing else', async () => {
    const { chat, over } = receiving(null)
    chat.admit('general', BOB)
    chat.emit({ ...offer, id: 'old', number: 1, at: 10 })
    chat.emit({ ...offer, id: 'absent', number: 2, at: 3_000_000, from: { id: CAROL.id, name: CAROL.name } })
    chat.emit({ ...offer, id: 'first', number: 3, at: 2_000_000 })
    chat.emit({ ...offer, id: 'second', number: 4, at: 2_000_500 })
    await asked(chat, 'accept 3')
    await asked(chat, 'accept 4')
    for (const [id, number] of [['first', 3] as const, ['second', 4] as const]) {
      chat.emit({ ...offer, id, number, state: 'done', done: 3_000_000, path: `/${id}` })
    }
    expect(await over).toBe(0)
    expect(chat.asked.filter((what) => what.startsWith('accept')).sort()).toEqual(['accept 3', 'accept 4'])
  })

  test('is not over while a folder that was offered with it is still being listed, but is when its giver leaves', async () => {
    for (const leaves of [false, true]) {
      let ms = 1_000
      const { chat, paths, over } = receiving(null, receive, false, () => ms)
      const folder: FileEvent = { ...offer, id: 'folder', number: 2, name: 'tree', at: 1_000_100 }
      chat.admit('general', BOB)
      chat.files.files.push(folder)
      chat.emit(offer)
      ms += 1_000
      await asked(chat, 'accept 1')
      chat.emit({ ...offer, state: 'done', done: 3_000_000, path: '/photo.jpg' })
      ms += 60_000
      // It has been looked at a few times whether that is all.
      const { files } = chat
      await new Promise<void>((resolve) => {
        let looks = 0
        const list = files.list.bind(files)
        files.list = () => {
          if (++looks === 3) resolve()
          return list()
        }
      })
      if (leaves) chat.dismiss('general', BOB)
      else {
        chat.emit(folder)
        await asked(chat, 'accept 2')
        chat.emit({ ...folder, state: 'done', done: 3_000_000, path: '/tree' })
        ms += 60_000
      }
      expect(await over).toBe(0)
      expect(paths.text).toBe(leaves ? '/photo.jpg\n' : '/photo.jpg\n/tree\n')
    }
  })

  test('turns from an old offer that its giver has no more to the one before', async () => {
    for (const trouble of ['gone', 'absent'] as const) {
      const { chat, over } = receiving(null)
      chat.admit('general', BOB)
      chat.emit({ ...offer, id: 'newer', number: 2, at: 2_000_000 })
      chat.emit({ ...offer, id: 'older', number: 1, at: 1_000_000 })
      await asked(chat, 'accept 2')
      chat.emit({ ...offer, id: 'newer', number: 2, state: 'waiting', trouble, reason: 'It is gone.' })
      await asked(chat, 'accept 1')
      chat.emit({ ...offer, id: 'older', number: 1, state: 'done', done: 3_000_000, path: '/older' })
      chat.emit({ event: 'member', room: 'general', state: 'left', hops: 1, ...BOB })
      expect(await over).toBe(0)
    }
  })

  test('goes on with what an earlier run began, as soon as its giver, who reads it just then, has it', async () => {
    const { chat, errors, over } = receiving(null)
    chat.admit('general', BOB)
    const begun: FileEvent = { ...offer, id: 'begun', number: 7, state: 'accepted', done: 1_000_000 }
    const asleep: FileEvent = { ...begun, state: 'waiting', trouble: 'absent', reason: 'It is not there (yet).' }
    chat.emit(begun)
    await errors.until((text) => text.includes('33%'))
    chat.emit(asleep)
    await errors.until((text) => text.includes('it goes on when it is sent again'))
    // The same, offered anew; the desk knows that it is on its way, and asks for it.
    chat.files.onItsWay.add('8')
    chat.emit({ ...offer, id: 'anew', number: 8, at: 9_000_000 })
    await asked(chat, 'accept 8')
    chat.emit({ ...begun, state: 'progress', done: 2_000_000 })
    chat.emit({ ...begun, state: 'done', done: 3_000_000, path: '/home/alice/photo.jpg' })
    chat.emit({ event: 'member', room: 'general', state: 'left', hops: 1, ...BOB })
    expect(await over).toBe(0)
    expect(chat.asked.filter((what) => /^(cancel|accept|decline)/.test(what))).toEqual(['accept 8'])
  })

  test('goes on with what an earlier run began, though it heard of it as an offer first, and does not take it twice', async () => {
    const { chat, errors, paths, over } = receiving(null)
    chat.admit('general', BOB)
    chat.files.accept = async () => ({ ok: false, code: 'no-file', message: 'No file "1" is waiting to be accepted.' })
    chat.emit(offer)
    chat.emit({ ...offer, state: 'accepted', done: 1_000_000 })
    await errors.until((text) => text.includes('33%'))
    chat.emit({ ...offer, state: 'done', done: 3_000_000, path: '/photo.jpg' })
    chat.emit({ event: 'member', room: 'general', state: 'left', hops: 1, ...BOB })
    expect(await over).toBe(0)
    expect(paths.text).toBe('/photo.jpg\n')
  })

  test('takes another offer while what an earlier run began is not there, and keeps what came of that', async () => {
    const { chat, over, paths } = receiving(null, receive, false)
    chat.admit('general', BOB)
    chat.emit({ ...offer, id: 'begun', number: 7, state: 'accepted', done: 0 })
    chat.emit({ ...offer, id: 'begun', number: 7, state: 'waiting', trouble: 'absent', reason: 'No.' })
    chat.emit({ ...offer, id: 'other', number: 8, name: 'plan.pdf', at: 9_000_000 })
    await asked(chat, 'accept 8')
    chat.emit({ ...offer, id: 'other', number: 8, name: 'plan.pdf', state: 'done', done: 3_000_000, path: '/plan.pdf' })
    expect(await over).toBe(0)
    expect(paths.text).toBe('/plan.pdf\n')
    expect(chat.asked.filter((what) => /^(cancel|decline)/.test(what))).toEqual([])
  })

  test('ends with a sentence where it cannot go on, and says that what came is kept', async () => {
    const troubles = [
      [
        { state: 'waiting', trouble: 'full', reason: 'The disk is full: 2 MB are missing.' },
        /The disk is full.* kept as \.part/,
      ],
      [
        { state: 'waiting', trouble: 'withdrawn', reason: 'gone' },
        /photo\.jpg \(3\.0 MB\) has been taken back by Bob\./,
      ],
      [{ state: 'waiting', trouble: 'changed', reason: 'changed' }, /has been changed where it came from/],
      [{ state: 'failed', trouble: 'disk', reason: 'It cannot be written.' }, /It cannot be written\./],
    ] as const
    for (const [trouble, sentence] of troubles) {
      const { chat, errors, over } = receiving(null, receive, false)
      chat.admit('general', BOB)
      chat.emit(offer)
      await asked(chat, 'accept 1')
      chat.emit({ ...offer, done: 5, ...trouble })
      expect(await over).toBe(1)
      expect(errors.text).toMatch(sentence)
      expect(errors.lines).toHaveLength(1)
    }
  })

  test('is interrupted with 130', async () => {
    const { over, signals } = receiving(null, receive, false)
    signals.send('SIGINT')
    expect(await over).toBe(130)
  })
})

describe('sending once', () => {
  test('shows what is read, how far it is given, and who has it; and ends when enough have', async () => {
    const chat = new FakeChat()
    const own: FileEvent = { ...offer, state: 'offering', self: true, from: { id: ALICE.id, name: ALICE.name } }
    chat.files.files.push(own)
    const errors = Object.assign(new Collector(), { isTTY: true, columns: 80 })
    const over = runSend({ chat, asked: { ...send, takers: 2 }, paths: ['photo.jpg'], errors, signals: signalSource() })
    chat.emit({ ...own, id: 'reading-1', number: 0, state: 'reading', done: 1_000_000 })
    await errors.until((text) => text.includes('reading photo.jpg  ███████░░░░░░░░░░░░░  33%'))
    const address = { host: '127.0.0.1', port: 5000 }
    chat.emit({ event: 'ready', version: '1', id: ALICE.id, name: 'Alice', tcp: address, udp: address })
    await errors.until((text) => text.includes('To take it: hearsay receive --connect 127.0.0.1:5000'))
    chat.emit({ ...own, given: 1_500_000, bytesPerSecond: 500_000 })
    await errors.until((text) => text.includes('photo.jpg  ██████████░░░░░░░░░░  50%  500 kB/s  3 s'))
    chat.emit({ ...own, given: 3_000_000, taken: [BOB] })
    await errors.until((text) => text.includes('Bob has photo.jpg (3.0 MB), verified.'))
    chat.emit({ ...own, given: 6_000_000, taken: [BOB, CAROL] })
    expect(await over).toBe(0)
    expect(chat.asked.filter((what) => what.startsWith('cancel'))).toEqual([])
  })

  test('tells a script as well what is left out of a folder, and still ends well', async () => {
    const chat = new FakeChat()
    const own: FileEvent = { ...offer, state: 'offering', self: true, taken: [BOB] }
    chat.files.files.push(own)
    const errors = new Collector()
    const over = runSend({ chat, asked: send, paths: ['photos'], errors, signals: signalSource() })
    chat.emit({ event: 'notice', code: 'parts-left-out', message: 'photos/a is left out: it is a link.' })
    chat.emit({ event: 'notice', code: 'temporary-identity', message: 'Yours is in use.' })
    const address = { host: '127.0.0.1', port: 5000 }
    chat.emit({ event: 'ready', version: '1', id: ALICE.id, name: 'Alice', tcp: address, udp: address })
    expect(await over).toBe(0)
    expect(errors.text).toBe('hearsay: photos/a is left out: it is a link.\n')
  })

  test('that is interrupted takes the offer back, so that nobody waits for it', async () => {
    const chat = new FakeChat()
    const own: FileEvent = { ...offer, state: 'offering', self: true }
    chat.files.files.push(own)
    const signals = signalSource()
    const errors = new Collector()
    const over = runSend({ chat, asked: send, paths: ['photo.jpg'], errors, signals })
    const address = { host: '127.0.0.1', port: 5000 }
    chat.emit({ event: 'ready', version: '1', id: ALICE.id, name: 'Alice', tcp: address, udp: address })
    await asked(chat, 'send photo.jpg null')
    await Promise.resolve()
    signals.send('SIGINT')
    expect(await over).toBe(130)
    expect(chat.asked).toContain('cancel 1')
    expect(errors.text).toBe('')
  })
})

describe('the line that changes in place', () => {
  test('shows in the end what came too soon after the one before, and not behind a question', () => {
    let nowMs = 0
    const output = Object.assign(new Collector(), { isTTY: true, columns: 40 })
    const line = new StatusLine(output, () => nowMs)
    line.show('waiting')
    nowMs = 99
    line.show('33%')
    line.catchUp()
    expect(output.text).not.toContain('33%')
    nowMs = 150
    line.catchUp()
    expect(output.text).toEndWith('\r33%\x1b[J')
    const { text } = output
    nowMs = 400
    line.catchUp()
    expect(output.text).toBe(text)
    line.show('50%')
    line.show('51%')
    line.ask('Take it?')
    nowMs = 900
    line.catchUp()
    expect(output.text).toEndWith('Take it? ')
  })

  test('fits the terminal, is drawn ten times a second at most, and lets others stand above it', () => {
    const output = Object.assign(new Collector(), { isTTY: true, columns: 30 })
    let nowMs = 0
    const line = new StatusLine(output, () => nowMs)
    for (; nowMs < 1_000; nowMs += 10) line.show(`${'x'.repeat(40)} ${nowMs}`)
    line.show('short')
    line.tell('something')
    line.clear()
    const screen = new Screen(30, 5)
    screen.write(output.text.replaceAll('\n', '\r\n'))
    expect(screen.text.filter((row) => row.trim() !== '').map((row) => row.trim())).toEqual(['something'])
    for (; nowMs < 2_000; nowMs += 10) line.show(`${nowMs}`)
    expect(output.text.split('\r').length).toBeLessThanOrEqual(20)
  })

  test('is nowhere but on a terminal, and commands no terminal by a name', () => {
    const output = new Collector()
    const line = new StatusLine(output, () => 0)
    line.show('50%')
    line.tell('news')
    line.fault('a\x1b[2Jb')
    expect(output.text).toBe('hearsay: ab\n')
    const moving = { name: 'a\x1b[2Jb\u202egpj.exe', size: 2, done: 1, bytesPerSecond: 0, holders: 0 }
    expect(progressText([moving])).not.toMatch(/[\x1b\u202e]/)
    expect(progressText([moving, { ...moving, done: 2, bytesPerSecond: 1 }])).toContain(
      '2 files  ███████████████░░░░░  75%',
    )
  })
})
