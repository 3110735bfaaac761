import { describe, expect, test } from 'bun:test'
import { homedir } from 'node:os'
import { fieldOf, type JsonObject, type Reply, readLine, readObject } from '../../src/app/command.ts'
import { COMMANDS } from '../../src/app/commands/table.ts'
import { ALICE, BOB, CAROL, FakeChat, MALLORY } from './fake-chat.ts'

interface Answer {
  readonly reply: Reply
  readonly lines: readonly string[]
  readonly asked: readonly string[]
}

async function run(given: string | JsonObject, chat: FakeChat): Promise<Answer> {
  const before = chat.asked.length
  const command = typeof given === 'string' ? readLine(COMMANDS, given) : readObject(COMMANDS, given)
  if (command === null) throw new Error('a blank line')
  const reply = command.ok ? await command.run(chat) : command
  return { reply, lines: reply.ok ? reply.lines() : [reply.message], asked: chat.asked.slice(before) }
}

/** Each command as people type it and as programs send it: both ask the same of the chat. */
const SAME: readonly (readonly [line: string, object: JsonObject, asked: readonly string[]])[] = [
  ['/connect b.example 1', { do: 'connect', host: 'b.example', port: 1 }, ['connect b.example:1']],
  ['/connect b.example:1', { do: 'connect', address: 'b.example:1' }, ['connect b.example:1']],
  ['/connect ::1 9000', { do: 'connect', host: '::1', port: '9000' }, ['connect [::1]:9000']],
  ['/connect [::1]:9000', { do: 'connect', address: '[::1]:9000' }, ['connect [::1]:9000']],
  ['/disconnect Bob', { do: 'disconnect', peer: 'Bob' }, ['disconnect Bob']],
  ['/hangup "Bob"', { do: 'hangup', peer: 'Bob' }, ['disconnect Bob']],
  ['/disconnect Bob Jones', { do: 'disconnect', peer: 'Bob Jones' }, ['disconnect Bob Jones']],
  ['/say /hi', { do: 'say', text: '/hi' }, ['text (here) /hi']],
  ['/me waves', { do: 'me', text: 'waves' }, ['action (here) waves']],
  ['/join #Dev', { do: 'join', room: '#Dev' }, ['join dev']],
  ['/j dev', { do: 'j', room: 'dev' }, ['join dev']],
  ['/room dev', { do: 'room', room: 'dev' }, ['join dev']],
  ['/room', { do: 'room' }, []],
  ['/join @Bob', { do: 'join', room: '@Bob' }, ['join @Bob']],
  ['/query Bob', { do: 'query', peer: 'Bob' }, ['join @Bob']],
  ['/leave general', { do: 'leave', room: 'general' }, ['leave general']],
  ['/leave', { do: 'leave' }, ['leave general']],
  ['/part #general so long', { do: 'part', room: '#general' }, ['leave general']],
  ['/rooms', { do: 'rooms' }, []],
  ['/msg Bob hi there', { do: 'msg', peer: 'Bob', text: 'hi there' }, ['direct Bob hi there']],
  ['/w @Bob hi', { do: 'whisper', peer: '@Bob', text: 'hi' }, ['direct Bob hi']],
  ['/dm "Bob Jones" hi', { do: 'dm', peer: 'Bob Jones', text: 'hi' }, ['direct Bob Jones hi']],
  ['/peers', { do: 'peers' }, []],
  ['/users', { do: 'users' }, []],
  ['/who general', { do: 'who', room: 'general' }, []],
  ['/nick Anna Lee', { do: 'nick', name: 'Anna Lee' }, ['rename Anna Lee']],
  ['/nick', { do: 'nick' }, []],
  ['/ignore', { do: 'ignore' }, []],
  ['/block Bob', { do: 'ignore', peer: 'Bob' }, []],
  ['/unignore Bob', { do: 'unignore', peer: 'Bob' }, []],
  ['/voice join dev', { do: 'voice', action: 'join', room: 'dev' }, ['voice join dev']],
  ['/mute', { do: 'mute' }, ['voice mute true']],
  ['/mute Bob Jones', { do: 'mute', peer: 'Bob Jones' }, ['voice tune Bob Jones {"silenced":true}']],
  ['/unmute', { do: 'unmute' }, ['voice mute false']],
  ['/deafen', { do: 'deafen' }, ['voice deafen true']],
  ['/undeafen', { do: 'undeafen' }, ['voice deafen false']],
  ['/ptt', { do: 'ptt' }, ['voice press null']],
  ['/ptt on', { do: 'ptt', on: true }, ['voice press true']],
  ['/next', { do: 'next' }, []],
  ['/switch eral', { do: 'jump', part: 'eral' }, []],
  ['/switch general', { do: 'switch', part: 'general' }, ['join general']],
  ['/keys', { do: 'keys' }, []],
  ['/clear', { do: 'clear' }, []],
  ['/tracker', { do: 'tracker' }, []],
  ['/doctor', { do: 'doctor' }, []],
  ['/help', { do: 'help' }, []],
  ['/help /join', { do: 'help', command: 'join' }, []],
  ['/edit hello', { do: 'edit', text: 'hello' }, ['edit (last) hello']],
  ['/edit #2 hello', { do: 'edit', id: '#2', text: 'hello' }, ['edit #2 hello']],
  ['/edit #3fa9 beef', { do: 'edit', id: '#3fa9', text: 'beef' }, ['edit #3fa9 beef']],
  ['/edit #dev beef', { do: 'edit', text: '#dev beef' }, ['edit (last) #dev beef']],
  ['/delete', { do: 'delete' }, ['delete (last)']],
  ['/del 3fa9', { do: 'del', id: '3fa9' }, ['delete 3fa9']],
  ['/reply #1 so do I', { do: 'reply', id: '#1', text: 'so do I' }, ['reply #1 so do I']],
  ['/re 2 beef', { do: 're', id: '2', text: 'beef' }, ['reply 2 beef']],
  ['/react 👍', { do: 'react', emoji: '👍' }, ['react (last) 👍 switch']],
  ['/react #3 👍', { do: 'react', id: '#3', emoji: '👍' }, ['react #3 👍 switch']],
  ['/history', { do: 'history' }, ['history (here) 20']],
  ['/history 5', { do: 'log', limit: 5 }, ['history (here) 5']],
  ['/search red hats', { do: 'search', words: 'red hats' }, ['search red hats from null in null before null 10']],
  [
    '/find from:"Bob Jones" "red hats" in:#dev blue',
    { do: 'find', words: '"red hats" blue', from: 'Bob Jones', room: 'dev' },
    ['search "red hats" blue from Bob Jones in dev before null 10'],
  ],
  ['/url', { do: 'urls' }, ['history (here) 1000']],
  ['/url 3', { do: 'url', limit: 3 }, ['history (here) 1000']],
  ['/read', { do: 'read' }, []],
  ['/read dev', { do: 'seen', room: 'dev' }, []],
  ['/send notes.txt', { do: 'send', path: 'notes.txt' }, ['send notes.txt null']],
  ['/send ~/notes.txt', { do: 'send', path: `${homedir()}/notes.txt` }, [`send ${homedir()}/notes.txt null`]],
  [
    '/send "~/my notes.txt" @Bob',
    { do: 'send', path: `${homedir()}/my notes.txt`, to: '@Bob' },
    [`send ${homedir()}/my notes.txt @Bob`],
  ],
  ['/send ~notes', { do: 'send', path: '~notes' }, ['send ~notes null']],
  ['/send "my notes.txt" @Bob', { do: 'send', path: 'my notes.txt', to: '@Bob' }, ['send my notes.txt @Bob']],
  ['/accept', { do: 'accept' }, ['accept ']],
  ['/get 3', { do: 'get', file: '3' }, ['accept 3']],
  ['/decline my notes.txt', { do: 'decline', file: 'my notes.txt' }, ['decline my notes.txt']],
  ['/cancel 3', { do: 'cancel', file: '3' }, ['cancel 3']],
  ['/files', { do: 'files' }, []],
  ['/files 3', { do: 'files', file: '3' }, ['paths 3']],
  ['/transfers my plans', { do: 'files', file: 'my plans' }, ['paths my plans']],
  ['/quit', { do: 'quit' }, []],
  ['/exit see you', { do: 'q' }, []],
]

