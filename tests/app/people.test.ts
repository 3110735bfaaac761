import { expect, test } from 'bun:test'
import { People } from '../../src/app/people.ts'
import { encodeBase32 } from '../../src/base/base32.ts'

/** More than are remembered. */
const STRANGERS = 17_000

function identity(number: number): Uint8Array {
  const id = new Uint8Array(32)
  new DataView(id.buffer).setUint32(0, number)
  return id
}

test('who is heard again and again is not forgotten for strangers who pass by', () => {
  const people = new People()
  const alice = people.meet(identity(1), 'Alice')
  for (let i = 2; i < STRANGERS; i++) {
    people.meet(identity(i), `stranger ${i}`)
    if (i % 1_000 === 0) people.meet(identity(1), '')
  }
  people.meet(identity(STRANGERS), 'Alice')
  const found = people.find('Alice')
  expect(found).toMatchObject({ ok: false, code: 'ambiguous-peer' })
  expect(people.find(alice.id)).toMatchObject({ ok: true, person: { name: 'Alice' } })
  expect(people.find('stranger 2')).toMatchObject({ ok: false, code: 'no-such-peer' })
})

test('somebody is found by name in any case, by name and tag, by the beginning of an id, and by a whole id never seen', () => {
  const people = new People()
  const ann = people.meet(identity(1), 'Ann')
  people.meet(identity(0x80_00_00_00), 'Bob')
  for (const text of ['ann', '@ANN', `Ann#${ann.id.slice(0, 4)}`, ann.id.slice(0, 12), ann.id]) {
    expect(people.find(text)).toMatchObject({ ok: true, person: { id: ann.id } })
  }
  const unseen = encodeBase32(identity(77))
  expect(people.find(unseen)).toMatchObject({ ok: true, person: { id: unseen } })
  expect(people.find('nobody')).toMatchObject({ ok: false })
  expect(people.find('')).toMatchObject({ ok: false })
})
