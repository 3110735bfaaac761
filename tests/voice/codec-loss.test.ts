import { describe, expect, test } from 'bun:test'
import { openOpus } from '../../src/adapters/opus.ts'
import { seededRng } from '../../src/base/rng.ts'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { type Loss, lossPattern, PLAIN_TRIAL, receive, send, type Trial } from './lossy.ts'
import { speechTests } from './requirements.ts'
import { type Speaker, speech } from './speech.ts'
import { stoiOf } from './stoi.ts'

const SPEAKERS: readonly Speaker[] = ['en-us', 'en-gb+f3']
const SEEDS = [1, 2]
const MS_MAX = 120_000
const RUNS: Loss = { share: 0.1, run: 3 }

const fec = (lossPercent: number): Trial => ({ ...PLAIN_TRIAL, settings: { lossPercent } })

describe('the pattern of what is lost', () => {
  test.each([
    { share: 0.05, run: 1 },
    { share: 0.2, run: 1 },
    { share: 0.1, run: 3 },
  ])('has the share and the runs that are asked for: %j', (loss) => {
    const lost = lossPattern(100_000, loss, seededRng(1))
    expect(lost.filter(Boolean).length / lost.length).toBeCloseTo(loss.share, 2)
    const runs = lost
      .map((each) => (each ? 'x' : '.'))
      .join('')
      .match(/x+/g)!
    expect(runs.filter(({ length }) => length % loss.run === 0).length).toBe(runs.length)
  })

  test('nothing is lost where nothing shall be', () => {
    expect(lossPattern(1_000, { share: 0, run: 1 }, seededRng(1))).not.toContain(true)
  })
})

describe.skipIf(!speechTests)('speech through Opus at 32 kbit/s', () => {
  // With little to spare under what was measured: .993 .987 .980 .950 and .933, and with frames said again .979 and .981.
  const cases: readonly { loss: Loss; trial: Trial; least: number }[] = [
    { loss: { share: 0, run: 1 }, trial: fec(0), least: 0.988 },
    { loss: { share: 0.05, run: 1 }, trial: fec(5), least: 0.98 },
    { loss: { share: 0.1, run: 1 }, trial: fec(10), least: 0.97 },
    { loss: { share: 0.2, run: 1 }, trial: fec(20), least: 0.93 },
    { loss: RUNS, trial: fec(10), least: 0.91 },
    { loss: { share: 0.2, run: 1 }, trial: { ...fec(20), againAge: 2 }, least: 0.965 },
    { loss: RUNS, trial: { ...fec(10), againAge: 2 }, least: 0.965 },
  ]

  test(
    'is understood when packets are lost',
    async () => {
      const codec = await openOpus()
      if (!codec.ok) throw codec.cause
      const spoken = SPEAKERS.map((speaker) => speech(speaker))
      const pairs = cases.flatMap(({ loss, trial }) =>
        spoken.flatMap((reference) => {
          const sent = send(codec, reference, trial)
          return SEEDS.map((seed) => ({
            reference,
            degraded: receive(codec, sent, loss, seed),
            rateHz: SAMPLE_RATE_HZ,
          }))
        }),
      )
      const found = await stoiOf(pairs)
      const each = SPEAKERS.length * SEEDS.length
      const means = cases.map((_, i) => {
        const values = found.slice(i * each, (i + 1) * each).map(({ stoi }) => stoi)
        return values.reduce((sum, value) => sum + value, 0) / each
      })
      const short = cases
        .filter(({ least }, i) => !(means[i]! >= least))
        .map((one) => ({ ...one, is: means[cases.indexOf(one)] }))
      expect(short).toEqual([])
    },
    MS_MAX,
  )
})
