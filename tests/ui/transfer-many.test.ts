import { describe, expect, test } from 'bun:test'
import type { FileEvent } from '../../src/app/events.ts'
import type { SendAsked } from '../../src/app/options-transfer.ts'
import { withoutCommands } from '../../src/ui/transfer/advice.ts'
import { runReceive } from '../../src/ui/transfer/receive.ts'
import { runSend } from '../../src/ui/transfer/send.ts'
import { ALICE, BOB, FakeChat } from '../app/fake-chat.ts'
import { Collector, signalSource } from './streams.ts'
import { asked, offer, receive } from './transfers.ts'

const send: SendAsked = {
  ...{ kind: 'send', paths: ['a', 'b', 'c'], to: null, name: 'stdin', takers: 1 },
  ...{ given: {}, configFile: null, waitMs: null },
}
const NOBODY = 'Nobody who has it is here. It goes on when somebody is.'
const LYING =
  'What came of photo.jpg is not what was offered, and was thrown away. It goes on if others have it; /cancel gives it up.'

/** One who receives in a script, at a time that the test makes. */
function receiving(asked = receive) {
  const chat = new FakeChat()
  chat.files.files.push({ ...offer, id: 'answer', state: 'done' })
  const paths = new Collector()
  const errors = new Collector()
  const clock = { ms: 1_000 }
  const nowMs = (): number => clock.ms
  const over = runReceive({ chat, asked, paths, errors, person: null, signals: signalSource(), nowMs })
  chat.admit('general', BOB)
  return { chat, paths, errors, clock, over }
}

/** Resolves when it has been looked a few times whether anything has moved: who is there is asked each time. */
function looked(chat: FakeChat): Promise<void> {
  const rooms = chat.rooms.bind(chat)
  return new Promise((resolve) => {
    let looks = 0
    chat.rooms = () => {
      if (++looks === 5) resolve()
      return rooms()
    }
  })
}

describe('receiving many', () => {
  test('is over when the last is here, however many wait for their turn meanwhile, and says nothing of that', async () => {
    const { chat, paths, errors, clock, over } = receiving()
    const offers = Array.from({ length: 100 }, (_, i) => ({ ...offer, id: `f${i}`, number: i + 1, name: `f${i}` }))
    for (const each of offers) chat.emit(each)
    clock.ms += 300
    await asked(chat, 'accept 1')
    await asked(chat, 'accept 100')
    for (const each of offers) chat.emit({ ...each, state: 'waiting', reason: 'Others are on their way.' })
    clock.ms += 10_000
    await looked(chat)
    for (const each of offers) chat.emit({ ...each, state: 'done', done: each.size, path: `/${each.name}` })
    clock.ms += 2_500
    expect(await over).toBe(0)
    expect(paths.lines).toHaveLength(100)
    expect(errors.text).toBe('')
  })

  test('takes what there is room for, and fails with how many of the same person there was none for', async () => {
    const { chat, paths, errors, clock, over } = receiving()
    chat.emit(offer)
    for (let i = 0; i < 3; i++) {
      const left = { ...offer, id: `left ${i}`, number: 0, state: 'failed', trouble: 'crowded' } as const
      chat.emit({ ...left, reason: 'Too many files wait.' })
      chat.emit({ ...left, id: `other ${i}`, from: { id: 'somebody', name: 'else' }, reason: 'Too many files wait.' })
    }
    clock.ms += 300
    await asked(chat, 'accept 1')
    chat.emit({ ...offer, state: 'done', done: 3_000_000, path: '/photo.jpg' })
    clock.ms += 2_500
    expect(await over).toBe(1)
    expect(paths.text).toBe('/photo.jpg\n')
    expect(errors.lines).toEqual([
      'hearsay: 3 more files that Bob offers did not come: too many were offered at once. Ask Bob to send the rest again.',
    ])
  })
})

