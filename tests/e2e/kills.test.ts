import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import type { MessageView } from '../../src/app/messages.ts'
import { encodeBase32 } from '../../src/base/base32.ts'
import { toHex } from '../../src/base/bytes.ts'
import { type Rng, seededRng } from '../../src/base/rng.ts'
import { opened } from '../adapters/sqlite-processes.ts'
import { allHear } from './netns/crowd.ts'
import { Program, removeHomes, temporaryHome } from './program.ts'
import { acknowledged, allTheSame, isReply, sayMany, troubles, wholeRecord } from './record.ts'

/**
 * The program is killed again and again while it says messages as fast as they are acknowledged. `HEARSAY_KILLS=100` for what is promised;
 * `HEARSAY_SEED=<n>` for one series of moments again.
 */

const KILLS = Number(process.env['HEARSAY_KILLS'] ?? 5)
const SEED = Number(process.env['HEARSAY_SEED'] ?? Date.now() % 1_000_000)
/** From when it is ready until the blow; it has said some hundred by then. */
const LIFE_MS_MAX = 400
/** About as long as it takes to be ready. */
const BIRTH_MS_MAX = 120
/** Messages on their way to being acknowledged: one, or as many as go into a few commits. */
const AT_ONCE = [1, 8, 64]
const SAME_MS_MAX = 30_000
/** What takes about as long to come in as the longest life. */
const MISSED = 10_000
const CATCHING_UP_MS_MAX = 500

setDefaultTimeout(60_000 + KILLS * 10_000)

const running = new Set<Program>()
afterEach(async () => {
  await Promise.all([...running].map((program) => program.close()))
  running.clear()
  removeHomes()
})

async function launch(args: readonly string[], home = temporaryHome()): Promise<Program> {
  const program = await Program.start(['--static', '--room', 'general', ...args], { home })
  running.add(program)
  return program
}

/** Says one message after the other, `atOnce` of them ahead of what is acknowledged, until the program is killed. */
class Pouring {
  /** Ids of what was acknowledged, by what was said. */
  readonly acknowledged = new Map<string, string>()
  private said = 0
  private seen: number

  constructor(
    private readonly program: Program,
    readonly mark: string,
    atOnce: number,
  ) {
    this.seen = program.lines.length
    for (let i = 0; i < atOnce; i++) this.say()
    // Never holds: so it looks at every line until the program ends.
    this.over = program.when(() => this.look(), LIFE_MS_MAX * 50).catch(() => {})
  }

  /** Resolves when the program has ended and all that it wrote is read. */
  readonly over: Promise<void>

  private say(): void {
    const text = `${this.mark}: ${this.said++}`
    this.program.write(JSON.stringify({ do: 'say', text, ref: text }))
  }

  private look(): false {
    for (; this.seen < this.program.lines.length; this.seen++) {
      const line = this.program.lines[this.seen]!
      if (!isReply(line) || line.to !== 'say') continue
      this.acknowledged.set(`${line.ref}`, acknowledged(line))
      this.say()
    }
    return false
  }
}

/** An author's feeds as a store holds them: how far, in which pieces, and the hash of the last event. */
function feedsOf(author: string, home: string): unknown[] {
  const store = opened(join(home, '.local', 'share', 'hearsay', 'history.db'), { distrust: true })
  try {
    expect(store.setAside).toBeNull()
    return store
      .feeds()
      .filter(({ key }) => encodeBase32(key.author) === author)
      .map(({ key, next, tip, ranges }) => ({ feed: toHex(key.id), next, tip: toHex(tip), ranges }))
  } finally {
    store.close()
  }
}

/** A life of the program, from being ready to the blow; answers what it poured out in it. */
async function killedInTheMiddle(program: Program, mark: string, rng: Rng): Promise<Pouring> {
  const pouring = new Pouring(program, mark, AT_ONCE[rng.below(AT_ONCE.length)]!)
  await Bun.sleep(rng.float() * LIFE_MS_MAX)
  await program.kill()
  await pouring.over
  return pouring
}

/** Of a life, the record has a beginning of what was said in it, up to what was acknowledged at least, each once and in order. */
function isKept(record: readonly MessageView[], { mark, acknowledged }: Pouring): void {
  const kept = record.filter(({ text }) => text.startsWith(`${mark}: `))
  expect(kept.map(({ text }) => text)).toEqual(kept.map((_, n) => `${mark}: ${n}`))
  const ids = new Map(kept.map(({ id, text }) => [text, id]))
  for (const [text, id] of acknowledged) if (ids.get(text) !== id) throw new Error(`"${text}" (${id}) is lost`)
}

