import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Program, removeHomes } from '../program.ts'
import { allHear, allSayAndHear, overTries, shuffled, startTogether, tries } from './crowd.ts'
import { Lan } from './lan.ts'
import { networkTests } from './requirements.ts'

/** Three of eight are killed while everybody talks; those who are left notice nothing but their absence. */

const NODES = 8
const KILLED = 3
/** What each says: so many are heard by all before the blow, and the survivors go on for as many after it. */
const BEFORE = 20
const AFTER = 40

setDefaultTimeout(tries(1).length * 40_000)
afterEach(removeHomes)

/** Says one message after the other, as soon as the one before is on its way, until told to stop or killed. */
class Talker {
  said = 0
  private isStopped = false
  readonly done: Promise<void>

  constructor(
    private readonly program: Program,
    private readonly number: number,
  ) {
    this.done = this.talk()
  }

  get texts(): string[] {
    return Array.from({ length: this.said }, (_, n) => `${this.number}: ${n}`)
  }

  /** After `more` messages. */
  stop(more: number): Promise<void> {
    this.last = this.said + more
    return this.done
  }

  abandon(): void {
    this.isStopped = true
  }

  private last = Number.POSITIVE_INFINITY

  private async talk(): Promise<void> {
    while (!this.isStopped && this.said < this.last) {
      const saying = this.program.say(`${this.number}: ${this.said}`)
      try {
        await saying
      } catch (error) {
        if (this.isStopped) return
        throw error
      }
      this.said++
    }
  }
}

async function killSome(order: <T>(things: readonly T[]) => T[]): Promise<number> {
  await using lan = await Lan.open(NODES)
  const programs = await startTogether(lan)
  const everyone = programs.map((program, i) => ({ program, talker: new Talker(program, i) }))
  const mixed = order(everyone)
  const victims = mixed.slice(0, KILLED)
  const survivors = mixed.slice(KILLED)
  const remaining = survivors.map(({ program }) => program)
  const early = programs.flatMap((_, i) => Array.from({ length: BEFORE }, (_, n) => `${i}: ${n}`))
  await allHear(remaining, early)
  for (const { talker } of victims) talker.abandon()
  await Promise.all(victims.map(({ program }) => program.kill('SIGKILL')))
  const killedAtMs = performance.now()
  await Promise.all(survivors.map(({ talker }) => talker.stop(AFTER)))
  const texts = survivors.flatMap(({ talker }) => talker.texts)
  await allHear(remaining, texts)
  const tookMs = performance.now() - killedAtMs
  // What the dead said last may have died with them; but what one survivor heard, every other hears.
  await allHear(remaining, [...new Set(remaining.flatMap((program) => program.texts()))])
  await allSayAndHear(remaining, 'afterwards')
  for (const program of remaining) {
    const heard = program.texts()
    expect(new Set(heard).size).toBe(heard.length)
    for (const { talker } of survivors) {
      const mark = talker.texts[0]!.split(' ')[0]!
      expect(heard.filter((text) => text.startsWith(mark))).toEqual(talker.texts)
    }
  }
  const ordered = remaining.map((program) =>
    program
      .messages()
      .toSorted((a, b) => (a.order < b.order ? -1 : 1))
      .map((message) => message.text),
  )
  for (const each of ordered) expect(each).toEqual(ordered[0]!)
  return tookMs
}

describe.skipIf(!networkTests)('three of eight killed while everybody talks', () => {
  test('leave one network, in which nothing is lost', async () => {
    await overTries(1, async (rng) => {
      const tookMs = await killSome((things) => shuffled(things, rng))
      console.log(
        `${KILLED} of ${NODES} killed: all that the others said was with all of them ${Math.round(tookMs)} ms later`,
      )
    })
  })
})
