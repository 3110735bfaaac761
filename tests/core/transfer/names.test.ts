import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { cleanFileName, cleanPath, FILE_NAME_BYTES_MAX, nameKey, numbered } from '../../../src/core/transfer/names.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text).length

describe('the name of a file from somewhere', () => {
  test.each([
    ['photo.jpg', 'photo.jpg'],
    ['.profile', '.profile'],
    ['Ångström.txt', 'Ångström.txt'],
    ['..', 'file'],
    ['.', 'file'],
    ['...', 'file'],
    ['', 'file'],
    ['   ', 'file'],
    ['\u0000\u0007', 'file'],
    ['\u200b\u2060', 'file'],
    ['../../etc/passwd', '.._.._etc_passwd'],
    ['..\\..\\boot.ini', '.._.._boot.ini'],
    ['a\u2215b\uff0fc', 'a_b_c'],
    ['C:\\x.txt', 'C__x.txt'],
    ['notes.txt:hidden', 'notes.txt_hidden'],
    ['con', '_con'],
    ['CON.txt', '_CON.txt'],
    ['nul .tar.gz', '_nul .tar.gz'],
    ['COM¹', '_COM¹'],
    ['lpt9', '_lpt9'],
    ['console.log', 'console.log'],
    ['trailing. . .', 'trailing'],
    ['  both ends ', 'both ends'],
    ['-rf', '_rf'],
    ['a\u202egnp.exe', 'agnp.exe'],
    ['two\nlines', 'two lines'],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['what?*<>|"', 'what______'],
    ['\t\u{115af}', 'file'],
    ['\t\u{115af} \u{1e008}a', 'a'],
    ['video.part', 'video.part'],
    ['video.part.hearsay', 'video_part.hearsay'],
    ['video.PART.Hearsay.. ', 'video_PART.Hearsay'],
  ])('%j becomes %j', (name, clean) => {
    expect(cleanFileName(name)).toBe(clean)
  })

  test('of 300 characters is cut, its ending kept, and never inside a character', () => {
    expect(cleanFileName(`${'x'.repeat(300)}.jpeg`)).toBe(`${'x'.repeat(FILE_NAME_BYTES_MAX - 5)}.jpeg`)
    expect(cleanFileName('\u{1f4a9}'.repeat(300))).toBe('\u{1f4a9}'.repeat(FILE_NAME_BYTES_MAX / 4))
  })

  test('whatever it was, is one name that no system takes for anything else, and cleaning it again changes nothing', () => {
    const nasty = fc.string({
      unit: fc.constantFrom('.', '/', '\\', ' ', 'a', ':', '\u202e', '\u0000', 'con', '-', '\ud800', 'é', '_'),
      maxLength: 12,
    })
    fc.assert(
      fc.property(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 300 })), (name) => {
        const clean = cleanFileName(name)
        expect(clean).not.toMatch(/[/\\:*?"<>|\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/)
        expect(clean).not.toMatch(/^[\s-]|[\s.]$|^\.*$/)
        expect(bytesOf(clean)).toBeLessThanOrEqual(FILE_NAME_BYTES_MAX)
        expect(cleanFileName(clean)).toBe(clean)
      }),
      { numRuns: 2000 },
    )
  })
})

test('a number goes before the ending, and the name stays short enough', () => {
  expect(numbered('photo.jpg', 2)).toBe('photo (2).jpg')
  expect(numbered('.profile', 2)).toBe('.profile (2)')
  expect(numbered('a.b/'.repeat(1), 3)).toBe('a (3).b/')
  const long = cleanFileName('x'.repeat(300))
  expect(bytesOf(numbered(long, 1000))).toBeLessThanOrEqual(FILE_NAME_BYTES_MAX)
})

test('names that some system takes for one have one key', () => {
  expect(nameKey('Photo.JPG')).toBe(nameKey('photo.jpg'))
  expect(nameKey('e\u0301')).toBe(nameKey('\u00e9'))
  expect(nameKey('a')).not.toBe(nameKey('b'))
})

describe('a path inside a folder', () => {
  test('is cleaned part by part', () => {
    expect(cleanPath('a/con/b:c.txt')).toEqual(['a', '_con', 'b_c.txt'])
    expect(cleanPath('a\\b')).toEqual(['a_b'])
  })

  test.each(['', '/', '/etc/passwd', 'a//b', 'a/', './a', 'a/../b', '..', 'a/.', 'x/'.repeat(40), 'y'.repeat(2000)])(
    '%j is none',
    (path) => {
      expect(cleanPath(path)).toBeNull()
    },
  )
})
