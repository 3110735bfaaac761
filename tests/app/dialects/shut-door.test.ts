import { beforeEach, describe, expect, test } from 'bun:test'
import { shutDoor } from '../../../src/app/dialects/shut-door.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Connection, ConnectionEvents, Tcp } from '../../../src/ports/tcp.ts'
import { FILES_MAGIC, GREETING } from '../../../src/wire/magic.ts'

/** What became of the callers of one listener, whose own limits are played by the tests. */
describe('the door where no dialect is let in', () => {
  let nowMs: number
  let log: string[]
  /** What reached the listener, and what it did to callers. */
  let heard: string[]
  let closed: number
  let aborted: number
  let theirs: Connection
  let call: () => ConnectionEvents

  beforeEach(async () => {
    nowMs = 0
    log = []
    heard = []
    closed = 0
    aborted = 0
    const clock: Clock = { nowMs: () => nowMs, wallMs: () => 0, timer: () => () => {}, defer: (run) => run() }
    const connection: Connection = {
      remote: { host: '192.0.2.1', port: 40_000 },
      local: { host: '192.0.2.2', port: 5_000 },
      write: () => true,
      end() {},
      abort: () => void aborted++,
    }
    const tcp: Tcp = {
      dial() {},
      async listen(local, accept) {
        call = () => accept(connection)
        return { local, stop() {} }
      },
    }
    await shutDoor(tcp, clock, (code, message) => log.push(`${code}: ${message}`)).listen(
      { host: '127.0.0.1', port: 1 },
      (caller) => {
        theirs = caller
        return {
          data: (bytes) => void heard.push(new TextDecoder('latin1').decode(bytes)),
          drain() {},
          closed: () => void closed++,
        }
      },
    )
  })

  test.each([
    ['framed', ['\0\0\0\x02{}']],
    ['mesh', ['{"id":"1","type":"join","sender_id":"a"}\n']],
    ['mesh', ['{', '"i', 'd":"1"']],
    ['tracker', ['{"action":"register","port":41234}']],
    ['tracker', ['{"username": "ann", "message": "hi"}']],
    ['tracker', ['{', '"type": "election"}']],
    ['tracker', ['{"message":"hi","username":"ann"}']],
    ['line', ['[Lou] hello\n']],
    ['line', ['/file cat.png 5\n']],
  ])('names %s for %j, with how to let it in, and hangs up without a word to who listens', (dialect, says) => {
    const events = call()
    for (const each of says) events.data(utf8(each))
    expect(log).toEqual([
      `dialect-off: 192.0.2.1:40000 speaks ${dialect}, which is not let in here: --dialect ${dialect} does that, or \`dialect\` in the configuration; the connection was closed.`,
    ])
    expect({ aborted, closed, heard }).toEqual({ aborted: 1, closed: 1, heard: [] })
    // What was on its way, and what the listener does that has heard that it is over, changes nothing.
    events.data(utf8('more'))
    theirs.abort()
    events.closed(null)
    expect({ aborted, closed, heard, logged: log.length }).toEqual({ aborted: 1, closed: 1, heard: [], logged: 1 })
  })

  test.each([
    ['the greeting of our own kind', [...GREETING]],
    ['the one of a link for files', [...FILES_MAGIC]],
    ['an HTTP client', [...utf8('GET / HTTP/1.1\r\n')]],
    ['a line that is no object', [...utf8('{"id\n')]],
  ])('%s is for who listens, with all that follows', (_, first) => {
    const events = call()
    events.data(Uint8Array.from(first))
    events.data(utf8('rest'))
    events.closed(null)
    expect([heard.length, heard[1], closed, aborted, log.length]).toEqual([2, 'rest', 1, 0, 0])
  })

  test('who begins an object that never ends is given to who listens with 4 KiB of it, and not before', () => {
    const events = call()
    for (let i = 0; i < 4 * 1024; i++) {
      expect(heard).toEqual([])
      events.data(utf8(i === 0 ? '{' : ' '))
    }
    expect(heard.map(({ length }) => length)).toEqual([4 * 1024])
  })

  test('who is hung up on for its silence may be a line, and who has only begun may be one of two', () => {
    for (const says of ['', '{']) {
      const events = call()
      if (says !== '') events.data(utf8(says))
      nowMs += 10_000
      theirs.abort()
    }
    expect(log[0]).toStartWith('silent: ')
    expect(log[0]).toContain('said nothing in time, and may be line')
    expect(log[0]).toContain('--dialect line lets it in')
    expect(log[1]).toContain('may speak mesh or tracker: --dialect mesh,tracker lets it in')
    expect(aborted).toBe(2)
  })

  test('who had no time to say anything is not spoken of', () => {
    call()
    nowMs += 9_000
    theirs.abort()
    expect([aborted, log.length]).toEqual([1, 0])
  })
})
