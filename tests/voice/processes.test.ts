import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { summarise } from '../bench/statistics.ts'
import { PulseServer, soundTests } from '../ports/pulse-server.ts'
import { echoing, mouthToEar } from './mouth-to-ear.ts'

setDefaultTimeout(90_000)

const CHIRPS = 16
/** Frames, and what the devices and the codec hold back: less would be another's echo. */
const MS_MIN = 20
/** A machine that does other things at the same time is late: the figure for an idle one is the bench's to tell. */
const MS_MAX = 200

describe.skipIf(!soundTests)('two voice processes', () => {
  test('from mouth to ear, through a sound server', async () => {
    const server = await PulseServer.start()
    try {
      const nodes = await echoing(server)
      try {
        const found = (await mouthToEar(server, CHIRPS)).map(({ delayMs }) => delayMs)
        expect(found.length).toBeGreaterThan(CHIRPS / 2)
        const { median } = summarise(found)!
        expect(median, `mouth to ear, of ${found.map(Math.round)}`).toBeWithin(MS_MIN, MS_MAX)
      } finally {
        await Promise.all(nodes.map((node) => node.stop()))
      }
    } finally {
      await server.close()
    }
  })
})
