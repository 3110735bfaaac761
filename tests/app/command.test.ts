import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type Call,
  CommandTable,
  type JsonObject,
  type Refusal,
  type Reply,
  readLine,
  readObject,
} from '../../src/app/command.ts'
import { COMMANDS } from '../../src/app/commands/table.ts'
import { FakeChat } from './fake-chat.ts'

function ask(command: Call | Refusal | null, chat = new FakeChat()): Promise<Reply> {
  if (command === null) throw new Error('a blank line')
  return command.ok ? command.run(chat) : Promise.resolve(command)
}

async function refusalOf(line: string): Promise<string> {
  const reply = await ask(readLine(COMMANDS, line))
  if (reply.ok) throw new Error(`${line} was not refused`)
  return reply.message
}

async function wrongIn(object: JsonObject): Promise<string> {
  const reply = await ask(readObject(COMMANDS, object))
  if (reply.ok) throw new Error(`${JSON.stringify(object)} was not refused`)
  expect(reply.code).toBe('bad-argument')
  return reply.message
}

describe('a typed line', () => {
  const said = async (line: string) => {
    const chat = new FakeChat()
    await ask(readLine(COMMANDS, line), chat)
    return chat.asked
  }

  test('without a slash is said', async () => {
    expect(await said('hi there')).toEqual(['text (here) hi there'])
  })

  test('with two slashes is said with one', async () => {
    expect(await said('//etc/hosts')).toEqual(['text (here) /etc/hosts'])
    expect(await said('///')).toEqual(['text (here) //'])
  })

  test('keeps blanks inside and before a text, and loses those after it', async () => {
    expect(await said('/say  two  blanks  ')).toEqual(['text (here) two  blanks'])
    expect(await said('  indented ')).toEqual(['text (here)   indented'])
  })

  test('that is blank asks for nothing', () => {
    expect(readLine(COMMANDS, '')).toBeNull()
    expect(readLine(COMMANDS, ' \t ')).toBeNull()
  })

  test('finds commands in any case', async () => {
    expect(await said('/JOIN dev')).toEqual(['join dev'])
  })

  test('with an unknown command is answered in one line with the nearest known one', async () => {
    expect(await refusalOf('/jion dev')).toBe('/jion: no such command; did you mean /join? /help lists them')
    expect(await refusalOf('/xyzzyx')).toBe('/xyzzyx: no such command; /help lists them')
    expect(await refusalOf('/')).toBe('/: the name of a command is missing; /help lists them')
    const nameless = readObject(COMMANDS, { do: '' })
    expect(nameless).toMatchObject({ to: '', message: '"do": the name of a command is missing; help lists them' })
  })

  test('with an unknown command repeats only the beginning of a long name', async () => {
    expect((await refusalOf(`/${'x'.repeat(5000)}`)).length).toBeLessThan(100)
  })

  test('that lacks an argument is told the usage', async () => {
    expect(await refusalOf('/join')).toBe('/join: it needs a room. Usage: /join <room>')
    expect(await refusalOf('/send "/home/a b')).toBe(
      '/send: the quotation mark that ends the path is missing. Usage: /send <path> [<room>]',
    )
    expect(await refusalOf('/msg')).toContain('it needs a peer')
    expect(await refusalOf('/msg Bob')).toBe('/msg: it needs a text. Usage: /msg <peer> <text>')
    expect(await refusalOf('/connect')).toBe('/connect: it needs an address. Usage: /connect <host:port>')
  })

  test('with too many arguments is told which are too many', async () => {
    expect(await refusalOf('/peers all of them')).toBe('/peers: "all of them" is too much. Usage: /peers')
    expect(await refusalOf('/join my room')).toBe('/join: "room" is too much. Usage: /join <room>')
  })

  test('never throws, whatever it holds', () => {
    const lines = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom(...COMMANDS.commands.map((command) => command.name)), fc.string({ unit: 'binary' }))
        .map(([name, rest]) => `/${name} ${rest}`),
    )
    fc.assert(
      fc.property(lines, (line) => {
        const command = readLine(COMMANDS, line)
        expect(command === null).toBe(line.trim() === '')
        if (command !== null && !command.ok) expect(command.message.length).toBeLessThan(400)
      }),
      { numRuns: 2000 },
    )
  })

  test('says any text that does not begin with a slash just as it is', async () => {
    const texts = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== '' && text[0] !== '/')
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await said(text)).toEqual([`text (here) ${text.trimEnd()}`])
        expect(await said(`//${text}`)).toEqual([`text (here) /${text.trimEnd()}`])
      }),
    )
  })
})

