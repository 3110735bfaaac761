import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { AppEvent, TrackerEvent } from '../../src/app/events.ts'
import { freePort, Program, removeHomes } from './program.ts'

/** Real programs on one machine that know each other from a tracker and from nothing else. */

setDefaultTimeout(120_000)

/** How often the tracker is killed: HEARSAY_ELECTIONS=20 for what is promised, three times in passing. */
const ELECTIONS = Number(process.env['HEARSAY_ELECTIONS'] ?? '3')
const SUCCESSOR_MS_MAX = 5_000

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(args: string[]): Promise<Program> {
  const program = await Program.start(args)
  running.push(program)
  return program
}

const tracker = (port: number): Promise<Program> => launch(['tracker', '--port', String(port)])

async function nodes(count: number, port: number): Promise<Program[]> {
  const args = ['--ephemeral', '--tracker', `127.0.0.1:${port}`]
  return Promise.all(
    Array.from({ length: count }, () => freePort().then((own) => launch([...args, '--port', String(own)]))),
  )
}

function told(program: Program): TrackerEvent[] {
  return program.lines.filter((line): line is TrackerEvent & AppEvent => line.event === 'tracker')
}

const last = (program: Program): TrackerEvent | undefined => told(program).at(-1)

/** Waits until what a program last told of the tracker fits. */
function until(program: Program, fits: (event: TrackerEvent) => boolean, patienceMs?: number): Promise<void> {
  return program.when(() => {
    const event = last(program)
    return event !== undefined && fits(event)
  }, patienceMs)
}

const follows = (id: string) => (event: TrackerEvent) => event.state === 'following' && event.by?.id === id

/** Everybody says one thing and hears it from all others. */
async function allTalk(all: readonly Program[], what: string): Promise<void> {
  const texts = all.map((_, i) => `${what} ${i}`)
  for (const [i, program] of all.entries()) await program.say(texts[i]!)
  await Promise.all(all.map((program) => program.when(() => texts.every((text) => program.texts().includes(text)))))
}

function highest(all: readonly Program[]): Program {
  return all.reduce((best, program) => (program.port > best.port ? program : best))
}

describe('five who were given nothing but a tracker', () => {
  test('find each other and talk, and the tracker knows how many there are', async () => {
    const port = await freePort()
    const keeper = await tracker(port)
    expect(last(keeper)).toMatchObject({ state: 'serving', address: `127.0.0.1:${port}` })
    const five = await nodes(5, port)
    await Promise.all(five.map((program) => until(program, follows(keeper.id))))
    await Promise.all(five.map((program) => program.peerUp()))
    await allTalk(five, 'hello from')
    const found = five.flatMap((program) =>
      program.lines.filter((line) => line.event === 'peer' && line.via === 'tracker'),
    )
    expect(found.length).toBeGreaterThanOrEqual(4)
    // It is nobody's peer, and hears nothing of what is said.
    const { peers } = await five[0]!.do({ do: 'peers' })
    expect(JSON.stringify(peers)).not.toContain(keeper.id)
    expect(keeper.lines.map((line) => line.event)).toEqual(['ready', 'tracker'])
    const late = (await nodes(1, port))[0]!
    await until(late, follows(keeper.id))
    const { trackers } = await late.do({ do: 'tracker' })
    expect(trackers).toMatchObject([{ given: `127.0.0.1:${port}`, state: 'following', registered: 6, trouble: '' }])
  })

  test(
    `whose tracker is killed have exactly one successor within five seconds, the highest port, ${ELECTIONS} times of ${ELECTIONS}`,
    async () => {
      const times: number[] = []
      for (let round = 0; round < ELECTIONS; round++) {
        const port = await freePort()
        const keeper = await tracker(port)
        const five = await nodes(5, port)
        await Promise.all(five.map((program) => until(program, follows(keeper.id))))
        await Promise.all(
          five.map((program) => program.when(() => program.lines.filter((l) => l.event === 'peer').length >= 4)),
        )
        const successor = highest(five)
        const killedAt = performance.now()
        await keeper.kill('SIGKILL')
        const others = five.filter((program) => program !== successor)
        await until(successor, (event) => event.state === 'serving', SUCCESSOR_MS_MAX)
        await Promise.all(others.map((program) => until(program, follows(successor.id), SUCCESSOR_MS_MAX)))
        times.push(performance.now() - killedAt)
        expect(times.at(-1)).toBeLessThan(SUCCESSOR_MS_MAX)
        // Not even for a moment was there another one.
        expect(five.filter((program) => told(program).some((event) => event.state === 'serving'))).toEqual([successor])
        expect(last(successor)).toMatchObject({ address: `127.0.0.1:${port}`, elected: true })
        await Promise.all(
          others.map((program) => program.until((line) => line.event === 'message' && line.from.id === successor.id)),
        )
        await allTalk(five, 'still here')
        await Promise.all(five.map((program) => program.close()))
      }
      console.log(`successors after ${times.map((ms) => Math.round(ms)).join(', ')} ms`)
    },
    60_000 + ELECTIONS * 20_000,
  )

  test('go back to the tracker when it returns, and then there is one and not two', async () => {
    const port = await freePort()
    const first = await tracker(port)
    const five = await nodes(5, port)
    await Promise.all(five.map((program) => until(program, follows(first.id))))
    await Promise.all(five.map((program) => program.peerUp()))
    await first.kill('SIGKILL')
    const successor = highest(five)
    await until(successor, (event) => event.state === 'serving')
    const again = await tracker(port)
    await Promise.all(five.map((program) => until(program, follows(again.id))))
    const newcomer = (await nodes(1, port))[0]!
    await until(newcomer, follows(again.id))
    await allTalk([...five, newcomer], 'back with')
    expect(last(again)).toMatchObject({ state: 'serving', address: `127.0.0.1:${port}` })
  })

  test('lose one successor after the other, and the next one takes over each time', async () => {
    const port = await freePort()
    const keeper = await tracker(port)
    let left = await nodes(5, port)
    await Promise.all(left.map((program) => until(program, follows(keeper.id))))
    await Promise.all(
      left.map((program) => program.when(() => program.lines.filter((l) => l.event === 'peer').length >= 4)),
    )
    let lost = keeper
    while (left.length > 2) {
      await lost.kill('SIGKILL')
      const successor = highest(left)
      const others = left.filter((program) => program !== successor)
      await until(successor, (event) => event.state === 'serving', SUCCESSOR_MS_MAX)
      await Promise.all(others.map((program) => until(program, follows(successor.id), SUCCESSOR_MS_MAX)))
      await allTalk(left, `${left.length} left,`)
      lost = successor
      left = others
    }
  })
})

