import { expect, test } from 'bun:test'
import type { PeerEvent } from '../../../src/app/events.ts'
import { Teller } from '../../../src/ui/screen/tell.ts'
import { BOB, CAROL, FakeChat } from '../../app/fake-chat.ts'
import { NOON } from './stage.ts'

/** What is said of links as they come and go. */
function told(...events: readonly (readonly [typeof BOB, PeerEvent['state'], PeerEvent['via']])[]): string[] {
  const teller = new Teller(new FakeChat(), () => NOON)
  const rest = { address: 'b.example:1', dialled: false, dialect: 'native', verified: true } as const
  return events.flatMap(([person, state, via]) =>
    teller.tell({ event: 'peer', state, via, ...person, ...rest }).flatMap((message) => {
      return message.kind === 'added' && message.entry.kind === 'note' ? [message.entry.text] : []
    }),
  )
}

test('neighbours that the network chooses for itself come and go without a word', () => {
  expect(told([BOB, 'up', 'network'], [BOB, 'down', 'network'], [BOB, 'up', 'network'])).toEqual([])
})

test('who was told of, and is gone, is told of when they are back, though the network brought them', () => {
  expect(
    told(
      [BOB, 'up', 'accepted'],
      [CAROL, 'up', 'network'],
      [BOB, 'down', 'accepted'],
      [BOB, 'up', 'network'],
      [BOB, 'down', 'network'],
    ),
  ).toEqual([
    'Bob connected from b.example:1.',
    'Bob at b.example:1 is gone.',
    'Bob connected from b.example:1, found through others.',
    'Bob at b.example:1 is gone.',
  ])
})
