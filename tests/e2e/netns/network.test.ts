import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { removeHomes, temporaryHome } from '../program.ts'
import { Lan } from './lan.ts'
import { networkTests } from './requirements.ts'

/** That the networks of the other tests in this folder are what they claim to be. Links are given by hand. */

setDefaultTimeout(30_000)
afterEach(removeHomes)

const LISTENING = ['--host', '::', '--no-lan']
/** For what only the kernel does and tells nobody about. */
const GONE_MS_MAX = 5_000

async function isGone(pid: number): Promise<boolean> {
  const deadline = performance.now() + GONE_MS_MAX
  while (existsSync(`/proc/${pid}`)) {
    if (performance.now() > deadline) return false
    await Bun.sleep(10)
  }
  return true
}

describe.skipIf(!networkTests)('a local network of the tests', () => {
  test('carries links over IPv4 and IPv6 between its machines', async () => {
    await using lan = await Lan.open(3)
    const [one, two, three] = lan.machines
    const a = await one!.start(LISTENING)
    const b = await two!.start([...LISTENING, '--connect', one!.addressOf(a)])
    const c = await three!.start([...LISTENING, '--connect', `[${one!.six}]:${a.port}`])
    await Promise.all([b.peerUp(a.id), c.peerUp(a.id)])
    await b.say('over four and six')
    await c.hears('over four and six')
  })

  test('has no way to this machine', async () => {
    await using lan = await Lan.open(1)
    using outside = Bun.listen({ hostname: '0.0.0.0', port: 0, socket: { data() {} } })
    const inside = await lan.machines[0]!.start(LISTENING)
    const answer = await inside.do({ do: 'connect', address: `127.0.0.1:${outside.port}` })
    expect(answer.ok).toBe(false)
    const cards = Bun.spawnSync([...lan.machines[0]!.via, 'ip', '-o', 'link']).stdout.toString()
    expect(cards.match(/^\d+: \w+/gm)).toEqual(['1: lo', '2: eth0'])
    expect(Bun.spawnSync([...lan.machines[0]!.via, 'ip', 'route', 'show', 'default']).stdout.toString()).toBe('')
  })

  test('that is cut leaves links hanging, and rejoined they deliver what was said meanwhile', async () => {
    await using lan = await Lan.open(3)
    const [one, two, three] = lan.machines
    const a = await one!.start(LISTENING)
    const b = await two!.start([...LISTENING, '--connect', one!.addressOf(a)])
    const c = await three!.start([...LISTENING, '--connect', one!.addressOf(a)])
    await Promise.all([b.peerUp(a.id), c.peerUp(a.id), a.peerUp(b.id), a.peerUp(c.id)])
    await lan.cut([three!])
    await c.say('there')
    await a.say('here')
    await b.hears('here')
    expect(b.texts()).toEqual(['here'])
    expect(c.texts()).toEqual(['there'])
    await lan.rejoin()
    await Promise.all([a.hears('there'), b.hears('there'), c.hears('here')])
    for (const program of [a, b, c]) {
      expect(program.lines.filter((line) => line.event === 'peer' && line.state === 'down')).toEqual([])
    }
  })

  test('goes when it is closed, with all that runs in it', async () => {
    const lan = await Lan.open(2)
    const program = await lan.machines[0]!.start(LISTENING)
    const pids = [...lan.machines.map((machine) => machine.namespace.pid), program.pid]
    for (const pid of pids) expect(existsSync(`/proc/${pid}`)).toBe(true)
    await lan[Symbol.asyncDispose]()
    for (const pid of pids) expect(await isGone(pid)).toBe(true)
  })

  test('goes when its test is killed, too', async () => {
    const command = [process.execPath, resolve(import.meta.dir, 'stray-entry.ts'), temporaryHome()]
    const owner = Bun.spawn(command, { stderr: 'inherit' })
    try {
      const { value } = await owner.stdout.getReader().read()
      const pids: number[] = JSON.parse(new TextDecoder().decode(value))
      expect(pids).toHaveLength(3)
      for (const pid of pids) expect(existsSync(`/proc/${pid}`)).toBe(true)
      owner.kill('SIGKILL')
      for (const pid of pids) expect(await isGone(pid)).toBe(true)
    } finally {
      owner.kill('SIGKILL')
      await owner.exited
    }
  })
})
