import { describe, expect, test } from 'bun:test'
import type { TrackerView } from '../../src/app/chat.ts'
import { readLine } from '../../src/app/command.ts'
import { COMMANDS } from '../../src/app/commands/table.ts'
import { isOwnHost } from '../../src/app/own-host.ts'
import { ALICE, BOB, FakeChat } from './fake-chat.ts'

const SINCE = new Date(2026, 4, 1, 12, 30, 5).getTime()
const GIVEN = { given: 't.example:5000', address: 't.example:5000', since: SINCE, registered: 5, trouble: '' }

async function tracker(...views: TrackerView[]): Promise<{ lines: readonly string[]; data: object }> {
  const chat = new FakeChat()
  chat.tracked = views
  const command = readLine(COMMANDS, '/tracker')
  if (command === null || !command.ok) throw new Error('no command')
  const reply = await command.run(chat)
  if (!reply.ok) throw new Error(reply.message)
  return { lines: reply.lines(), data: reply.data }
}

describe('/tracker', () => {
  test('says how to use one where none is used', async () => {
    expect((await tracker()).lines).toEqual([
      'No tracker is used. hearsay --tracker <host:port> finds others through one.',
    ])
  })

  test('tells who keeps the list, since when, and how many are on it', async () => {
    const { lines, data } = await tracker({ ...GIVEN, state: 'following', by: BOB })
    expect(lines).toEqual(['t.example:5000: the tracker answers since 12:30:05, 5 nodes on the list.'])
    expect(data).toEqual({ trackers: [{ ...GIVEN, state: 'following', by: BOB }] })
  })

  test('names who stands in, where, and what is tried meanwhile', async () => {
    const trouble = 'refused the connection: nothing listens there'
    const following = { ...GIVEN, state: 'following', by: BOB, address: '10.0.0.2:8080', trouble } as const
    const serving = { ...GIVEN, state: 'serving', by: ALICE, address: '10.0.0.1:8080', registered: 1, trouble } as const
    expect((await tracker(following, serving)).lines).toEqual([
      't.example:5000: Bob stands in, at 10.0.0.2:8080, since 12:30:05, 5 nodes on the list.',
      `  t.example:5000 ${trouble}; it is tried again.`,
      't.example:5000: you are the tracker since 12:30:05, at 10.0.0.1:8080, 1 node on the list.',
      `  t.example:5000 ${trouble}; it is tried again.`,
    ])
  })

  test('says what is going on while there is none', async () => {
    const none = { ...GIVEN, by: null, registered: 0 }
    const states = ['searching', 'checking', 'electing'] as const
    const { lines } = await tracker(...states.map((state) => ({ ...none, state })))
    expect(lines).toEqual([
      't.example:5000: looking for the tracker since 12:30:05.',
      't.example:5000: lost at 12:30:05, looking whether it comes back.',
      't.example:5000: lost at 12:30:05, choosing who is to stand in.',
    ])
  })
})

describe('a host is this machine', () => {
  test('by a loopback address or a name that leads to none but its own', async () => {
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1', 'localhost']) {
      expect(await isOwnHost(host)).toBe(true)
    }
  })

  test('and not by any other', async () => {
    for (const host of ['192.0.2.1', '2001:db8::1', '0.0.0.0', '224.0.0.1', 'no-such-host.invalid']) {
      expect(await isOwnHost(host)).toBe(false)
    }
  })
})
