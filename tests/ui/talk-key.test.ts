import { beforeEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { HoldKey } from '../../src/ui/hold-key.ts'
import { KeyFilter } from '../../src/ui/key-filter.ts'
import { TalkKey } from '../../src/ui/talk-key.ts'
import { FakeVoice } from '../app/fake-voice.ts'
import { Collector } from './streams.ts'

class Filtered {
  readonly told: string[] = []
  taken: readonly string[] = ['f8', 'ctrl-space']
  supported = 0
  private readonly filter = new KeyFilter({
    takes: (key) => this.taken.includes(key),
    key: (key, kind) => this.told.push(`${key} ${kind}`),
    supported: () => this.supported++,
  })

  /** What is left of some pieces of input. */
  left(...pieces: (string | Uint8Array)[]): string {
    return pieces.map((piece) => this.filter.pass(piece).toString()).join('')
  }
}

describe('keys that are taken out of what a terminal sends', () => {
  let keys: Filtered
  beforeEach(() => {
    keys = new Filtered()
  })

  test('are pressed, repeated and let go, as the kitty protocol tells it', () => {
    expect(keys.left('a\x1b[19~b\x1b[19;1:1~\x1b[19;1:2~\x1b[19;1:3~c')).toBe('abc')
    expect(keys.told).toEqual(['f8 press', 'f8 press', 'f8 repeat', 'f8 release'])
  })

  test('are known with locks on, and not with modifiers', () => {
    expect(keys.left('\x1b[19;65:1~\x1b[19;193:3~', '\x1b[19;5~', '\x1b[19;2:3~')).toBe('\x1b[19;5~')
    expect(keys.told).toEqual(['f8 press', 'f8 release'])
  })

  test.each([
    ['f1', '\x1bOP', '\x1b[P', '\x1b[1;1:1P', '\x1b[11~'],
    ['f4', '\x1bOS', '\x1b[S', '\x1b[1;1:1S', '\x1b[14~'],
    ['f12', '\x1b[24~', '\x1b[24;1:1~'],
    ['ctrl-space', '\0'],
  ])('%s is known in each way it is sent', (key, ...ways) => {
    keys.taken = [key]
    for (const way of ways) expect(keys.left(`x${way}y`)).toBe('xy')
    expect(keys.told).toEqual(ways.map(() => `${key} press`))
  })

  test('in pieces are the same', () => {
    expect(keys.left('a\x1b[', '19', ';1:3', '~b')).toBe('ab')
    expect(keys.told).toEqual(['f8 release'])
  })

  test('others go on as they were without the protocol, and their releases do not', () => {
    expect(keys.left('\x1b[1;1:1A\x1b[1;1:2A\x1b[1;1:3A')).toBe('\x1b[A\x1b[A')
    expect(keys.left('\x1b[1;5:2C\x1b[3;1:1~\x1b[3;1:3~\x1b[20;1:3~')).toBe('\x1b[1;5C\x1b[3~')
    expect(keys.left('\x1bOA\x1b[A\x1b[1;5C\x1bb\x1b')).toBe('\x1bOA\x1b[A\x1b[1;5C\x1bb\x1b')
  })

  test('the answer to what the terminal can is nobody else’s', () => {
    expect(keys.left('a\x1b[?0u\x1b[?1;2cb')).toBe('a\x1b[?1;2cb')
    expect(keys.supported).toBe(1)
  })

  test('nothing else is lost or changed, in whatever pieces it comes', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('\x1b', '\x1b[', '\x1bO', '\x1b[A', '\x1b[200~', '\x1b[1;5D', 'é', '👍', '\x03'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(40), (pieces, cut) => {
        const bytes = Buffer.from(pieces.join(''))
        // What the protocol adds is another test's.
        fc.pre(!/\x1b\[[\d;]*:|\x1b\[\?\d+u|\x1b(\[19~)|\0/.test(bytes.toString('latin1')))
        const { filter, told } = collected()
        const end = 'z'.repeat(40)
        const left = Buffer.concat(
          [bytes.subarray(0, cut), bytes.subarray(cut), Buffer.from(end)].map((each) => filter.pass(each)),
        )
        expect(left.toString('latin1')).toBe(bytes.toString('latin1') + end)
        expect(told).toEqual([])
      }),
    )
  })

  function collected() {
    const told: string[] = []
    const filter = new KeyFilter({ takes: (key) => key === 'f8', key: (key) => told.push(key), supported() {} })
    return { filter, told }
  }
})

describe('a key that is held', () => {
  let nowMs = 0
  let due: { atMs: number; fire: () => void } | null = null
  let held: boolean[] = []
  let key: HoldKey
  beforeEach(() => {
    nowMs = 0
    due = null
    held = []
    key = new HoldKey({
      nowMs: () => nowMs,
      timer(ms, fire) {
        const mine = { atMs: nowMs + ms, fire }
        due = mine
        return () => {
          if (due === mine) due = null
        }
      },
      held: (isHeld) => held.push(isHeld),
    })
  })

  function at(ms: number, kind?: 'press' | 'repeat' | 'release'): void {
    if (due !== null && due.atMs <= ms) {
      const { fire, atMs } = due
      due = null
      nowMs = atMs
      fire()
    }
    nowMs = ms
    if (kind !== undefined) key.hear(kind)
  }

  test('is held until its release, where that is told', () => {
    key.tellsReleases = true
    for (const [ms, kind] of [
      [0, 'press'],
      [500, 'repeat'],
      [530, 'repeat'],
      [900, 'release'],
      [5_000, 'release'],
    ] as const)
      at(ms, kind)
    expect(held).toEqual([true, false])
  })

  test('is held while it repeats itself, where it is not', () => {
    at(0, 'press')
    for (let ms = 500; ms < 2_000; ms += 33) at(ms, 'press')
    expect(held).toEqual([true])
    at(2_400)
    expect(held).toEqual([true, false])
  })

  test('stays down where it was pressed shortly, until it is pressed again', () => {
    at(0, 'press')
    at(20_000)
    expect(held).toEqual([true])
    at(20_001, 'press')
    expect(held).toEqual([true, false])
    at(30_000, 'press')
    expect(held).toEqual([true, false, true])
  })

  test('that something else lets go is not held any more', () => {
    at(0, 'press')
    key.isNow(false)
    at(5_000, 'press')
    expect(held).toEqual([true, true])
  })
})

describe('push-to-talk at a terminal', () => {
  const ASKED = '\x1b[?u'
  let voice: FakeVoice
  let asked: string[]
  let output: Collector
  let key: TalkKey
  beforeEach(() => {
    asked = []
    voice = new FakeVoice(asked)
    output = new Collector()
    key = new TalkKey({ voice, output, nowMs: () => 0 })
  })

  function pushing(): void {
    voice.shown = { ...voice.shown, state: 'on', room: 'general', mode: 'push', talkKey: 'f8', ready: true }
    key.settle()
  }

  test('asks what the terminal can only once it is wanted, and has releases told only where it can', () => {
    key.settle()
    expect(output.text).toBe('')
    pushing()
    expect(output.text).toBe(ASKED)
    key.pass('\x1b[?0u')
    expect(output.text).toBe(`${ASKED}\x1b[>2u`)
    voice.shown = { ...voice.shown, room: null }
    key.settle()
    expect(output.text).toBe(`${ASKED}\x1b[>2u\x1b[<u`)
  })

  test('talks while the key is down, and lets the terminal go as it was', () => {
    pushing()
    key.pass('\x1b[?0u')
    expect(key.pass('\x1b[19~').length).toBe(0)
    key.settle()
    key.pass('\x1b[19;1:3~')
    key.settle()
    expect(asked).toEqual(['voice press true', 'voice press false'])
    key.pass('\x1b[19~')
    key.given(false)
    expect(asked.slice(2)).toEqual(['voice press true', 'voice press false'])
    expect(output.text).toEndWith('\x1b[<u')
    key.given(true)
    expect(output.text).toEndWith('\x1b[>2u')
  })

  test('is no key where it is not wanted', () => {
    expect(key.pass('\x1b[19~').toString()).toBe('\x1b[19~')
    expect(asked).toEqual([])
  })
})
