import { describe, expect, test } from 'bun:test'
import { ALICE, BOB, Stage } from './stage.ts'

function typing(text: string): Stage {
  const at = new Stage().enter('general').with([ALICE, BOB])
  for (const char of text) at.press(char)
  return at
}

describe('Ctrl-_', () => {
  test('takes back a word at a time, and in the end all of it', () => {
    const at = typing('hello brave world')
    const seen = []
    while (at.draft !== '') seen.push(at.press('{ctrl-_}').draft)
    expect(seen).toEqual(['hello brave ', 'hello brave', 'hello ', 'hello', ''])
    expect(at.press('{ctrl-_}').draft).toBe('')
  })

  test('brings back what was cut, rubbed out, swapped or completed, with the cursor where it was', () => {
    expect(typing('one two').press('{ctrl-w}{ctrl-_}').draft).toBe('one two')
    expect(typing('one two').press('{ctrl-u}{ctrl-_}!').draft).toBe('one two!')
    expect(typing('one').press('{backspace}{backspace}{ctrl-_}').draft).toBe('one')
    expect(typing('ab').press('{ctrl-t}{ctrl-_}').draft).toBe('ab')
    expect(typing('hi b').press('{tab}{ctrl-_}').draft).toBe('hi b')
    expect(typing('one two').press('{home}{alt-d}{ctrl-_}!').draft).toBe('!one two')
  })

  test('brings back what Ctrl-C threw away, with the cursor where it was, and nothing of before', () => {
    const at = typing('one two').press('{left}{left}{ctrl-c}')
    expect([at.draft, at.press('{ctrl-_}').draft, at.press('!').draft]).toEqual(['', 'one two', 'one t!wo'])
    expect(typing('one two').press('{ctrl-c}{ctrl-_}{ctrl-_}').draft).toBe('one two')
    expect(typing('one').press('{ctrl-c}two{ctrl-y}').draft).toBe('twoone')
  })

  test('goes no further back than the line, and not without bound', () => {
    expect(typing('said').press('{enter}{ctrl-_}').draft).toBe('')
    const at = typing('a '.repeat(100))
    for (let index = 0; index < 300; index++) at.press('{ctrl-_}')
    expect(at.draft).toBe('a '.repeat(75))
  })
})

test('what is cut in a row comes back together, in its order; after anything else it is a cut of its own', () => {
  expect(typing('one two three').press('{ctrl-w}{ctrl-w}{ctrl-y}').draft).toBe('one two three')
  expect(typing('one two three').press('{home}{alt-d}{alt-d}{end}{ctrl-y}').draft).toBe(' threeone two')
  expect(typing('one two three').press('{ctrl-w}{backspace}{ctrl-w}{ctrl-y}').draft).toBe('one two')
  expect(typing('one two').press('{ctrl-w}x{ctrl-u}{ctrl-y}').draft).toBe('one x')
  expect(typing('one two').press('{ctrl-w}{ctrl-w}{ctrl-_}').draft).toBe('one ')
})

describe('the case of a word', () => {
  test('is changed to its end from where the cursor is, which goes there', () => {
    expect(typing('hello world').press('{home}{alt-u}{alt-c}!').draft).toBe('HELLO World!')
    expect(typing('HELLO').press('{home}{alt-l}').draft).toBe('hello')
    expect(typing('hELLO').press('{home}{right}{alt-c}').draft).toBe('hEllo')
    expect(typing('one two').press('{home}{right}{right}{right}{alt-c}').draft).toBe('one Two')
    expect(typing('straße éa').press('{home}{alt-u}{alt-u}').draft).toBe('STRASSE ÉA')
    expect(typing('end').press('{alt-u}').draft).toBe('end')
    expect(typing('word').press('{home}{alt-u}{ctrl-_}').draft).toBe('word')
  })
})
