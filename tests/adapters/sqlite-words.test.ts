import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { excerpt, find, fold, indexed, matchText, termsOf, widened } from '../../src/adapters/sqlite-words.ts'

describe('what is typed to search for', () => {
  test('is words, and in quotation marks what follows one another', () => {
    const words = (typed: string) => termsOf(typed).map((term) => term.words)
    expect(words('two  Words')).toEqual([['two'], ['words']])
    expect(words('say "two Words" now')).toEqual([['say'], ['two', 'words'], ['now']])
    expect(words('"open end')).toEqual([['open'], ['end']])
    expect(words('well-known')).toEqual([['well', 'known']])
    expect(words('天气 ok')).toEqual([['天', '气'], ['ok']])
    expect(words('*** - ""')).toEqual([])
  })

  test('may go on after the third letter, but not where every character is a word', () => {
    expect(widened(termsOf('ab'))).toBeNull()
    expect(widened(termsOf('天气很'))).toBeNull()
    expect(widened(termsOf('ab abc'))!.map(({ prefix }) => prefix)).toEqual([false, true])
    expect(matchText(widened(termsOf('ab abc'))!)).toBe('text : ("ab" AND "abc" *)')
  })

  test('never says more in the index’s language than its words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (typed) => {
        const terms = termsOf(typed)
        if (terms.length === 0) return
        expect(matchText(terms)).toMatch(/^text : \((?:"[^"]+"(?: AND )?)+\)$/)
      }),
    )
  })

  test('is bounded', () => {
    expect(termsOf('a '.repeat(100_000)).length).toBe(16)
    expect(termsOf(`"${'a '.repeat(200)}"`)).toEqual([])
  })
})

describe('words found in a text', () => {
  test('without regard to case and accents, with where they stand', () => {
    const text = 'Crème brûlée, CREME BRULEE'
    const { counts, marks, length } = find(text, termsOf('brulee "creme brulee"'))
    expect(counts).toEqual([2, 2])
    expect(marks.map(({ from, to }) => text.slice(from, to))).toEqual(['Crème brûlée', 'CREME BRULEE'])
    expect(length).toBe(4)
    expect(find(text, termsOf('bru')).counts).toEqual([0])
    expect(find(text, widened(termsOf('bru'))!).counts).toEqual([2])
  })

  test('whatever a text is, its own words are found in it, and cleaning it twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const terms = termsOf(text.replaceAll('"', ' ')).slice(0, 16)
        expect(find(text, terms).counts.every((count) => count > 0)).toBe(true)
        expect(indexed(indexed(text)).replace(/ +/g, ' ')).toBe(indexed(text).replace(/ +/g, ' '))
        expect(fold(fold(text))).toBe(fold(text))
      }),
    )
  })
})

test('an excerpt is a piece of its text, and its marks are the same words', () => {
  const long = fc.string({ unit: 'binary', maxLength: 600 })
  fc.assert(
    fc.property(long, fc.nat(600), fc.nat(50), (text, at, length) => {
      const from = Math.min(at, text.length)
      const to = Math.min(from + length, text.length)
      const given = from < to ? [{ from, to }] : []
      const cut = excerpt(text, given)
      const plain = text.replace(/\s/g, ' ')
      expect(plain).toContain(cut.excerpt.replace(/^…/, '').replace(/…$/, ''))
      expect(cut.excerpt.length).toBeLessThanOrEqual(162)
      expect(cut.excerpt.isWellFormed()).toBe(text.isWellFormed())
      for (const mark of cut.marks) expect(plain.slice(from, to)).toStartWith(cut.excerpt.slice(mark.from, mark.to))
      if (given.length > 0 && !/^[\udc00-\udfff]/.test(text.slice(from))) expect(cut.marks.length).toBe(1)
    }),
  )
})