describe('as a line and as JSON', () => {
  for (const [line, object, asked] of SAME) {
    test(`${line} asks what ${JSON.stringify(object)} asks`, async () => {
      const typed = await run(line, new FakeChat())
      const sent = await run(object, new FakeChat())
      expect(typed.asked).toEqual([...asked])
      expect(sent.asked).toEqual([...asked])
      expect(sent.reply.to).toBe(typed.reply.to)
      expect(sent.reply.ok).toBe(typed.reply.ok)
      expect(sent.lines).toEqual(typed.lines)
    })
  }

  test('every command is among these', () => {
    const tried = new Set(SAME.map(([, object]) => COMMANDS.find(String(fieldOf(object, 'do')))?.name))
    expect([...tried].sort()).toEqual(COMMANDS.commands.map((command) => command.name).sort())
  })
})

describe('talking', () => {
  test('answers a program with the id and room, and people with nothing: the message itself follows', async () => {
    const { reply, lines } = await run('hi', new FakeChat())
    expect(reply).toMatchObject({ ok: true, to: 'say', data: { id: 'm1', room: 'general' } })
    expect(lines).toEqual([])
  })

  test('a bot can answer into the room of the message it heard, a direct one too', async () => {
    const { asked } = await run({ do: 'say', room: `@${BOB.id}`, text: 'yes' }, new FakeChat())
    expect(asked).toEqual([`text @${BOB.id} yes`])
  })

  test('passes on what the chat has against it', async () => {
    const { reply } = await run('/msg Nobody hi', new FakeChat())
    expect(reply).toEqual({ ok: false, to: 'msg', code: 'no-such-peer', message: 'Nobody called Nobody is here.' })
  })

  test('refuses a text of nothing but blanks', async () => {
    const { lines } = await run({ do: 'say', text: ' \n ' }, new FakeChat())
    expect(lines).toEqual(['say: "text": the text is empty.'])
  })

  test('takes effect before the answer comes, in the order given', () => {
    const chat = new FakeChat()
    for (const line of ['/connect slow.example:1', '/join dev', 'one', 'two']) void run(line, chat)
    expect(chat.asked).toEqual(['connect slow.example:1', 'join dev', 'text (here) one', 'text (here) two'])
  })
})

