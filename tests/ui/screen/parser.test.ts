import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { PASTE_CHARS_MAX } from '../../../src/ui/pasted.ts'
import { type Input, InputParser } from '../../../src/ui/screen/terminal/parser.ts'

const encoder = new TextEncoder()

/** Typed characters that came apart are the same as those that came at once. */
function joined(inputs: readonly Input[]): Input[] {
  const all: Input[] = []
  for (const input of inputs) {
    const last = all.at(-1)
    if (input.kind === 'text' && last?.kind === 'text')
      all[all.length - 1] = { kind: 'text', text: last.text + input.text }
    else all.push(input)
  }
  return all
}

function parse(...chunks: (string | Uint8Array)[]): Input[] {
  const parser = new InputParser()
  return joined(chunks.flatMap((chunk) => parser.push(typeof chunk === 'string' ? encoder.encode(chunk) : chunk)))
}

const key = (chord: string): Input => ({ kind: 'key', chord })
const typed = (text: string): Input => ({ kind: 'text', text })

/** What a terminal sends, and what it means. */
const SENT: readonly (readonly [string, Input])[] = [
  ...[...'abc ü漢👍'].map((char) => [char, typed(char)] as const),
  ['\r', key('enter')],
  ['\x1b\r', key('alt-enter')],
  ['\n', key('ctrl-j')],
  ['\t', key('tab')],
  ['\x1b[Z', key('shift-tab')],
  ['\x7f', key('backspace')],
  ['\x1b\x7f', key('alt-backspace')],
  ['\x0b', key('ctrl-k')],
  ['\x1ba', key('alt-a')],
  ['\x1b0', key('alt-0')],
  ['\x1b[A', key('up')],
  ['\x1bOA', key('up')],
  ['\x1b[1;5C', key('ctrl-right')],
  ['\x1b[1;3D', key('alt-left')],
  ['\x1b[1;2A', key('shift-up')],
  ['\x1b[5~', key('pageup')],
  ['\x1b[1;5F', key('ctrl-end')],
  ['\x1bOP', key('f1')],
  ['\x1b[15~', key('f5')],
  ['\x1b[13;2u', key('shift-enter')],
  ['\x1b[27;2;13~', key('shift-enter')],
  ['\x1b[107;5u', key('ctrl-k')],
  ['\x1b[I', { kind: 'focus', focused: true }],
  ['\x1b[O', { kind: 'focus', focused: false }],
  ['\x1b[<0;5;7M', { kind: 'mouse', action: 'press', x: 4, y: 6 }],
  ['\x1b[<0;5;7m', { kind: 'mouse', action: 'release', x: 4, y: 6 }],
  ['\x1b[<32;1;1M', { kind: 'mouse', action: 'drag', x: 0, y: 0 }],
  ['\x1b[<65;300;200M', { kind: 'mouse', action: 'wheel-down', x: 299, y: 199 }],
  ['\x1b[200~two\rlines\x1b[201~', { kind: 'paste', text: 'two\nlines', isCut: false }],
]