test('the same content under another name comes once, which is said: whoever counts files would miss one', async () => {
  const { chat, paths, errors, clock, over } = receiving()
  chat.files.onItsWay.add('2').add('3')
  chat.emit({ ...offer, at: 1_000_900 })
  chat.emit({ ...offer, id: 'f2', number: 2, name: 'copy.jpg' })
  // Sent once more, it is no other.
  chat.emit({ ...offer, id: 'f3', number: 3 })
  clock.ms += 300
  await asked(chat, 'accept 3')
  chat.emit({ ...offer, state: 'done', done: 3_000_000, path: '/photo.jpg' })
  clock.ms += 2_500
  expect(await over).toBe(1)
  expect(paths.text).toBe('/photo.jpg\n')
  expect(errors.text).toBe(
    'hearsay: All content is here, but not under every name: copy.jpg would be the same again, which comes once. Make a copy where it is needed.\n',
  )
})

describe('receiving in a script from somebody who sends nothing', () => {
  test('says once what it waits for, and again when that is something else', async () => {
    const { chat, errors, clock } = receiving()
    chat.emit(offer)
    clock.ms += 300
    await asked(chat, 'accept 1')
    chat.emit({ ...offer, state: 'progress', done: 5 })
    chat.emit({ ...offer, state: 'waiting', done: 5, trouble: 'nobody', reason: NOBODY })
    await looked(chat)
    expect(errors.text).toBe('')
    clock.ms += 10_000
    await errors.until((text) => text !== '')
    clock.ms += 60_000
    await looked(chat)
    expect(errors.lines).toEqual([`hearsay: ${NOBODY}`])
    chat.emit({ ...offer, state: 'waiting', done: 5, trouble: 'nobody', reason: 'Whoever offered it sends nothing.' })
    await errors.until((text) => text.endsWith('hearsay: Whoever offered it sends nothing.\n'))
    // It goes on, and stops once more.
    chat.emit({ ...offer, state: 'progress', done: 9 })
    clock.ms += 60_000
    await looked(chat)
    chat.emit({ ...offer, state: 'waiting', done: 9, trouble: 'nobody', reason: NOBODY })
    await errors.until((text) => text.split(NOBODY).length === 3)
  })

  test('of an offer that cannot be had it says that, and not that there was none', async () => {
    const { chat, errors, clock, over } = receiving({ ...receive, waitMs: 30_000 })
    const reason = 'photo.jpg is not there (yet) where it came from. It goes on if others have it; /cancel gives it up.'
    chat.emit(offer)
    clock.ms += 300
    await asked(chat, 'accept 1')
    chat.emit({ ...offer, state: 'waiting', trouble: 'absent', reason })
    clock.ms += 10_000
    const why = 'hearsay: photo.jpg is not there (yet) where it came from.'
    await errors.until((text) => text === `${why} Waiting for another offer …\n`)
    clock.ms += 20_000
    expect(await over).toBe(1)
    expect(errors.lines[1]).toBe(`${why} Nothing else has been offered in 30 s.`)
  })
})

describe('a command that ends', () => {
  test('advises what can be done after it, and no command of the chat', async () => {
    for (const [done, next] of [
      [0, 'To try again, receive it again.'],
      [5, 'What came is kept as .part: receive it again to go on.'],
    ] as const) {
      const { chat, errors, clock, over } = receiving()
      chat.emit(offer)
      clock.ms += 300
      await asked(chat, 'accept 1')
      chat.emit({ ...offer, state: 'waiting', done, trouble: 'lying', reason: LYING })
      expect(await over).toBe(1)
      const what = 'What came of photo.jpg is not what was offered, and was thrown away.'
      expect(errors.text).toBe(`hearsay: ${what} ${next}\n`)
    }
  })

  test.each([
    ['It is tried again. /send offers it again.', 'It is tried again.'],
    ['What is in tree is not known any more: /accept it again.', 'What is in tree is not known any more.'],
    ['It is not dialled. Leave one out, or /disconnect another.', 'It is not dialled. Leave one out.'],
    [
      'It is not listed: too many wait. /accept or /decline what /files lists, or let it come; then ask.',
      'It is not listed: too many wait.',
    ],
    ['/home/anna/send cannot be read: /send/it is not there. Check the path.', null],
    ['/files', null],
    ['photo.jpg cannot be received into /files: that is a file. Put a folder there.', null],
    ['/send cannot be read: too many files are open. Close some.', null],
  ])('%p', (text, left) => {
    expect(withoutCommands(text)).toBe(left ?? text)
  })
})