describe('rooms', () => {
  test('/room tells where you are', async () => {
    const chat = new FakeChat()
    expect((await run('/room', chat)).lines).toEqual(['You are in general now (1 person).'])
    expect((await run('/room', chat)).reply).toMatchObject({ data: { room: 'general' } })
    await run('/leave', chat)
    expect((await run('/room', chat)).lines).toEqual(['You are in no room. /join <room> enters one.'])
    expect((await run('/room', chat)).reply).toMatchObject({ data: { room: null } })
  })

  test('/leave tells what is current now, and what to do where nothing is', async () => {
    const chat = new FakeChat()
    await run('/join dev', chat)
    expect((await run('/leave', chat)).lines).toEqual(['You left dev. You are in general now (1 person).'])
    expect((await run('/leave', chat)).lines).toEqual([
      'You left general. You are in no room. /join <room> enters one.',
    ])
    expect((await run('/leave', chat)).reply).toMatchObject({ ok: false, code: 'no-room' })
  })

  test('/leave ends a direct conversation and goes back to a room', async () => {
    const chat = new FakeChat()
    chat.admit('general', BOB)
    expect((await run('/query Bob', chat)).lines).toEqual(['You are talking with @Bob now.'])
    expect((await run('/leave', chat)).lines).toEqual(['You left @Bob. You are in general now (2 people).'])
  })

  test('who is not here any more is called by name all the same', async () => {
    const chat = new FakeChat()
    expect((await run('/leave', chat)).reply.ok).toBe(true)
    expect((await run(`/query ${BOB.id}`, chat)).lines).toEqual(['You are talking with @Bob now.'])
  })

  test('/next goes where something is said to you, then to other news below and round, and says when there is none', async () => {
    const chat = new FakeChat()
    for (const room of ['dev', 'music', 'general']) await run(`/join ${room}`, chat)
    const { notRead, kept } = chat.messages
    notRead.set('dev', { count: 4, mentions: 0 }).set('music', { count: 1, mentions: 1 })
    kept.push(`@${CAROL.id}`, `@${BOB.id}`)
    notRead.set(`@${BOB.id}`, { count: 1, mentions: 0 })
    const gone: string[] = []
    for (let step = 0; step < 3; step++) {
      const { reply } = await run('/next', chat)
      const room = chat.currentRoom() ?? ''
      expect(reply).toMatchObject({ ok: true, data: { room } })
      gone.push(room)
      notRead.delete(room)
    }
    expect(gone).toEqual(['music', `@${BOB.id}`, 'dev'])
    const { lines, asked } = await run('/next', chat)
    expect(lines).toEqual(['There is nothing new anywhere else.'])
    expect(asked).toEqual([])
  })

  test('/switch goes to a room or a person by a part of the name, and says what it could be where that fits several', async () => {
    const chat = new FakeChat()
    for (const room of ['dev', 'music', 'design', 'general']) await run(`/join ${room}`, chat)
    chat.messages.kept.push(`@${BOB.id}`)
    expect((await run('/switch us', chat)).asked).toEqual(['join music'])
    expect((await run('/switch bO', chat)).asked).toEqual([`join @${BOB.id}`])
    expect((await run('/switch gnrl', chat)).asked).toEqual(['join general'])
    expect((await run('/switch #dev', chat)).asked).toEqual(['join dev'])
    const several = await run('/switch de', chat)
    // Where one is, one need not go.
    expect(several.asked).toEqual(['join design'])
    await run('/join music', chat)
    const { lines, asked } = await run('/switch de', chat)
    expect(asked).toEqual([])
    expect(lines).toEqual(['"de" could be dev or design: type more of it.'])
    expect((await run('/switch xyz', chat)).lines).toEqual([
      'No room you are in, and nobody here, has "xyz" in the name; /join enters a room by its whole name.',
    ])
  })

  test('/rooms marks the current one', async () => {
    const chat = new FakeChat()
    chat.admit('general', BOB)
    await run('/join dev', chat)
    const { reply, lines } = await run('/rooms', chat)
    expect(lines).toEqual(['   general  2 people', '*  dev      1 person'])
    expect(reply).toMatchObject({ data: { rooms: [{ room: 'general', current: false, users: 2 }, { room: 'dev' }] } })
  })

  test('/ignore and /unignore say what they did, and /ignore alone whom one ignores', async () => {
    const chat = new FakeChat()
    expect((await run('/ignore', chat)).lines).toEqual(['You ignore nobody. /ignore <peer> does.'])
    expect((await run('/ignore @Bob', chat)).lines).toEqual([
      'You ignore Bob now; /unignore Bob ends that. Voice is apart: /voice mute Bob silences it.',
    ])
    await run('/ignore "Carol"', chat)
    expect(await run('/ignore', chat)).toMatchObject({
      lines: ['You ignore Bob, Carol.'],
      reply: { data: { ignored: [BOB, CAROL] } },
    })
    expect((await run('/unignore Bob', chat)).lines).toEqual(['You hear Bob again.'])
    expect((await run({ do: 'unignore', peer: 'Bob' }, chat)).reply).toMatchObject({ code: 'not-ignored' })
    expect((await run('/unignore', chat)).lines[0]).toContain('it needs a peer')
  })

  test('/users lists who is there, and tells two people apart whose names look the same', async () => {
    const chat = new FakeChat()
    chat.admit('general', BOB)
    chat.admit('general', MALLORY)
    const { reply, lines } = await run('/users', chat)
    expect(lines).toEqual([
      'general: 3 people',
      'Alice#alic  you',
      'Bob         a neighbour',
      `${MALLORY.name}#mall  a neighbour`,
    ])
    expect(reply).toMatchObject({
      data: { room: 'general', users: [{ id: ALICE.id, self: true, hops: 0 }, BOB, MALLORY] },
    })
  })

  test('/users does not tell of rooms one is not in', async () => {
    const { lines } = await run('/users secret', new FakeChat())
    expect(lines).toEqual(['You are not in secret. /join secret enters it.'])
  })
})