/** Bytes cut at random places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length))
}

const places = fc.array(fc.nat(), { maxLength: 12 })

describe('the parser', () => {
  test.each(SENT)('reads %j', (sent, meant) => expect(parse(sent)).toEqual([meant]))

  test('reads the same wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...SENT), { maxLength: 12 }), places, (sent, at) => {
        const bytes = encoder.encode(sent.map(([bytes]) => bytes).join(''))
        expect(parse(...cut(bytes, at))).toEqual(joined(sent.map(([, meant]) => meant)))
      }),
      { numRuns: 500 },
    )
  })

  test('gives back a paste as it was, with anything in it but its own end', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 }).map((each) => each.replaceAll('\r', '').toWellFormed())
    fc.assert(
      fc.property(text, places, (pasted, at) => {
        const bytes = encoder.encode(`\x1b[200~${pasted}\x1b[201~x`)
        expect(parse(...cut(bytes, at))).toEqual([{ kind: 'paste', text: pasted, isCut: false }, typed('x')])
      }),
    )
  })

  test('throws at nothing, and a flush leaves nothing but a paste behind', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .array(fc.constantFrom('\x1b', '[', ']', 'O', ';', '1', '<', '~', 'M', '\x07', '\x9b', 'a'), { maxLength: 60 })
        .map((parts) => encoder.encode(parts.join(''))),
    )
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), (chunks) => {
        const parser = new InputParser()
        for (const chunk of chunks) {
          for (const input of [...parser.push(chunk), ...parser.flush()]) {
            if (input.kind === 'text') expect(input.text).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
          }
          expect(parser.isWaiting).toBe(false)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('an escape alone is the key, once nothing follows', () => {
    const parser = new InputParser()
    expect(parser.push(encoder.encode('\x1b'))).toEqual([])
    expect(parser.isWaiting).toBe(true)
    expect(parser.flush()).toEqual([key('escape')])
  })

  test('gives up sequences that do not end', () => {
    const parser = new InputParser()
    parser.push(encoder.encode(`\x1b[${'1;'.repeat(40)}`))
    expect(parser.isWaiting).toBe(false)
    parser.push(encoder.encode(`\x1b]${'x'.repeat(5_000)}`))
    expect(parser.isWaiting).toBe(false)
  })

  describe('where the terminal does not mark what is pasted', () => {
    const lines = Array.from({ length: 7 }, (_, index) => `line ${index}`)
    const pasted = (text: string): Input => ({ kind: 'paste', text, isCut: false })

    test('takes many lines at once for a paste, whole once no more comes, and nothing of it for Enter', () => {
      const parser = new InputParser()
      const chunks = [lines.join('\r').slice(0, 50), lines.join('\r').slice(50), '\r', 'and more\r']
      expect(chunks.flatMap((chunk) => parser.push(encoder.encode(chunk)))).toEqual([])
      expect(parser.isWaiting).toBe(true)
      expect(parser.flush()).toEqual([pasted(`${lines.join('\n')}\nand more\n`)])
      expect(parser.push(encoder.encode('\r'))).toEqual([key('enter')])
    })

    test('takes up to five lines at once for what hands typed ahead', () => {
      const five = lines.slice(0, 5)
      expect(parse(`${five.join('\r')}\r`)).toEqual(five.flatMap((line) => [typed(line), key('enter')]))
    })

    test('ends it where a key comes, which stays one', () => {
      expect(parse(`${lines.join('\r')}\x03`)).toEqual([pasted(lines.join('\n')), key('ctrl-c')])
      expect(parse(lines.join('\r'), '\x1b[A')).toEqual([pasted(lines.join('\n')), key('up')])
      expect(parse(lines.join('\r'), '\x1b[200~a\x1b[201~')).toEqual([pasted(lines.join('\n')), pasted('a')])
    })

    test('loses no line, wherever the bytes are cut', () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 40 }), places, (count, at) => {
          const many = Array.from({ length: count }, (_, index) => `line ${index}\r`)
          const parser = new InputParser()
          const came = cut(encoder.encode(many.join('')), at).flatMap((chunk) => parser.push(chunk))
          const text = [...came, ...parser.flush()].map((input) =>
            input.kind === 'key' ? '\n' : 'text' in input ? input.text : '',
          )
          expect(text.join('')).toBe(many.join('').replaceAll('\r', '\n'))
        }),
      )
    })

    test('keeps no more of it than there may be, and says so', () => {
      const parser = new InputParser()
      const long = `${'x'.repeat(1_000)}\r`.repeat(PASTE_CHARS_MAX / 500)
      parser.push(encoder.encode(long))
      expect(parser.flush()).toEqual([
        { kind: 'paste', text: long.slice(0, PASTE_CHARS_MAX).replaceAll('\r', '\n'), isCut: true },
      ])
    })
  })

  test('keeps no more of a paste than there may be, and says so', () => {
    const parser = new InputParser()
    parser.push(encoder.encode('\x1b[200~'))
    for (let count = 0; count < 5; count++)
      expect(parser.push(encoder.encode('x'.repeat(PASTE_CHARS_MAX / 4)))).toEqual([])
    const [paste] = parser.push(encoder.encode('\x1b[201~'))
    expect(paste).toEqual({ kind: 'paste', text: 'x'.repeat(PASTE_CHARS_MAX), isCut: true })
  })
})
