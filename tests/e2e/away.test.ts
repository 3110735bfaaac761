import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { MessageView } from '../../src/app/messages.ts'
import { Program, removeHomes, temporaryHome } from './program.ts'
import { sameEverywhere, sayMany, wholeRecord } from './record.ts'

/** Real programs: what was said while one was away reaches it from whoever was there, the author being gone. */

setDefaultTimeout(120_000)

const MESSAGES = 1_000
/** Of them so many at once, as a program says them; the others one after the other. */
const BURST = 600
const ALL_THERE_MS_MAX = 30_000

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(name: string, args: readonly string[] = [], home = temporaryHome()): Promise<Program> {
  const program = await Program.start(['--static', '--username', name, ...args], { home })
  running.push(program)
  return program
}

const TEXTS = Array.from({ length: MESSAGES }, (_, i) => `line ${i} of what you missed`)

async function tellAll(program: Program, room: string): Promise<string[]> {
  const ids = await sayMany(program, TEXTS.slice(0, BURST), room)
  for (const text of TEXTS.slice(BURST)) ids.push((await program.say(text, room))['id'] as string)
  return ids
}

async function hasAll(program: Program, room: string): Promise<void> {
  await program.when(() => program.messages(room).filter(({ text }) => text.startsWith('line')).length >= MESSAGES)
}

interface Story {
  readonly alice: Program
  readonly carol: Program
  /** Where Bob lives, who has been there and has gone. */
  readonly bob: { readonly id: string; readonly home: string }
  /** What Carol has of the room after Alice has gone. */
  readonly record: readonly MessageView[]
}

/** Bob hears the first word and goes; Alice says a thousand more to Carol and goes. */
async function whileBobIsAway(room: string): Promise<Story> {
  const args = room === 'general' ? [] : ['--room', room]
  const carol = await launch('Carol', args)
  const alice = await launch('Alice', [...args, '--connect', carol.address])
  const bob = await launch('Bob', [...args, '--connect', carol.address])
  await Promise.all([alice.peerUp(carol.id), bob.peerUp(carol.id)])
  await alice.say('you all here?', room)
  await bob.hears('you all here?')
  expect(await bob.quit()).toBe(0)
  const ids = await tellAll(alice, room)
  await hasAll(carol, room)
  expect(await alice.quit()).toBe(0)
  const record = await wholeRecord(carol, room)
  expect(record.map(({ text }) => text)).toEqual(['you all here?', ...TEXTS])
  expect(record.slice(1).map(({ id }) => id)).toEqual(ids)
  return { alice, carol, bob, record }
}

/** Bob has what Carol has: as it was told, as it is kept, as it is found; and again after another start. */
async function hasTheSame(bob: Program, { record, alice }: Story, room: string): Promise<void> {
  const metAtMs = performance.now()
  await bob.when(() => bob.messages(room).length >= MESSAGES, ALL_THERE_MS_MAX)
  console.log(
    `${MESSAGES} messages of an author who is gone: there after ${Math.round(performance.now() - metAtMs)} ms`,
  )
  // They may come newest first.
  const told = bob.messages(room).toSorted((a, b) => (a.order < b.order ? -1 : 1))
  expect(told.map(({ text }) => text)).toEqual(TEXTS)
  const expected = record.map(sameEverywhere)
  const kept = async (program: Program) => (await wholeRecord(program, room)).map(sameEverywhere)
  expect(await kept(bob)).toEqual(expected)
  const finds = async (program: Program) => {
    const reply = await program.do({ do: 'search', words: '"line 777 of"', room, from: 'Alice' })
    expect(reply['hits']).toMatchObject([{ message: { text: TEXTS[777], from: { id: alice.id, name: 'Alice' } } }])
  }
  await finds(bob)
  await bob.kill()
  const again = await launch('Bob', room === 'general' ? [] : ['--room', room], bob.home)
  expect(await kept(again)).toEqual(expected)
  await finds(again)
  expect(again.messages()).toEqual([])
}

describe('a thousand messages said while one was away', () => {
  test('come from one who was there, the author being gone', async () => {
    const story = await whileBobIsAway('general')
    const bob = await launch('Bob', ['--connect', story.carol.address], story.bob.home)
    await hasTheSame(bob, story, 'general')
    expect(bob.messages().map(({ backlog, self }) => [backlog, self])).toEqual(TEXTS.map(() => [true, false]))
  })

  test('come from the disk of one who was there and has been killed and started again', async () => {
    const story = await whileBobIsAway('general')
    await story.carol.kill()
    const carol = await launch('Carol', [], story.carol.home)
    const bob = await launch('Bob', ['--connect', carol.address], story.bob.home)
    await hasTheSame(bob, story, 'general')
  })

  test('come through one that is not in the room', async () => {
    const story = await whileBobIsAway('dev')
    const relay = await launch('Relay', ['--connect', story.carol.address])
    const bob = await launch('Bob', ['--room', 'dev', '--connect', relay.address], story.bob.home)
    await hasTheSame(bob, story, 'dev')
    expect(relay.messages('dev')).toEqual([])
  })

  test('come through one that is not in the room, from a disk alone', async () => {
    const story = await whileBobIsAway('dev')
    await story.carol.kill()
    const relay = await launch('Relay')
    const bob = await launch('Bob', ['--room', 'dev', '--connect', relay.address], story.bob.home)
    await bob.peerUp(relay.id)
    await launch('Carol', ['--room', 'dev', '--connect', relay.address], story.carol.home)
    await hasTheSame(bob, story, 'dev')
  })
})
