import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { freePort } from './program.ts'
import { Stage } from './stage.ts'

/** Two of the compiled program that begin at once between the same networks, with originals that do not wait for them. */

setDefaultTimeout(60_000)

/** Words that both have passed on, or neither, are over by then: two turns and what the slowest of networks takes. */
const SETTLED_MS = 5_000

const stage = new Stage()
afterEach(() => stage.close())

test.each([0, 400])(
  'what an original says to two that began %d ms apart comes to the other network, once',
  async (apartMs) => {
    const tracker = await freePort()
    const tom = await stage.original('tracker', ['--tracker-port', tracker, '--username', 'Tom', '--every', 1])
    const { original: fay, port } = await stage.framed('Fay')
    const args = ['--dialect', `framed@127.0.0.1:${port},tracker@127.0.0.1:${tracker}`, '--debug']
    const first = stage.hearsay(args)
    await Bun.sleep(apartMs)
    const second = stage.hearsay(args)
    const texts: string[] = []
    const say = (text: string): void => {
      texts.push(text)
      fay.do({ do: 'send', msg: text })
    }
    await fay.until('peer')
    say('to the first alone')
    await fay.when(() => fay.of('peer').length === 2, 'both')
    for (let i = 0; i < 10; i++) {
      say(`word ${i}`)
      await Bun.sleep(100)
    }
    await Promise.all([first, second])
    for (const text of texts) await tom.until('message', { message: text })
    await Bun.sleep(SETTLED_MS)
    const counts = texts.map((text) => tom.of('message').filter(({ message }) => message === text).length)
    expect(counts).toEqual(texts.map(() => 1))
  },
)
