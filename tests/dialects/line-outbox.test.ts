import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { utf8 } from '../../src/base/bytes.ts'
import { encodeFileHeader, encodeText, READ_BYTES_MAX } from '../../src/dialects/line/messages.ts'
import { Outbox } from '../../src/dialects/line/outbox.ts'

/** One who reads as the originals do: what a read brings is a line; behind a header alone in its read come a file's bytes. */
class Reader {
  readonly shown: string[] = []
  private arrived: number[] = []
  private left = 0
  private file: number[] = []
  private readonly decoder = new TextDecoder('utf-8', { fatal: true })

  comes(bytes: Uint8Array): void {
    this.arrived.push(...bytes)
  }

  read(): void {
    if (this.left > 0) {
      const part = this.arrived.splice(0, Math.min(READ_BYTES_MAX, this.left))
      this.file.push(...part)
      this.left -= part.length
      if (this.left === 0) this.shown.push(`file ${this.decoder.decode(Uint8Array.from(this.file.splice(0)))}`)
      return
    }
    const part = this.arrived.splice(0, READ_BYTES_MAX)
    if (part.length === 0) return
    const text = this.decoder.decode(Uint8Array.from(part))
    if (text.startsWith('/file ')) {
      const [, , size = '', ...more] = text.slice(0, -1).split(' ')
      if (more.length > 0 || !/^\d+$/.test(size)) throw new Error(`no header: ${text}`)
      this.left = Number(size)
      return
    }
    if (!text.startsWith('[us] ') || !text.endsWith('\n')) throw new Error(`no line: ${text}`)
    this.shown.push(...text.slice(0, -1).split('\n'))
  }
}

class Talk {
  readonly outbox = new Outbox()
  readonly reader = new Reader()
  nowMs = 0
  private readMs = 0
  private file = ''

  /** `readsMs`: how long the reader looks elsewhere after each read, and so on from the beginning. */
  constructor(private readonly readsMs: readonly number[]) {}

  say(text: string): boolean {
    const isTaken = this.outbox.say(encodeText('us', text))
    this.pump()
    return isTaken
  }

  send(content: string): boolean {
    const isTaken = this.outbox.announce(encodeFileHeader('a b.txt', utf8(content).length))
    if (isTaken) this.file = content
    this.pump()
    return isTaken
  }

  pass(ms: number): void {
    for (const end = this.nowMs + ms; this.nowMs < end; this.nowMs += 10) {
      if (this.outbox.dueMs !== null && this.nowMs >= this.outbox.dueMs) this.pump()
      if (this.nowMs < this.readMs) continue
      this.reader.read()
      this.readMs = this.nowMs + this.readsMs[(this.nowMs / 10) % this.readsMs.length]!
    }
  }

  private pump(): void {
    for (let next = this.outbox.next(this.nowMs); next !== null; next = this.outbox.next(this.nowMs)) {
      if (next !== 'file') {
        this.reader.comes(next)
        continue
      }
      this.reader.comes(utf8(this.file))
      this.outbox.sent(this.nowMs)
    }
  }
}

describe('what goes to an original of the line program', () => {
  test('a file said in the midst of talk comes whole, and the talk before and behind it as it was said', () => {
    const talk = new Talk([200])
    talk.say('look at this')
    expect([talk.send('/file x 9\n[us] is in it'), talk.send('another')]).toEqual([true, false])
    talk.say('that was it')
    talk.pass(5_000)
    expect(talk.reader.shown).toEqual(['[us] look at this', 'file /file x 9\n[us] is in it', '[us] that was it'])
  })

  test('two files one behind the other are two', () => {
    const talk = new Talk([900])
    talk.send('one')
    talk.pass(1_100)
    expect([talk.send('two'), talk.send('three')]).toEqual([true, false])
    talk.pass(5_000)
    expect(talk.reader.shown).toEqual(['file one', 'file two'])
  })

  test('nobody words a text so that the end of a read makes a header of it', () => {
    for (const before of [0, 30, 4_000, 4_090, 5_000]) {
      const talk = new Talk([240])
      talk.say('x'.repeat(before))
      const head = '[us] '.length
      for (const at of [READ_BYTES_MAX - head, READ_BYTES_MAX - head - before - head - 1]) {
        if (at > 0) talk.say(`${'é'.repeat(at >> 1)}${at % 2 === 1 ? 'x' : ''}/file evil.sh 100`)
      }
      talk.pass(5_000)
      expect(talk.reader.shown.length).toBeGreaterThan(1)
    }
  })

  test('whatever is said and sent, and however it is read, arrives in order', () => {
    const act = fc.oneof(
      fc.record({ say: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3_000 }), waitMs: fc.nat(600) }),
      fc.record({ send: fc.string({ maxLength: 6_000 }), waitMs: fc.nat(600) }),
    )
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 12 }),
        fc.array(fc.nat(24), { minLength: 1, maxLength: 9 }),
        (acts, reads) => {
          const talk = new Talk(reads.map((each) => each * 10))
          const expected: string[] = []
          for (const each of acts) {
            if ('say' in each) {
              talk.say(each.say)
              expected.push(...each.say.split('\n').filter((line) => line !== ''))
            } else if (each.send !== '' && talk.send(each.send)) expected.push(`file ${each.send}`)
            talk.pass(Math.ceil(each.waitMs / 10) * 10)
          }
          talk.pass(60_000)
          const whole = talk.reader.shown.map((each) => each.replace(/^\[us\] /, ''))
          expect(whole.join('')).toBe(expected.join(''))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('to one who is told more than anybody reads, what is over it is dropped, and what waits when it ends is said', () => {
    const talk = new Talk([0])
    let taken = 0
    while (talk.say('x'.repeat(1_000))) taken++
    expect(taken).toBeGreaterThan(250)
    expect(taken).toBeLessThan(300)
    expect(talk.outbox.rest()!.length).toBeGreaterThan(250_000)
    talk.send('')
    talk.pass(30_000)
    talk.outbox.announce(encodeFileHeader('a', 5))
    talk.outbox.next(talk.nowMs)
    talk.outbox.say(encodeText('us', 'later'))
    expect(talk.outbox.rest()).toBeNull()
  })
})