describe('where no tracker is', () => {
  test('the first node becomes it, and the next ones find each other by it', async () => {
    const port = await freePort()
    const first = (await nodes(1, port))[0]!
    await until(first, (event) => event.state === 'serving')
    expect(last(first)).toMatchObject({ address: `127.0.0.1:${port}`, by: { id: first.id } })
    expect(last(first)!.elected).toBeUndefined()
    const others = await nodes(2, port)
    await Promise.all(others.map((program) => until(program, follows(first.id))))
    await Promise.all(others.map((program) => program.peerUp()))
    await allTalk([first, ...others], 'without a tracker of its own')
  })

  test('of five started at once one becomes it, and no more than one', async () => {
    const port = await freePort()
    const five = await nodes(5, port)
    await Promise.all(five.map((program) => program.when(() => told(program).length > 0)))
    const serving = five.filter((program) => told(program).some((event) => event.state === 'serving'))
    expect(serving).toHaveLength(1)
    await Promise.all(five.map((program) => program.peerUp()))
    await allTalk(five, 'at once')
  })

  test('a tracker started later takes its place back from the node that had it', async () => {
    const port = await freePort()
    const both = await nodes(2, port)
    await Promise.all(both.map((program) => program.when(() => told(program).length > 0)))
    const keeper = await tracker(port)
    await Promise.all(both.map((program) => until(program, follows(keeper.id))))
  })

  test('a node given its own address is the tracker there', async () => {
    const port = String(await freePort())
    const one = await launch(['--ephemeral', '--port', port, '--tracker', `localhost:${port}`])
    await until(one, (event) => event.state === 'serving')
    const other = (await nodes(1, Number(port)))[0]!
    await until(other, follows(one.id))
    await allTalk([one, other], 'one port for both')
    // A tracker that would have the address is refused, and the node goes on listening.
    const late = new Program(['tracker', '--port', port])
    running.push(late)
    expect(await late.exited).toBe(3)
    const third = (await nodes(1, Number(port)))[0]!
    await until(third, follows(one.id))
    await allTalk([one, other, third], 'still one port for both')
  })

  test('an address of another machine is never taken, and it is said that nobody answers', async () => {
    const node = await launch(['--ephemeral', '--tracker', '127.0.0.1.invalid:5000'])
    await node.until((line) => line.event === 'notice' && line.code === 'no-tracker')
    expect(told(node)).toEqual([])
    const { trackers } = await node.do({ do: 'tracker' })
    expect(trackers).toMatchObject([{ state: 'searching', by: null, registered: 0 }])
  })
})

describe('the tracker as a program', () => {
  test('does not wait long for one that holds its port and says nothing', async () => {
    const holder = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    const startedAt = performance.now()
    const keeper = new Program(['tracker', '--port', String(holder.port)])
    running.push(keeper)
    expect(await keeper.exited).toBe(3)
    expect(performance.now() - startedAt).toBeLessThan(4_000)
    expect(keeper.stderr).toContain(`127.0.0.1:${holder.port}`)
    holder.stop(true)
  })

  test('names no UDP port, as it has none', async () => {
    const keeper = await tracker(await freePort())
    const ready = keeper.lines.find((line) => line.event === 'ready')
    expect(ready).toMatchObject({ tcp: { host: '127.0.0.1', port: keeper.port }, udp: { host: '127.0.0.1', port: 0 } })
  })

  test('ends at once when asked, by either signal', async () => {
    for (const [signal, status] of [
      ['SIGTERM', 0],
      ['SIGINT', 130],
    ] as const) {
      const keeper = await tracker(await freePort())
      const startedAt = performance.now()
      expect(await keeper.kill(signal)).toBe(status)
      expect(performance.now() - startedAt).toBeLessThan(500)
    }
  })

  test('goes on when its input ends, and says where it listens to whoever reads', async () => {
    const port = await freePort()
    const keeper = await tracker(port)
    keeper.write('anything')
    const node = (await nodes(1, port))[0]!
    await until(node, follows(keeper.id))
  })

  test('refuses to talk, and to start where another tracker is', async () => {
    const port = await freePort()
    const keeper = await tracker(port)
    const stray = await launch(['--ephemeral', '--connect', keeper.address])
    const refused = await stray.until(
      (line) => line.event === 'error' || (line.event === 'notice' && line.code !== 'temporary-identity'),
    )
    expect(JSON.stringify(refused)).toContain('is a tracker and nothing else')
    const second = new Program(['tracker', '--port', String(port)])
    running.push(second)
    expect(await second.exited).toBe(3)
    expect(second.stderr).toContain(`127.0.0.1:${port}`)
  })
})