test('a person who does not want one is asked about what was offered with it, and has the rest', async () => {
  const chat = new FakeChat()
  chat.files.files.push({ ...offer, id: 'answer', state: 'done' })
  const answers = ['n', 'y', 'n']
  const person = { line: async () => answers.shift() ?? null }
  const [paths, errors] = [new Collector(), Object.assign(new Collector(), { isTTY: true, columns: 80 })]
  const over = runReceive({ chat, asked: receive, paths, errors, person, signals: signalSource() })
  chat.admit('general', BOB)
  const [first, second, third] = [1, 2, 3].map((n) => ({ ...offer, id: `f${n}`, number: n, at: 1_000_000 - n }))
  for (const each of [first!, second!, third!]) chat.emit(each)
  await asked(chat, 'decline 3')
  expect(chat.asked.filter((each) => /^(accept|decline)/.test(each))).toEqual(['decline 1', 'accept 2', 'decline 3'])
  chat.emit({ ...second!, state: 'done', done: second!.size, path: '/photo.jpg' })
  chat.emit({ event: 'member', room: 'general', state: 'left', hops: 1, ...BOB })
  expect(await over).toBe(0)
  expect(paths.text).toBe('/photo.jpg\n')
})

test('one of several that are as large, offered anew while what an earlier run began of it goes on, is not missing', async () => {
  const { chat, errors, paths, clock, over } = receiving()
  chat.files.onItsWay.add('2')
  const [begun, other, anew] = [
    { ...offer, id: 'f0', number: 3, name: 'part.ab' },
    { ...offer, id: 'f1', number: 1, name: 'part.aa' },
    { ...offer, id: 'f2', number: 2, name: 'part.ab' },
  ]
  chat.emit({ ...begun, state: 'progress', done: 5 })
  for (const each of [other, anew]) chat.emit(each)
  clock.ms += 300
  for (const number of [1, 2]) await asked(chat, `accept ${number}`)
  for (const each of [begun, other]) chat.emit({ ...each, state: 'done', done: each.size, path: `/${each.name}` })
  clock.ms += 2_500
  expect(await over).toBe(0)
  expect(errors.text).toBe('')
  expect(paths.lines).toHaveLength(2)
})

/** A file of ours that is offered. */
const own = (n: number): FileEvent => ({
  ...{ ...offer, id: `f${n}`, number: n, name: `f${n}` },
  ...{ state: 'offering', self: true, from: ALICE },
})

/** One who has just offered three files in a script, with Bob there. */
async function sending() {
  const chat = new FakeChat()
  chat.files.files.push(own(1), own(2), own(3))
  const errors = new Collector()
  const over = runSend({ chat, asked: send, paths: send.paths, errors, signals: signalSource() })
  const address = { host: '127.0.0.1', port: 5000 }
  chat.admit('general', BOB)
  chat.emit({ event: 'ready', version: '1', id: ALICE.id, name: 'Alice', tcp: address, udp: address })
  await asked(chat, 'send a b c null')
  await Promise.resolve()
  return { chat, errors, over }
}

test('whoever sends several goes on with the others when one is not wanted, and says so in the end', async () => {
  const { chat, errors, over } = await sending()
  chat.emit({ ...own(2), refused: [BOB] })
  chat.emit({ ...own(1), taken: [BOB] })
  expect(errors.text).toBe('')
  chat.emit({ ...own(3), taken: [BOB] })
  expect(await over).toBe(1)
  expect(errors.text).toBe('hearsay: Bob does not want f2 (3.0 MB). Ask, and send it again if that changes.\n')
})

test('whoever sends hears of somebody who leaves with some of it, once', async () => {
  const { chat, errors, over } = await sending()
  chat.emit({ ...own(1), taken: [BOB] })
  chat.emit({ ...own(3), taken: [BOB] })
  chat.dismiss('general', BOB)
  chat.emit({ event: 'peer', state: 'down', reason: 'bye', ...BOB } as never)
  expect(errors.text).toBe(
    'hearsay: Bob has left with 2 of 3 files. The rest is still offered: it can be received again.\n',
  )
  chat.emit({ ...own(2), taken: [BOB] })
  expect(await over).toBe(0)
})