describe('a JSON object', () => {
  test('names the field that has the wrong type', async () => {
    expect(await wrongIn({ do: 'say', text: 7 })).toBe('say: "text" must be a string.')
    expect(await wrongIn({ do: 'say', text: 'hi', room: ['dev'] })).toBe('say: "room" must be a string.')
    expect(await wrongIn({ do: 'join', room: 'no blanks' })).toContain('"room": "no blanks" cannot be a room')
    expect(await wrongIn({ do: 'msg', peer: {}, text: 'hi' })).toBe('msg: "peer" must be a string.')
    expect(await wrongIn({ do: 'connect', host: 'a.example', port: true })).toBe('connect: "port" must be a number.')
    expect(await wrongIn({ do: 'connect', host: 1, port: 1 })).toBe('connect: "host" must be a string.')
    expect(await wrongIn({ do: 'connect', address: 'a.example' })).toContain('"address": "a.example" is no address')
  })

  test('names the field that is missing', async () => {
    expect(await wrongIn({ do: 'say' })).toBe('say: it needs a text in "text".')
    expect(await wrongIn({ do: 'msg', text: 'hi', peer: null })).toContain('in "peer"')
    expect(await wrongIn({ do: 'connect' })).toBe('connect: it needs "address", or "host" and "port".')
    expect(await wrongIn({})).toBe('"do" must be the name of a command, as a string.')
    expect(await wrongIn({ do: 5 })).toBe('"do" must be the name of a command, as a string.')
  })

  test('says text exactly, line breaks, slashes, blanks and all', async () => {
    const chat = new FakeChat()
    await ask(readObject(COMMANDS, { do: 'say', text: '/join\n  x \n', room: '#Dev' }), chat)
    expect(chat.asked).toEqual(['text dev /join\n  x \n'])
  })

  test('may hold fields that nobody knows', async () => {
    const reply = await ask(readObject(COMMANDS, { do: 'peers', colour: 'blue', ref: 1, room: 5 }))
    expect(reply.ok).toBe(true)
  })

  test('finds nothing in what every object inherits', async () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      const reply = await ask(readObject(COMMANDS, { do: name }))
      expect(reply).toMatchObject({ ok: false, code: 'unknown-command' })
    }
  })

  test('never throws, whatever it holds', () => {
    const names = COMMANDS.commands.map((command) => command.name)
    const fields = ['text', 'room', 'peer', 'name', 'address', 'host', 'port', 'command', 'ref']
    const objects = fc.oneof(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc
        .tuple(fc.constantFrom(...names), fc.dictionary(fc.constantFrom(...fields), fc.jsonValue()))
        .map(([name, rest]) => ({ ...rest, do: name })),
    )
    fc.assert(
      fc.property(objects, (object) => {
        const command = readObject(COMMANDS, object)
        if (!command.ok) expect(command.message.length).toBeLessThan(400)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the table', () => {
  test('refuses two commands of one name', () => {
    const [first] = COMMANDS.commands
    expect(() => new CommandTable([first!, first!])).toThrow('Two commands are called say.')
  })

  test('has a usage, a help line and known argument kinds for every command', () => {
    for (const { usage, help, name, args } of COMMANDS.commands) {
      expect(usage).toStartWith(`/${name}`)
      expect(help.length).toBeGreaterThan(5)
      expect(help.length).toBeLessThanOrEqual(60)
      expect(args.every((argument) => argument.kind.length > 0)).toBe(true)
    }
  })
})
