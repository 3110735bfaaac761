import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { scanStatements } from '../../src/app/config-lines.ts'

function lines(text: string) {
  return scanStatements(text).statements.map(({ line, key }) => [line, key])
}

test('a statement begins where its key stands, whatever the values before it look like', () => {
  expect(
    lines(
      [
        '\uFEFF# a comment = 1', // 1
        'a = 1 # b = 2', // 2
        '', // 3
        'c = [ "]", # ]', // 4
        "  'x' ]", // 5
        'd = """', // 6
        'e = 1 \\""" f', // 7
        '""""', // 8
        "g = '''", // 9
        "h = 1\\'''", // 10
        'i = { j = "}" }', // 11
        '  "k\\u0065y".l = "\\""\r', // 12
        "'m' = '\\'", // 13
        '[ n.o ]', // 14
        'p = 1', // 15
        '[[q]]', // 16
      ].join('\n'),
    ),
  ).toEqual([
    [2, 'a'],
    [4, 'c'],
    [6, 'd'],
    [9, 'g'],
    [11, 'i'],
    [12, 'key'],
    [13, 'm'],
    [14, 'n'],
    [15, null],
    [16, 'q'],
  ])
})

test('an unfinished string ends with its line', () => {
  expect(lines('a = "x\nb = \'y\nc = 1')).toEqual([
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
  ])
  expect(lines('a = "x\\\nb = 1')).toEqual([
    [1, 'a'],
    [2, 'b'],
  ])
})

test('what stands in what is counted', () => {
  expect(scanStatements('a = [[{ b = [1] }]]').depth).toBe(4)
  expect(scanStatements(`a = ${'['.repeat(100_000)}`).depth).toBe(100_000)
})

test('of any text whatever the statements are in order and within it', () => {
  const token = fc.constantFrom('a', '=', '"', "'", '"""', "'''", '\\', '\n', '[', ']', '{', '}', '#', ' ', '1', '\r\n')
  const text = fc.oneof(
    fc.array(token, { maxLength: 40 }).map((tokens) => tokens.join('')),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(text, (source) => {
      let [line, end] = [0, 0]
      for (const statement of scanStatements(source).statements) {
        expect(statement.line).toBeGreaterThan(line)
        expect(statement.end).toBeGreaterThan(end)
        ;({ line, end } = statement)
      }
      expect(end).toBeLessThanOrEqual(source.length)
      expect(line).toBeLessThanOrEqual(source.split('\n').length)
    }),
    { numRuns: 2000 },
  )
})
