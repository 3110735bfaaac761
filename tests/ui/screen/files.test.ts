import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import type { FileEvent } from '../../../src/app/events.ts'
import { FileProgress, leftText } from '../../../src/ui/file-progress.ts'
import { runScreen } from '../../../src/ui/screen/screen.ts'
import { Teller } from '../../../src/ui/screen/tell.ts'
import { FakeChat } from '../../app/fake-chat.ts'
import { Collector, signalSource } from '../streams.ts'
import { Emulator } from './emulator.ts'
import { ALICE, BOB, CAROL, MINUTE, NOON, Stage, said } from './stage.ts'

function event(more: Partial<FileEvent> = {}): FileEvent {
  return {
    ...{ event: 'file', id: 'f1', number: 3, state: 'offered', room: 'general', self: false },
    from: { id: BOB.id, name: 'Bob' },
    ...{ name: 'plan.pdf', size: 2_000_000, done: 0, bytesPerSecond: 0, holders: 0 },
    ...more,
  }
}

/** A screen that is told of files the way the chat tells of them. */
class Desk {
  readonly stage = new Stage({ columns: 100, rows: 20 }).enter('dev').enter('general').with([ALICE, BOB, CAROL])
  private readonly teller = new Teller(new FakeChat(), () => NOON)

  tell(...events: readonly FileEvent[]): string {
    for (const each of events) this.stage.tell(...this.teller.tell(each))
    return this.stage.rows.join('\n')
  }
}

describe('a file on the screen', () => {
  test('is a card from the offer to the end, with a bar while it comes, and stays where it was offered', () => {
    const desk = new Desk()
    expect(desk.tell(event())).toContain('Bob  ▤ plan.pdf  2.0 MB')
    expect(desk.stage.rows.join('\n')).toContain('/accept 3 takes it, /decline 3 does not')
    expect(desk.tell(event({ state: 'accepted' }))).toContain('on its way')
    desk.stage.hear('general', said(CAROL, 'meanwhile'))
    const half = desk.tell(event({ state: 'progress', done: 1_000_000, bytesPerSecond: 250_000, left: 4 }))
    expect(half).toContain('██████████░░░░░░░░░░ 50%  250 kB/s  4 s')
    expect(half).toContain('↓ plan.pdf 50%, 4 s')
    const many = desk.tell(event({ state: 'progress', done: 1_200_000, bytesPerSecond: 250_000, left: 4, holders: 3 }))
    expect(many).toContain('60%  250 kB/s  4 s  from 3')
    const done = desk.tell(event({ state: 'done', done: 2_000_000, path: '/home/alice/Downloads/plan.pdf' }))
    expect(done).toContain('here: /home/alice/Downloads/plan.pdf')
    expect(done).not.toContain('↓')
    expect(done.indexOf('plan.pdf')).toBeLessThan(done.indexOf('meanwhile'))
    expect(done.split('▤')).toHaveLength(2)
  })

  test('tells why it waits, failed or was taken back, and of a folder how many files it has', () => {
    const desk = new Desk()
    expect(desk.tell(event({ state: 'waiting', reason: 'nobody who has it is here' }))).toContain(
      'waiting: nobody who has it is here',
    )
    expect(desk.tell(event({ state: 'failed', reason: 'the disk is full' }))).toContain('failed: the disk is full')
    expect(desk.tell(event({ state: 'withdrawn' }))).toContain('withdrawn by Bob')
    expect(desk.tell(event({ id: 'f2', name: 'tree', files: 12 }))).toContain('▥ tree  12 files, 2.0 MB')
    expect(desk.stage.rows.join('\n')).toMatch(/does not, \/files .*\n.* 3 lists it/)
    const own = event({ id: 'f3', number: 4, state: 'offering', self: true, from: { id: ALICE.id, name: 'Alice' } })
    expect(desk.tell(own)).toContain('offered; /cancel 4 takes it back')
    const people = [BOB, CAROL, ALICE].map(({ id, name }) => ({ id, name }))
    expect(desk.tell({ ...own, taken: people.slice(0, 1) })).toContain('takes it back; Bob has it')
    expect(desk.tell({ ...own, refused: people.slice(0, 1) })).toMatch(/takes it back; Bob does not .*\n.* want it/)
    expect(desk.tell({ ...own, taken: people })).toMatch(/takes it back; Bob and 2 .*\n.* others have it/)
  })

  test('that is read before it is offered is told beside the room, and is no card yet', () => {
    const desk = new Desk()
    const reading = event({ id: 'reading-1', number: 0, state: 'reading', self: true, room: '', done: 680_000 })
    expect(desk.tell(reading)).toContain('reading plan.pdf 34%')
    expect(desk.stage.rows.join('\n')).not.toContain('▤')
    expect(desk.tell({ ...reading, done: 2_000_000 })).not.toContain('reading')
  })

  test('is news where one does not look, once, and rings where it is for us alone', () => {
    const desk = new Desk()
    const rows = desk.tell(event({ room: 'dev' }), event({ room: 'dev', state: 'progress', done: 5 }))
    expect(rows).toMatch(/^1 dev +1│/m)
    desk.stage.tell({ kind: 'tick', now: NOON + 10 * MINUTE })
    desk.stage.taken()
    desk.tell(event({ id: 'f9', room: `@${BOB.id}` }))
    expect(desk.stage.taken()).toEqual([{ do: 'ring', title: 'Bob', body: 'offers plan.pdf' }])
  })

  test('cannot draw on the screen by its name or what is said of it', () => {
    const desk = new Desk()
    const rows = desk.tell(event({ name: 'a\x1b[2Jb\u202egpj.exe', state: 'failed', reason: 'x\x1b]0;y\x07' }))
    expect(rows).not.toMatch(/[\x1b\x07\u202e]/)
  })

  test('is completed by its name, paths where a path is wanted, and parts of a family', () => {
    const desk = new Desk()
    desk.tell(event(), event({ id: 'f2', name: 'photo of us.jpg' }))
    expect(desk.stage.press('/accept {tab}').draft).toBe('/accept photo of us.jpg')
    expect(desk.stage.press('{tab}').draft).toBe('/accept plan.pdf')
    desk.stage.press('{ctrl-u}/send pl{tab}')
    expect(desk.stage.taken().at(-1)).toMatchObject({ do: 'paths', typed: 'pl', start: 6 })
    expect(desk.stage.press('{ctrl-u}/voice jo{tab}').draft).toBe('/voice join ')
    expect(desk.stage.press('de{tab}').draft).toBe('/voice join dev ')
  })
})