describe('people', () => {
  test('/connect says who was there already, and leaves news to the events', async () => {
    const chat = new FakeChat()
    const first = await run('/connect b.example 1', chat)
    expect(first.reply).toMatchObject({ ok: true, data: { peer: BOB, already: false } })
    expect(first.lines).toEqual([])
    expect((await run('/connect b.example 1', chat)).lines).toEqual(['You are connected to Bob already.'])
  })

  test('/connect shows what it is trying', () => {
    const command = readLine(COMMANDS, '/connect ::1 80')
    expect(command?.ok === true && command.pending).toBe('Connecting to [::1]:80 …')
  })

  test('/connect explains how an address is written', async () => {
    expect((await run('/connect nonsense', new FakeChat())).lines).toEqual([
      '/connect: "nonsense" is no address: write host:port, as in 192.168.1.5:8080. Usage: /connect <host:port>',
    ])
    expect((await run('/connect a.example 99999', new FakeChat())).lines[0]).toContain('is no host and port')
  })

  test('/peers lists links with their round trip', async () => {
    const chat = new FakeChat()
    expect((await run('/peers', chat)).lines).toEqual([
      'Nobody is connected. /connect <host:port> reaches a peer; /doctor looks for what is wrong.',
    ])
    await run('/connect b.example 1', chat)
    const { lines, reply } = await run('/peers', chat)
    expect(lines).toEqual(['Bob  b.example:1  you dialled  3.5 ms'])
    expect(reply).toMatchObject({ data: { peers: [{ ...BOB, via: 'dialled', rttMs: 3.5 }] } })
  })

  test('/peers tells who is farther off, through whom, and why the last one went', async () => {
    const chat = new FakeChat()
    await run('/connect b.example 1', chat)
    chat.far = [
      { ...MALLORY, hops: 3, through: BOB },
      { ...CAROL, hops: 1, through: null },
    ]
    chat.gone = { ...CAROL, address: 'c.example:1', reason: 'left', at: 0 }
    const { lines, reply } = await run('/peers', chat)
    expect(lines.slice(1)).toEqual([
      `${MALLORY.name}#mall  3 links away         last heard through Bob`,
      'Carol       not linked any more',
      'Last to go: Carol, who left.',
    ])
    expect(reply).toMatchObject({ data: { others: chat.far, lastGone: chat.gone } })
  })

  test('/doctor says how things stand, and what to do below each', async () => {
    const chat = new FakeChat()
    chat.remarks = [
      { about: 'listening', state: 'ok', text: 'You listen.' },
      { about: 'network', state: 'problem', text: 'You are alone.', advice: 'Find somebody.' },
      { about: 'lan', state: 'note', text: 'The local network is not searched.' },
    ]
    const { lines, reply } = await run('/doctor', chat)
    expect(lines).toEqual([
      'ok  You listen.',
      ' !  You are alone.',
      '    Find somebody.',
      ' -  The local network is not searched.',
    ])
    expect(reply).toMatchObject({ data: { remarks: chat.remarks } })
  })

  test('/nick tells the name, changes it, and passes on why not', async () => {
    const chat = new FakeChat()
    expect((await run('/nick', chat)).lines).toEqual(['You are Alice#alic.'])
    expect((await run('/nick Anna', chat)).lines).toEqual(['You are Anna#alic.'])
    expect((await run(`/nick ${'x'.repeat(33)}`, chat)).lines).toEqual(['A name has 1 to 32 characters.'])
  })
})

