import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { EXECUTABLE, Program, removeHomes } from './program.ts'
import { VoicePerson } from './voice-person.ts'

setDefaultTimeout(60_000)

const HZ = [440, 770, 1_230] as const
const BACK_MS_MAX = 2_000
const KILLS = 5

const people: VoicePerson[] = []
const others: Program[] = []
afterEach(async () => {
  await Promise.all([
    ...people.splice(0).map(({ program }) => program.close()),
    ...others.splice(0).map((each) => each.close()),
  ])
  removeHomes()
})

async function person(name: string, ...args: string[]): Promise<VoicePerson> {
  const one = await VoicePerson.start(name, HZ[people.length % HZ.length]!, args)
  people.push(one)
  return one
}

/** Two who are linked. */
async function pair(): Promise<[VoicePerson, VoicePerson]> {
  const alice = await person('Alice')
  const bob = await person('Bob', '--connect', alice.program.address)
  await alice.program.peerUp(bob.program.id)
  return [alice, bob]
}

/** For how long each of their processes has had something to do and no processor to do it, so far: milliseconds by process. */
function waits(people: readonly VoicePerson[]): Map<number, number> {
  const pids = people.flatMap((one) => [one.program.pid, one.voicePid].filter((pid) => pid !== null))
  return new Map(pids.map((pid) => [pid, Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6]))
}

function control(one: VoicePerson, ...words: string[]) {
  const run = Bun.spawnSync([EXECUTABLE, ...words], {
    env: { HOME: one.program.home, XDG_RUNTIME_DIR: one.program.home },
  })
  return { status: run.exitCode, said: `${run.stdout}${run.stderr}`.trim() }
}