describe('what comes in, in a few words', () => {
  test('names one file, counts several, and is empty when all are here', () => {
    const progress = new FileProgress()
    expect(progress.words).toBe('')
    progress.hear(event({ state: 'progress', done: 1_990_000, left: 0.2 }))
    expect(progress.words).toBe('↓ plan.pdf 99%, 1 s')
    progress.hear(event({ id: 'f2', state: 'accepted', size: 2_000_000 }))
    expect(progress.words).toBe('↓ 2 files 49%')
    for (const id of ['f1', 'f2']) progress.hear(event({ id, state: 'done' }))
    expect(progress.words).toBe('')
    progress.hear(event({ state: 'progress', self: true }))
    expect(progress.words).toBe('')
    progress.hear(event({ state: 'progress', name: 'x'.repeat(100) }))
    expect(progress.words).toBe(`↓ ${'x'.repeat(23)}… 0%`)
  })

  test('time is told as people tell it', () => {
    expect([undefined, 0, 59.2, 150, 7_200].map(leftText)).toEqual(['', '1 s', '60 s', '3 min', '2 h'])
  })
})

test('every path of a folder of 10,000 can be leafed to on the screen, and how the folder stands is in sight first', async () => {
  const chat = new FakeChat()
  const { event: _, ...file } = event({ name: 'tree', files: 10_000 })
  chat.files.files.push(file)
  for (let i = 0; i < 10_000; i++) chat.files.inside.push({ path: `d/${i}`, size: 3 })
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const output = Object.assign(new Collector(), { isTTY: true, columns: 100, rows: 100 })
  const over = runScreen({ chat, input, output, signals: signalSource(), env: { TERM: 'xterm' }, nowMs: () => 0 })
  const emulator = new Emulator(100, 100)
  let length = 0
  const shown = async (what: RegExp): Promise<string> => {
    let text = ''
    await output.until((written) => {
      emulator.write(written.slice(length))
      length = written.length
      text = emulator.text.join('\n')
      return what.test(text)
    })
    return text
  }
  input.write('/files 3\r')
  const seen = new Set<string>()
  const look = (text: string): void => {
    for (const [, i] of text.matchAll(/3 B {2}d\/(\d+) /g)) seen.add(i!)
  }
  look(await shown(/10000 files: \/accept 3 takes all/))
  expect(seen.has('9999')).toBe(true)
  while (!seen.has('0')) {
    const lowest = Math.min(...[...seen].map(Number))
    input.write('\x1b[5~')
    look(await shown(new RegExp(`3 B  d/${Math.max(0, lowest - 5)} `)))
  }
  expect(seen.size).toBe(10_000)
  input.write('/quit\r')
  expect(await over).toBe(0)
}, 30_000)