describe('/help', () => {
  test('lists every command once, in groups, aligned', async () => {
    const { lines } = await run('/help', new FakeChat())
    const rows = lines.filter((line) => line.startsWith('  '))
    const groups = ['Talking', 'Rooms', 'Files', 'People', 'Voice', 'hearsay']
    expect(lines.filter((line) => !line.startsWith('  '))).toEqual(groups)
    expect(rows.map((row) => /^ {2}\/(\w+)/.exec(row)?.[1])).toEqual(COMMANDS.commands.map((command) => command.name))
    const starts = rows.map((row, index) => row.indexOf(COMMANDS.commands[index]!.help))
    expect(new Set(starts).size).toBe(1)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80)
  })

  test('explains one command, by any of its names', async () => {
    const lines = ['/join <room>', '  enter a room, or switch to it; #Dev and dev are one', '  also: /j']
    expect((await run('/help join', new FakeChat())).lines).toEqual(lines)
    expect((await run('/help /j', new FakeChat())).lines).toEqual(lines)
  })

  test('suggests, where it does not know the command', async () => {
    const { lines } = await run('/help jion', new FakeChat())
    expect(lines).toEqual(['/jion: no such command; did you mean /join? /help lists them'])
  })

  test('tells programs the arguments', async () => {
    const { reply } = await run({ do: 'help', command: 'msg' }, new FakeChat())
    expect(reply).toMatchObject({
      data: {
        help: [
          {
            name: 'msg',
            args: [
              { name: 'peer', kind: 'peer', optional: false },
              { name: 'text', kind: 'text', optional: false },
            ],
          },
        ],
      },
    })
  })
})
