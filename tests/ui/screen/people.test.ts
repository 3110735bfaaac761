import { describe, expect, test } from 'bun:test'
import type { PeerView } from '../../../src/app/chat.ts'
import type { Message } from '../../../src/ui/screen/model/model.ts'
import { Surroundings } from '../../../src/ui/screen/surroundings.ts'
import { Teller } from '../../../src/ui/screen/tell.ts'
import { BOB, FakeChat } from '../../app/fake-chat.ts'
import { ALICE, BOB as BOB_HERE, NOON, Stage } from './stage.ts'

const ANN: PeerView = {
  id: 'mesh:7',
  ...{
    name: 'Ann (mesh)',
    address: '10.0.0.7:9000',
    via: 'lan',
    dialled: false,
    dialect: 'mesh',
    verified: false,
    rttMs: null,
  },
}
const IVAN: PeerView = {
  ...ANN,
  id: 'line:3',
  name: 'Ivan (line)',
  address: '10.0.0.8:1',
  dialect: 'line',
  room: 'dev',
}
/** Bob once more, as he is seen in the mesh. */
const TWICE: PeerView = { ...ANN, id: 'mesh:8', name: 'Bob (mesh)', address: 'b.example:1' }

/** What the screen is told of a chat with these peers. */
function told(peers: readonly PeerView[]): Extract<Message, { kind: 'network' }> {
  const chat = new FakeChat()
  chat.admit('general', BOB)
  chat.peers = () => [...peers]
  let seen: Message | null = null
  new Surroundings(chat, new Teller(chat, () => NOON), (message) => {
    seen = message
  }).lookNow()
  if (seen === null || (seen as Message).kind !== 'network') throw new Error('nothing was told')
  return seen
}

const NATIVE: PeerView = { ...TWICE, ...BOB, dialect: 'native', verified: true }

describe('people with older programs', () => {
  test('are listed behind our own, where they can be heard, with their network behind the name and a mark', () => {
    const { people, network } = told([NATIVE, ANN, IVAN, TWICE])
    expect(people.map(({ name, verified }) => `${name}${verified ? '' : ' ?'}`)).toEqual([
      'Alice',
      'Bob',
      'Ann (mesh) ?',
    ])
    // Who is there in two ways is one person, and one link.
    expect(network).toMatchObject({ links: 3, names: ['Bob', 'Ann (mesh)', 'Ivan (line)'] })
  })

  test('are drawn with the mark, are no target of Ctrl-K, and a click says why', () => {
    const stage = new Stage().enter('general')
    stage.tell(told([NATIVE, ANN]))
    const row = stage.rows.findIndex((each) => each.includes('Ann (mesh) ?'))
    expect(row).toBeGreaterThan(0)
    stage.press('{ctrl-k}ann')
    expect(stage.rows.join('\n')).toContain('nothing like that')
    stage.press('{escape}').taken()
    const click = (action: 'press' | 'release'): Message => ({
      kind: 'input',
      now: NOON,
      input: { kind: 'mouse', action, x: 70, y: row },
    })
    stage.tell(click('press'), click('release'))
    expect(stage.taken()).toEqual([])
    expect(stage.rows.join('\n')).toContain('Ann (mesh) has an older program')
  })
})

test('nobody connected: the addresses to dictate, and the ways that are tried', () => {
  const chat = new FakeChat()
  chat.remarks = [
    { about: 'listening', state: 'ok', text: 'You listen.', addresses: ['192.0.2.7:1', '192.0.2.8:1'] },
    { about: 'reachable', state: 'note', text: 'Not known.' },
    { about: 'lan', state: 'ok', text: 'The local network is searched: nobody was found so far.' },
  ]
  const stage = new Stage({ columns: 200, rows: 60 }).enter('general')
  new Surroundings(chat, new Teller(chat, () => NOON), (message) => {
    stage.tell(message)
  }).lookNow()
  expect(stage.model.network).toEqual({
    ...{ links: 0, names: [], addresses: ['192.0.2.7:1', '192.0.2.8:1'], secluded: '' },
    hints: ['The local network is searched: nobody was found so far.'],
  })
  const shown = stage.rows.join('\n')
  expect(shown).toContain('  hearsay --connect 192.0.2.7:1')
  expect(shown).toContain('nobody was found so far')
})

test('a conversation in which something was not read before the start is listed, and its history opened on the way in', () => {
  const chat = new FakeChat()
  const room = `@${BOB.id}`
  const stage = new Stage().enter('general')
  const news = { event: 'notice', code: 'unread', message: '3 direct messages of Bob …', room, unread: 3 } as const
  stage.tell(...new Teller(chat, () => NOON).tell(news))
  expect(stage.rows[1]).toStartWith('2 @Bob       3│')
  // Told in the list, and not once more in words.
  expect(stage.rows.join('\n')).not.toContain('direct messages')
  stage.press('{alt-a}')
  expect(stage.taken()).toEqual([{ do: 'command', object: { do: 'join', room } }])
})

describe('comings and goings', () => {
  const person = (name: string) => ({ id: name.padEnd(52, 'x').toLowerCase(), name })
  function room() {
    const chat = new FakeChat()
    let now = NOON
    const teller = new Teller(chat, () => now)
    const stage = new Stage({ columns: 200, rows: 60 }).enter('general')
    const member = (name: string, state: 'joined' | 'left', place = 'general') =>
      stage.tell(...teller.tell({ event: 'member', room: place, state, hops: 1, ...person(name) }))
    const remarks = () => stage.rows.flatMap((row) => /· (.*?)\s*│/.exec(row)?.[1] ?? [])
    return { teller, stage, member, remarks, wait: (ms: number) => (now += ms) }
  }

  test('share a line while nothing else is told, and name no more than one reads', () => {
    const { member, remarks } = room()
    member('Bob', 'joined')
    member('Carol', 'joined')
    expect(remarks()).toEqual(['Bob and Carol joined.'])
    for (let index = 0; index < 300; index++) member(`P${index}`, 'joined')
    expect(remarks()).toEqual(['Bob, Carol, P0, P1, P2 and 297 more joined.'])
  })

  test('begin a new line where something was said, somebody goes, it is another room, or a minute later', () => {
    const { teller, stage, member, remarks, wait } = room()
    member('Bob', 'joined')
    member('Carol', 'left')
    member('Dave', 'left', 'dev')
    member('Eve', 'left')
    stage.tell(teller.note('something else', 'faint'))
    member('Fay', 'left')
    wait(61_000)
    member('Gus', 'left')
    expect(remarks()).toEqual(['Bob joined.', 'Carol left.', 'Eve left.', 'something else', 'Fay left.', 'Gus left.'])
  })
})

test('/unignore is completed with whom one ignores, here or not', () => {
  const chat = new FakeChat()
  chat.ignored.add('Carol')
  let seen: Message | null = null
  new Surroundings(chat, new Teller(chat, () => NOON), (message) => {
    seen = message
  }).lookNow()
  expect(seen).toMatchObject({ ignored: ['Carol'] })
  const at = new Stage().enter('general').with([ALICE, BOB_HERE], 1, ['Carol'])
  expect(at.press('/unignore {tab}').draft).toBe('/unignore Carol ')
})