async function killAgainAndAgain(rng: Rng): Promise<void> {
  const home = temporaryHome()
  const witness = await launch([])
  const start = () => launch(['--connect', witness.address], home)
  const lives: Pouring[] = []
  const beganAtMs = performance.now()
  let program = await start()
  for (let life = 1; life <= KILLS; life++) {
    const before = lives.at(-1)
    const pouring = await killedInTheMiddle(program, `life ${life}`, rng)
    lives.push(pouring)
    // Some do not come to be ready.
    if (rng.float() < 0.3) {
      const newborn = new Program(['--static', '--connect', witness.address], { home })
      running.add(newborn)
      await Bun.sleep(rng.float() * BIRTH_MS_MAX)
      await newborn.kill()
    }
    program = await start()
    isKept(await wholeRecord(program, 'general', ({ text }) => text.startsWith(`${before?.mark}: `)), pouring)
  }
  await program.say('the last word')
  await witness.until((line) => line.event === 'message' && line.text === 'the last word', SAME_MS_MAX)
  const record = await wholeRecord(program)
  for (const pouring of lives) isKept(record, pouring)
  expect(new Set(record.map(({ id }) => id)).size).toBe(record.length)
  allTheSame([record, await wholeRecord(witness)])
  expect(troubles(witness)).toEqual([])
  await Promise.all([program.quit(), witness.quit()])
  const feeds = feedsOf(program.id, home)
  expect(feedsOf(program.id, witness.home)).toEqual(feeds)
  const safe = lives.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0)
  expect(safe).toBeGreaterThan(0)
  console.log(
    `${KILLS} kills in ${Math.round((performance.now() - beganAtMs) / 1_000)} s: all of ${safe} acknowledged messages are there, ` +
      `of ${record.length - 1} that were kept, in ${feeds.length === 1 ? 'one feed' : `${feeds.length} feeds`}`,
  )
}

/** Somebody who was away is killed while what was said comes in; once all of it is there, somebody else is. */
async function killedWhileCatchingUp(rng: Rng): Promise<void> {
  const holder = await launch([])
  const texts = Array.from({ length: MISSED }, (_, i) => `${i} of what was missed`)
  await sayMany(holder, texts)
  const expected = await wholeRecord(holder)
  const start = (home: string) => launch(['--connect', holder.address], home)
  let home = temporaryHome()
  const kept: number[] = []
  for (let life = 0; life < KILLS; life++) {
    const program = await start(home)
    await program.peerUp(holder.id)
    await Bun.sleep(rng.float() * CATCHING_UP_MS_MAX)
    await program.kill()
    const record = await recordAfter(program)
    kept.push(record.length)
    if (record.length < MISSED) continue
    allTheSame([record, expected])
    home = temporaryHome()
  }
  const program = await start(home)
  const there = new Set((await wholeRecord(program)).map(({ text }) => text))
  await allHear(
    [program],
    texts.filter((text) => !there.has(text)),
    SAME_MS_MAX,
  )
  allTheSame([await wholeRecord(program), expected])
  expect([...troubles(program), ...troubles(holder)]).toEqual([])
  const halfway = kept.filter((count) => count > 0 && count < MISSED).length
  console.log(
    `${KILLS} kills while catching up with ${MISSED} messages, ${halfway} of them in the middle: all is there`,
  )
}

/** What a program that was killed has kept: of what was said, whatever it is, each once and in order. */
async function recordAfter({ home }: Program): Promise<MessageView[]> {
  const alone = await launch([], home)
  const record = await wholeRecord(alone)
  await alone.kill()
  const places = record.map(({ text }) => Number.parseInt(text, 10))
  expect(places).toEqual([...new Set(places)].toSorted((a, b) => a - b))
  return record
}

async function inSeries(story: (rng: Rng) => Promise<void>): Promise<void> {
  try {
    await story(seededRng(SEED))
  } catch (error) {
    console.error(`the series of HEARSAY_SEED=${SEED}`)
    throw error
  }
}

describe('killed at any moment', () => {
  test(`while it talks, a program has all that it acknowledged, once, and goes on where it was (${KILLS} times)`, () =>
    inSeries(killAgainAndAgain))

  test(`while it catches up, it goes on from there, and ends with all of it, once (${KILLS} times)`, () =>
    inSeries(killedWhileCatchingUp))
})
