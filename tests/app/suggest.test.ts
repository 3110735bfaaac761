import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { suggest } from '../../src/app/suggest.ts'

const FLAGS = ['host', 'port', 'udp-port', 'connect', 'username', 'room', 'plain', 'json', 'ephemeral', 'config']

test('a slip of the fingers finds the word that was meant', () => {
  expect(suggest('prot', FLAGS)).toBe('port') // two letters swapped
  expect(suggest('usrname', FLAGS)).toBe('username') // one left out
  expect(suggest('connnect', FLAGS)).toBe('connect') // one too many
  expect(suggest('jsom', FLAGS)).toBe('json') // one wrong
  expect(suggest('PLAIN', FLAGS)).toBe('plain')
})

test('the beginning of one word means that word, the beginning of two means neither', () => {
  expect(suggest('ephe', FLAGS)).toBe('ephemeral')
  expect(suggest('con', FLAGS)).toBeNull()
})

test('what resembles nothing gets no suggestion', () => {
  expect(suggest('frobnicate', FLAGS)).toBeNull()
  expect(suggest('', FLAGS)).toBeNull()
  expect(suggest('z', ['q'])).toBeNull()
  expect(suggest('a'.repeat(10_000), FLAGS)).toBeNull()
})

test('a word is nearest to itself, and one edit away is near from four letters on', () => {
  const word = fc.stringMatching(/^[a-z]{4,20}$/)
  fc.assert(
    fc.property(word, fc.nat(), fc.stringMatching(/^[a-z]$/), (known, place, letter) => {
      const at = place % known.length
      expect(suggest(known, ['zzzzzzzzzzzzzzzzzzzzzz', known])).toBe(known)
      expect(suggest(known.slice(0, at) + letter + known.slice(at), [known])).toBe(known)
      expect(suggest(known.slice(0, at) + letter + known.slice(at + 1), [known])).toBe(known)
    }),
  )
})
