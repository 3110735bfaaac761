import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { freePort } from './program.ts'
import { Stage } from './stage.ts'

/** Two of the compiled program that begin at once between the same networks, with originals that do not wait for them. */

setDefaultTimeout(60_000)

const WORD_EVERY_MS = 100
/** Within so long the second of two says what it has not heard from the first, in the slowest of these networks. */
const SETTLED_MS = 6_000

const stage = new Stage()
afterEach(() => stage.close())

test.each([
  [0, '127.0.0.1'],
  [0, '127.0.0.1'],
  [0, '0.0.0.0'],
  [100, '127.0.0.1'],
  [400, '0.0.0.0'],
] as const)(
  'nothing is lost or comes twice that an original says to two that began %d ms apart at %s',
  async (apartMs, host) => {
    const tracker = await freePort()
    const tom = await stage.original('tracker', ['--tracker-port', tracker, '--username', 'Tom', '--every', 1])
    const { original: fay, port } = await stage.framed('Fay')
    const args = ['--no-lan', '--host', host, '--dialect', `framed@127.0.0.1:${port},tracker@127.0.0.1:${tracker}`]
    const texts: string[] = []
    const say = (text: string): void => {
      texts.push(text)
      fay.do({ do: 'send', msg: text })
    }
    const first = stage.hearsay(args)
    await Bun.sleep(apartMs)
    const second = stage.hearsay(args)
    await fay.until('peer')
    say('to the first')
    await fay.when(() => fay.of('peer').length === 2, 'both')
    for (let i = 0; i < 10; i++) {
      say(`word ${i}`)
      // People talk as the bridges begin: this is the time that passes between what they say.
      await Bun.sleep(WORD_EVERY_MS)
    }
    await Promise.all([first, second])
    for (const text of texts)
      expect(await tom.until('message', { message: text })).toMatchObject({ username: 'Fay (framed)' })
    await Bun.sleep(SETTLED_MS)
    expect(tom.of('message').map(({ message }) => String(message))).toHaveLength(texts.length)
  },
)