describe('voice between compiled programs', () => {
  test('three in a room hear each other; who mutes or leaves is not heard, and everybody is told', async () => {
    const [alice, bob] = await pair()
    const carol = await person('Carol', '--connect', bob.program.address)
    const all = [alice, bob, carol]
    for (const one of all) expect(await one.join()).toMatchObject({ ok: true, state: 'on', room: 'general' })
    await alice.hears([bob, carol], all)
    await bob.hears([alice, carol], all)
    await carol.hears([alice, bob], all)
    await carol.program.when(() => all.slice(0, 2).every((each) => carol.peer(each)?.speaking === true))
    await carol.program.when(() => carol.peer(alice)?.path === 'direct' && carol.peer(alice)!.jitterMs !== null)

    await alice.program.do({ do: 'mute' })
    await carol.hears([bob], all)
    await carol.program.when(() => carol.peer(alice)?.muted === true && !carol.peer(alice)!.speaking)
    await alice.program.do({ do: 'unmute' })
    await carol.hears([alice, bob], all)

    await carol.program.do({ do: 'voice', action: 'mute', peer: 'Bob' })
    await carol.hears([alice], all)
    await alice.hears([bob, carol], all)
    await carol.program.do({ do: 'voice', action: 'unmute', peer: 'Bob' })

    await bob.program.do({ do: 'voice', action: 'leave' })
    await carol.hears([alice], all)
    await carol.program.when(() => carol.told?.peers.length === 1)
    // Who is not in voice sees who is.
    const users = await bob.program.do({ do: 'users' })
    const voices = (users['users'] as { name: string; voice?: string }[]).map(({ name, voice }) => [name, voice])
    expect(Object.fromEntries(voices)).toEqual({ Alice: 'on', Bob: undefined, Carol: 'on' })
    await bob.program.when(() => bob.voicePid === null || bob.told?.state === 'off')
  })

  test('is back within two seconds each time the voice process is killed, also the fifth in a row, and says so', async () => {
    const [alice, bob] = await pair()
    await alice.join()
    await bob.join()
    await bob.hears([alice], [alice, bob])
    await alice.hears([bob], [alice, bob])
    const tookMs: number[] = []
    const waitedMs: number[] = []
    while (tookMs.length < KILLS) {
      const { length } = bob.program.lines
      const before = bob.voicePid!
      const waitsBefore = waits([alice, bob])
      bob.forget()
      const killedMs = performance.now()
      process.kill(before, 'SIGKILL')
      for (const code of ['voice-crashed', 'voice-back']) {
        await bob.program.when(() =>
          bob.program.lines.slice(length).some((line) => line.event === 'notice' && line.code === code),
        )
      }
      await bob.hears([alice], [alice, bob])
      tookMs.push(Math.round(performance.now() - killedMs))
      const ofEach = [...waits([alice, bob])].map(([pid, ms]) => ms - (waitsBefore.get(pid) ?? 0))
      waitedMs.push(Math.round(ofEach.reduce((sum, ms) => sum + ms, 0)))
      await alice.hears([bob], [alice, bob])
      expect(bob.voicePid).not.toBe(before)
    }
    // On a machine that is busy with other things, less what they kept us from running.
    const said = `sound was back after ${tookMs} ms, of which they waited ${waitedMs} ms for a processor`
    for (const [i, ms] of tookMs.entries()) expect(ms - waitedMs[i]!, said).toBeLessThan(BACK_MS_MAX)
    // And text was there all the time.
    await bob.program.say('still here')
    await alice.program.hears('still here')
  })

  test('two who are linked through somebody outside the room hear each other', async () => {
    const relay = await Program.start(['--static', '--ephemeral', '--room', 'elsewhere'])
    others.push(relay)
    const through = ['--static', '--connect', relay.address, '--room', 'talk']
    const [alice, bob] = [await person('Alice', ...through), await person('Bob', ...through, '--voice', 'talk')]
    await alice.program.until((line) => line.event === 'member' && line.room === 'talk')
    await alice.join('talk')
    await alice.hears([bob], [alice, bob])
    await bob.hears([alice], [alice, bob])
    expect(relay.lines.some((line) => line.event === 'voice')).toBe(false)
  })

  test('a key of the desktop talks, mutes and asks, while voice is on', async () => {
    const [alice, bob] = await pair()
    expect(control(alice, 'ptt', 'on')).toMatchObject({ status: 1, said: expect.stringContaining('not in voice') })
    await alice.program.do({ do: 'voice', action: 'mode', mode: 'push' })
    await alice.join()
    await bob.join()
    await alice.hears([bob], [alice, bob])
    await bob.hears([], [alice, bob])
    expect(control(alice, 'ptt', 'on')).toEqual({ status: 0, said: 'on general talking' })
    await bob.hears([alice], [alice, bob])
    expect(control(alice, 'ptt', 'off')).toEqual({ status: 0, said: 'on general' })
    await bob.hears([], [alice, bob])
    expect(control(alice, 'mute', 'toggle')).toEqual({ status: 0, said: 'muted general' })
    expect(control(alice, 'status')).toEqual({ status: 0, said: 'muted general' })
    await alice.program.quit()
    expect(control(alice, 'ptt', 'on')).toMatchObject({
      status: 1,
      said: expect.stringContaining('no hearsay of yours'),
    })
  })

  test('the port that was told is the one that is used; where it is taken, another, and people are told', async () => {
    const alice = await person('Alice')
    await alice.join()
    const ready = alice.program.lines.find((line) => line.event === 'ready')
    if (ready?.event !== 'ready') throw new Error('not ready')
    expect(await alice.program.do({ do: 'voice' })).toMatchObject({ ready: true, port: ready.udp.port })
    const bob = await person('Bob', '--udp-port', String(ready.udp.port))
    expect(await bob.join()).toMatchObject({ ok: true })
    await bob.program.until((line) => line.event === 'notice' && line.code === 'voice-port')
    expect((await bob.program.do({ do: 'voice' }))['port']).not.toBe(ready.udp.port)
  })

  test('what was chosen is there at the next start', async () => {
    const first = await Program.start([])
    others.push(first)
    await first.do({ do: 'voice', action: 'mode', mode: 'push' })
    await first.do({ do: 'voice', action: 'bitrate', kbit: 20 })
    expect(await first.quit()).toBe(0)
    const second = await Program.start([], { home: first.home })
    others.push(second)
    expect((await second.do({ do: 'voice' }))['choices']).toMatchObject({ mode: 'push', bitrate: 20_000 })
  })
})
