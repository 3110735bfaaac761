import { describe, expect, test } from 'bun:test'
import { type Implementation, prepare } from './gossip/implementations.ts'
import { type Measurement, measure, measureKill } from './gossip/measure.ts'
import { topologyNamed } from './gossip/topology.ts'

const TEST_MS_MAX = 30_000

async function short(implementation: Implementation, topology: string): Promise<Measurement> {
  const prepared = await prepare(implementation)
  if ('missing' in prepared) throw new Error(prepared.missing)
  return measure({
    command: prepared.command,
    topology: topologyNamed(topology)!,
    payloadBytes: 256,
    warmMessages: 0,
    warmTimedMessages: 0,
    messages: 3_000,
    timedMessages: 20,
    ratePerS: 200,
    phaseMsMax: 10_000,
  })
}

describe('the gossip bench', () => {
  test(
    'delivers everything over a chain of three nodes of our own, for hardly more bytes than were said',
    async () => {
      const { fullSpeed, timed } = await short('hearsay', 'chain3')
      expect(fullSpeed?.deliveredShare).toBe(1)
      expect(timed?.deliveredShare).toBe(1)
      expect(fullSpeed?.messagesPerS).toBeGreaterThan(0)
      expect(timed?.p99Ms).toBeGreaterThanOrEqual(timed?.p50Ms ?? Number.NaN)
      // Where the kernel counts: payload at least, and of signatures and framing a tenth at most.
      const wire = fullSpeed?.wireBytesPerPayloadByte ?? 1.05
      expect(wire).toBeGreaterThan(1)
      expect(wire).toBeLessThan(1.1)
    },
    TEST_MS_MAX,
  )

  test(
    'delivers everything over raw TCP, where every copy is a delivery',
    async () => {
      const { fullSpeed } = await short('rawtcp', 'chain3')
      expect(fullSpeed?.deliveredShare).toBe(1)
      expect(fullSpeed?.copiesPerDelivery).toBe(1)
    },
    TEST_MS_MAX,
  )

  test(
    'kills nodes in the middle of it, and of ours those left miss nothing of what was said',
    async () => {
      const prepared = await prepare('hearsay')
      if ('missing' in prepared) throw new Error(prepared.missing)
      const result = await measureKill({
        command: prepared.command,
        topology: topologyNamed('rr6d3')!,
        payloadBytes: 256,
        warmMessages: 0,
        warmTimedMessages: 0,
        messages: 200,
        ratePerS: 100,
        kill: 2,
        seed: 1,
        phaseMsMax: 10_000,
      })
      expect(result.killed).toBe(2)
      expect(result.missed).toBe(0)
      expect(result.worstMs).toBeGreaterThanOrEqual(result.worstBeforeMs)
      expect(result.worstMs).toBeGreaterThanOrEqual(result.p99Ms)
    },
    TEST_MS_MAX,
  )

  test('does not kill what the network would fall apart without', async () => {
    const options = {
      command: [],
      payloadBytes: 256,
      warmMessages: 0,
      warmTimedMessages: 0,
      messages: 10,
      ratePerS: 100,
    }
    const torn = measureKill({ ...options, topology: topologyNamed('chain3')!, kill: 3, seed: 1, phaseMsMax: 1_000 })
    await expect(torn).rejects.toThrow('falls apart')
  })

  test.each([
    ['when a node does not start', [process.execPath, '-e', 'throw new Error("no such luck")']],
    ['where what it wrote comes after its end', ['sh', '-c', '(sleep 0.1; echo no such luck >&2) & exit 1']],
  ])(
    'says why %s',
    async (_, command) => {
      const broken = measure({
        command,
        topology: topologyNamed('chain2')!,
        payloadBytes: 256,
        warmMessages: 0,
        warmTimedMessages: 0,
        messages: 10,
        timedMessages: 0,
        ratePerS: 200,
        phaseMsMax: 1_000,
      })
      await expect(broken).rejects.toThrow('no such luck')
    },
    TEST_MS_MAX,
  )
})
