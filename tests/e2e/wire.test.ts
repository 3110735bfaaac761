import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Program, removeHomes } from './program.ts'
import { Tap } from './tap.ts'

/** What somebody on the way between two programs can see and do. */

setDefaultTimeout(60_000)

let closing: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(closing.map((close) => close()))
  closing = []
  removeHomes()
})

async function launch(args: string[]): Promise<Program> {
  const program = await Program.start(args)
  closing.push(() => program.close())
  return program
}

describe('a tap on a link', () => {
  test('holds no word of what was said, by whom or where', async () => {
    const a = await launch(['--username', 'Penelope', '--room', 'secretgarden'])
    const tap = Tap.open({ host: '127.0.0.1', port: a.port })
    closing.push(() => tap.close())
    const b = await launch(['--username', 'Odysseus', '--room', 'secretgarden', '--connect', `127.0.0.1:${tap.port}`])
    await b.peerUp(a.id)
    await a.say('the bed is made of an olive tree')
    await b.hears('the bed is made of an olive tree')
    await b.do({ do: 'msg', peer: a.id, text: 'nobody else knows that' })
    await a.hears('nobody else knows that')
    expect(tap.bytes).toBeGreaterThan(700)
    for (const word of ['olive', 'nobody', 'secretgarden', 'Penelope', 'Odysseus', 'hearsay/']) {
      expect(tap.contains(word)).toBe(false)
    }
    for (const program of [a, b]) expect(tap.contains(program.id)).toBe(false)
  })

  test('that flips any one bit ends the link, and corrupts nothing', async () => {
    const a = await launch(['--username', 'Alice'])
    // A session until the first message is some 900 bytes each way: the whole of it is walked in steps.
    let flipAt = 0
    let flipBit = 0
    let towardServer = true
    let flipped = false
    const tap = Tap.open({ host: '127.0.0.1', port: a.port }, (chunk, offset, toServer) => {
      if (flipped || toServer !== towardServer || flipAt < offset || flipAt >= offset + chunk.length) return chunk
      flipped = true
      chunk[flipAt - offset]! ^= 1 << flipBit
      return chunk
    })
    closing.push(() => tap.close())
    const b = await launch(['--username', 'Bob', '--connect', `127.0.0.1:${tap.port}`])
    await b.peerUp(a.id)
    const downs = () => b.lines.filter((line) => line.event === 'peer' && line.state === 'down').length
    const ups = () => b.lines.filter((line) => line.event === 'peer' && line.state === 'up').length
    const said: string[] = []
    for (const [step, at] of [0, 3, 4, 5, 9, 41, 60, 100, 180, 250, 300, 360, 420, 500].entries()) {
      towardServer = step % 2 === 0
      flipBit = step % 8
      flipAt = at
      flipped = false
      const before = { connections: tap.connections, ups: ups() }
      await b.do({ do: 'disconnect', peer: a.id })
      await b.when(() => downs() >= before.ups)
      b.write(JSON.stringify({ do: 'connect', address: `127.0.0.1:${tap.port}` }))
      const text = `message ${step}`
      said.push(text)
      await a.say(text)
      // Healed by itself: the damaged link was dropped and another one made, and the message came over that.
      await b.hears(text)
      // Where so much has not been said yet, the two go on talking until it has.
      for (let more = 0; !flipped && more < 20; more++) {
        for (const [speaker, hearer] of [
          [a, b],
          [b, a],
        ] as const) {
          const another = `message ${step}, ${more} of ${speaker === a ? 'a' : 'b'}`
          said.push(another)
          await speaker.say(another)
          await hearer.hears(another)
        }
      }
      await b.when(() => flipped)
    }
    expect(b.texts()).toEqual(said)
    expect(a.texts()).toEqual(said)
  })
})
