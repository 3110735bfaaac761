import { expect, test } from 'bun:test'
import { omittedText } from '../../../src/app/files/omitted.ts'
import type { Omitted, OmittedKind } from '../../../src/ports/files.ts'
import { ASK, bytesOf, DeskRoom } from './desk-room.ts'

const omitted = (count: number, first: string, ...kinds: readonly OmittedKind[]): Omitted => {
  return { count, first, kinds: new Set(kinds) }
}

test('what is left out of a folder is told with its number, its kinds and the first of it', () => {
  expect(omittedText('photos', omitted(3, 'photos/private', 'unreadable', 'no-file', 'link'))).toBe(
    '3 things in photos are left out: links, what is neither a file nor a folder and what cannot be read (the first: photos/private).',
  )
  expect(omittedText('photos', omitted(2, 'photos/a', 'link'))).toBe(
    '2 things in photos are left out: links (the first: photos/a).',
  )
  expect(omittedText('photos', omitted(1, 'photos/b\ufffd', 'name'))).toBe(
    'photos/b\ufffd is left out: its name is not UTF-8.',
  )
})

test('a name that is built to command the terminal, or to fill it, does not', () => {
  const text = omittedText('a\nb', omitted(2, `a\nb/\x1b[31mred\n${'x'.repeat(1_000)}`, 'link'))
  expect(text).toStartWith('2 things in a b are left out: links (the first: a b/red xxx')
  expect(text).toEndWith('x…).')
  expect(text.length).toBeLessThan(300)
})

test('somebody who offers a folder is told what is left out of it before it is offered, and not again by a later run', async () => {
  const room = new DeskRoom()
  const anna = await room.person(ASK)
  for (const name of ['a', 'b']) anna.files.files.set(`/out/${name}`, bytesOf(10))
  anna.files.omitted = omitted(1, 'out/link', 'link')
  anna.hearOmitted = () => expect(room.offers).toEqual([])
  await anna.desk.send('/out', 'general')
  expect(anna.omitted).toEqual([['out', anna.files.omitted]])
  anna.hearOmitted = () => {}
  await anna.desk.sendAll(['/out', '/out/a'], 'general')
  expect(anna.omitted.map(([name]) => name)).toEqual(['out', 'out'])
  anna.leave()
  const later = await room.again(anna, 9)
  await later.desk.goOn()
  expect(later.desk.views.map(({ name }) => name).sort()).toEqual(['a', 'out', 'out'])
  expect(later.omitted).toEqual([])
  room.close()
})
