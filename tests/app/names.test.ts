import { describe, expect, test } from 'bun:test'
import { NameBook, taggedName } from '../../src/app/names.ts'
import { ALICE, BOB, MALLORY } from './fake-chat.ts'

const person = (id: string, name: string) => ({ id: id.padEnd(52, 'q'), name })

describe('a name', () => {
  test('is shown alone while nobody could be taken for its bearer', () => {
    const names = new NameBook([ALICE, BOB])
    expect(names.show(ALICE)).toBe('Alice')
    expect(names.show(BOB)).toBe('Bob')
  })

  test('has the beginning of the id behind it once somebody else looks the same', () => {
    const names = new NameBook([ALICE])
    expect(names.show(MALLORY)).toBe(`${MALLORY.name}#mall`)
    expect(names.show(ALICE)).toBe('Alice#alic')
    expect(names.show(BOB)).toBe('Bob')
  })

  test('looks the same in capitals, with accents, in other alphabets, with blanks, with digits for letters', () => {
    for (const name of ['ALICE', 'Alicé', 'Аlісе', 'A lice', 'A1ice', 'AIice', 'Ａｌｉｃｅ']) {
      expect(new NameBook([ALICE]).show(person('zzzz', name))).toBe(`${name}#zzzz`)
    }
    for (const name of ['Alicia', 'lice', 'Malice']) expect(new NameBook([ALICE]).show(person('zzzz', name))).toBe(name)
  })

  test('is never bare where it looks like one of our own lines or like a tag', () => {
    for (const name of ['Bob#bob2', 'x> hi <Bob', '[dev] y', '@Bob']) {
      expect(new NameBook().show(person('zzzz', name))).toBe(`${name}#zzzz`)
    }
  })

  test('of an address that was dialled stands alone, whatever is in it', () => {
    const names = new NameBook([ALICE])
    expect(names.show({ id: '', name: 'framed@127.0.0.1:53101' })).toBe('framed@127.0.0.1:53101')
    expect(names.show({ id: '', name: 'Alice' })).toBe('Alice')
    expect(names.show(ALICE)).toBe('Alice')
  })

  test('is bare again when the other has another name', () => {
    const names = new NameBook([ALICE, MALLORY])
    names.see({ ...MALLORY, name: 'Mallory' })
    expect(names.show(ALICE)).toBe('Alice')
  })

  test('is found by id, and the id stands in where nobody was seen', () => {
    const names = new NameBook([BOB])
    expect(names.showId(BOB.id)).toBe('Bob')
    expect(names.showId(ALICE.id)).toBe(ALICE.id.slice(0, 8))
  })

  test('is forgotten after 4096 others, so a crowd of passers-by costs no memory', () => {
    const names = new NameBook([ALICE])
    for (let count = 0; count < 4096; count++) names.see(person(`p${count}x`, `someone ${count}`))
    expect(names.showId(ALICE.id)).toBe(ALICE.id.slice(0, 8))
    expect(names.show(MALLORY)).toBe(MALLORY.name)
  })

  test('of a stranger from another network has its mark and no tag, and nobody of ours is taken for one', () => {
    const names = new NameBook()
    const [asPeer, asAuthor] = [person('framed:10.0.0.1:5001', 'Ann (framed)'), person('framed:Ann', 'Ann (framed)')]
    for (const each of [asPeer, asAuthor, asPeer]) expect(names.show(each)).toBe('Ann (framed)')
    expect(names.show(person('abcd2', 'Ann (framed)'))).toBe('Ann (framed)#abcd')
    expect(names.show(person('mesh:x', 'Ann'))).toBe('Ann')
  })

  test('can be shown with its tag in any case', () => {
    expect(taggedName(BOB)).toBe('Bob#bob2')
  })
})
