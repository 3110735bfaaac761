import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { freePort, Program, removeHomes, temporaryHome } from './program.ts'

/** Three real programs in a chain, over real sockets: A — B — C, kept one by `--static`. */

setDefaultTimeout(60_000)

let running: Program[] = []
afterEach(async () => {
  await Promise.all(running.map((program) => program.close()))
  running = []
  removeHomes()
})

async function launch(args: string[], options: { home?: string } = {}): Promise<Program> {
  const program = await Program.start(args, options)
  running.push(program)
  return program
}

async function chain(): Promise<[Program, Program, Program]> {
  const a = await launch(['--static', '--username', 'Alice'])
  const b = await launch(['--static', '--username', 'Bob', '--connect', a.address])
  const c = await launch(['--static', '--username', 'Carol', '--connect', b.address])
  await Promise.all([a.peerUp(b.id), b.peerUp(a.id), b.peerUp(c.id), c.peerUp(b.id)])
  return [a, b, c]
}

describe('three in a chain', () => {
  test('each sees what the others say exactly once, with the hops it took', async () => {
    const [a, b, c] = await chain()
    await a.say('from alice')
    await Promise.all([b.hears('from alice'), c.hears('from alice')])
    await c.say('from carol')
    await Promise.all([a.hears('from carol'), b.hears('from carol')])
    await b.say('from bob')
    await Promise.all([a.hears('from bob'), c.hears('from bob')])
    for (const program of [a, b, c]) expect(program.texts()).toEqual(['from alice', 'from carol', 'from bob'])
    expect(a.messages().map((message) => message.hops)).toEqual([0, 2, 1])
    expect(b.messages().map((message) => message.hops)).toEqual([1, 1, 0])
    expect(c.messages().map((message) => message.hops)).toEqual([2, 0, 1])
    expect(c.messages().map((message) => message.from.name)).toEqual(['Alice', 'Carol', 'Bob'])
    expect(c.messages()[0]?.from.id).toBe(a.id)
  })

  test('all talking at once end with one order, nothing twice and nothing missing', async () => {
    const all = await chain()
    const each = 200
    for (const [i, program] of all.entries()) {
      for (let n = 0; n < each; n++) program.write(JSON.stringify({ do: 'say', text: `${i}:${n}` }))
    }
    await Promise.all(all.map((program) => program.when(() => program.messages().length >= 3 * each)))
    const ordered = all.map((program) =>
      program
        .messages()
        .toSorted((x, y) => (x.order < y.order ? -1 : 1))
        .map((message) => message.text),
    )
    expect(ordered[1]).toEqual(ordered[0]!)
    expect(ordered[2]).toEqual(ordered[0]!)
    expect(new Set(ordered[0]).size).toBe(3 * each)
    for (const program of all) {
      for (const i of [0, 1, 2]) {
        const heard = program.texts().filter((text) => text.startsWith(`${i}:`))
        expect(heard).toEqual(Array.from({ length: each }, (_, n) => `${i}:${n}`))
      }
    }
  })

  test('a room is passed on by who is not in it, and not shown there', async () => {
    const [a, b, c] = await chain()
    await a.do({ do: 'join', room: 'dev' })
    await c.do({ do: 'join', room: 'dev' })
    await a.say('for developers', 'dev')
    await c.hears('for developers')
    await a.say('for everybody', 'general')
    await b.hears('for everybody')
    expect(b.texts()).toEqual(['for everybody'])
    expect(c.messages('dev').map((message) => message.text)).toEqual(['for developers'])
  })

  test('a direct message is read by its reader alone, through a relay that shows nothing of it', async () => {
    const [a, b, c] = await chain()
    await c.until((line) => line.event === 'member' && line.id === a.id)
    const reply = await c.do({ do: 'msg', peer: 'Alice', text: 'between us' })
    expect(reply.ok).toBe(true)
    const heard = await a.hears('between us')
    expect(heard).toMatchObject({ room: `@${c.id}`, from: { id: c.id, name: 'Carol' } })
    await a.do({ do: 'msg', peer: c.id, text: 'understood' })
    await c.hears('understood')
    expect(b.messages()).toEqual([])
  })

  test('who leaves and comes back hears on, and is heard', async () => {
    const [a, b, c] = await chain()
    await a.say('before')
    await c.hears('before')
    await a.until((line) => line.event === 'member' && line.state === 'joined' && line.id === c.id)
    expect(await c.quit()).toBe(0)
    await b.until((line) => line.event === 'peer' && line.state === 'down' && line.id === c.id)
    await a.until((line) => line.event === 'member' && line.state === 'left' && line.id === c.id)
    const back = await launch(['--static', '--username', 'Carol', '--connect', b.address], { home: c.home })
    expect(back.id).toBe(c.id)
    await back.peerUp(b.id)
    // It has that already: what is kept is there to be read, and not told again.
    expect(await back.do({ do: 'history' })).toMatchObject({ messages: [{ text: 'before' }] })
    await a.say('after')
    await back.hears('after')
    await back.say('here again')
    await a.hears('here again')
    expect(a.texts()).toEqual(['before', 'after', 'here again'])
    expect(back.texts()).toEqual(['after', 'here again'])
  })

  test('the middle is killed and started again, and the chain heals by itself within five seconds', async () => {
    const port = await freePort()
    const home = temporaryHome()
    const a = await launch(['--static', '--username', 'Alice'])
    const middle = ['--static', '--username', 'Bob', '--port', String(port), '--connect', a.address]
    const b = await launch(middle, { home })
    const c = await launch(['--static', '--username', 'Carol', '--connect', `127.0.0.1:${port}`])
    await c.peerUp(b.id)
    await a.say('one')
    await c.hears('one')
    await b.kill('SIGKILL')
    await c.until((line) => line.event === 'peer' && line.state === 'down')
    await a.say('two, into the gap')
    const again = await launch(middle, { home })
    const restartedAt = performance.now()
    expect(again.id).toBe(b.id)
    await c.hears('two, into the gap')
    await c.say('three')
    await a.hears('three')
    expect(performance.now() - restartedAt).toBeLessThan(5_000)
    expect(a.texts()).toEqual(['one', 'two, into the gap', 'three'])
    expect(c.texts()).toEqual(['one', 'two, into the gap', 'three'])
  })

  test('names and members are told to everyone, and a change of name too', async () => {
    const [a, b, c] = await chain()
    await a.until((line) => line.event === 'member' && line.state === 'joined' && line.id === c.id)
    await b.until((line) => line.event === 'member' && line.state === 'joined' && line.id === a.id)
    await c.do({ do: 'nick', name: 'Caroline' })
    const renamed = await a.until((line) => line.event === 'member' && line.state === 'renamed')
    expect(renamed).toMatchObject({ id: c.id, name: 'Caroline', was: 'Carol' })
    await c.say('under a new name')
    expect(await a.hears('under a new name')).toMatchObject({ from: { name: 'Caroline' } })
    const users = await b.do({ do: 'users' })
    expect(users['users']).toBeArrayOfSize(3)
  })

  test('IPv6 and host names work as addresses', async () => {
    const six = await launch(['--host', '::1', '--port', String(await freePort()), '--username', 'Six'])
    const four = await launch(['--username', 'Four', '--connect', `[::1]:${six.port}`])
    await four.peerUp(six.id)
    const named = await launch(['--username', 'Named', '--connect', `localhost:${four.port}`])
    await named.peerUp(four.id)
    await six.say('over both')
    await named.hears('over both')
  })

  test('who is hung up on stays so until somebody connects again', async () => {
    const a = await launch(['--username', 'Alice'])
    const b = await launch(['--username', 'Bob', '--connect', a.address])
    await a.peerUp(b.id)
    expect((await a.do({ do: 'disconnect', peer: b.id })).ok).toBe(true)
    await b.until((line) => line.event === 'notice' && line.code === 'hung-up')
    expect((await b.do({ do: 'peers' }))['peers']).toEqual([])
    expect((await b.do({ do: 'connect', address: a.address })).ok).toBe(true)
    const ups = b.lines.filter((line) => line.event === 'peer' && line.state === 'up')
    expect(ups).toHaveLength(2)
  })

  test('a connect that is called off is answered', async () => {
    const silent = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    const a = await launch(['--username', 'Alice'])
    const address = `127.0.0.1:${silent.port}`
    const connecting = a.do({ do: 'connect', address })
    await a.do({ do: 'disconnect', peer: address })
    expect(await connecting).toMatchObject({ ok: false, code: 'hung-up' })
    silent.stop(true)
  })
})
