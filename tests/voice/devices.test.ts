import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { PulseServer, soundTests } from '../ports/pulse-server.ts'
import { VoiceNode } from './voice-node.ts'

/** A voice process in a room, whose devices come, go and hang. */

setDefaultTimeout(90_000)

const SETTINGS = { mode: 'open', noiseSuppression: false } as const

describe.skipIf(!soundTests)('a voice process in a room', () => {
  let server: PulseServer
  let node: VoiceNode

  beforeEach(async () => {
    server = await PulseServer.start()
  })
  afterEach(async () => {
    await node.stop()
    await server.close()
  })

  async function enter(settings: { readonly input?: string; readonly output?: string } = {}): Promise<void> {
    const environment = { ...server.environment, ALSA_CONFIG_PATH: undefined }
    node = new VoiceNode('a', { environment, settings: { ...SETTINGS, ...settings } })
    await node.start()
    await node.begin()
    await node.until('sound', ({ input, output }) => input && output)
  }

  /** Told from now on. */
  async function next(what: 'open' | 'closed'): Promise<void> {
    const from = node.reports.length
    await node.until('sound', (report) => {
      return node.reports.indexOf(report) >= from && (what === 'open') === (report.input && report.output)
    })
  }

  /** What plays on a sink, by its name. */
  async function isPlayedOn(sink: string): Promise<boolean> {
    const sinks = (await server.control('list', 'short', 'sinks')).output.split('\n')
    const index = sinks.find((line) => line.split('\t')[1] === sink)?.split('\t')[0]
    const playing = (await server.control('list', 'short', 'sink-inputs')).output.split('\n')
    return playing.some((line) => line.split('\t')[1] === index && index !== undefined)
  }

  async function untilPlayedOn(sink: string): Promise<void> {
    while (!(await isPlayedOn(sink)));
  }

  test('whose headset is pulled out goes on by the default, and by the headset when it is back', async () => {
    const headset = await server.addSink('headset')
    await enter({ output: 'headset' })
    await untilPlayedOn('headset')
    const gone = node.until('fault', ({ code }) => code === 'gone' || code === 'silent')
    await server.control('unload-module', headset)
    expect((await gone).message).toMatch(/\.$/)
    await untilPlayedOn('ear')
    await server.addSink('headset')
    await untilPlayedOn('headset')
    expect(node.reports.filter(({ tell }) => tell === 'ready').length).toBe(1)
  })

  test('tells two devices of one name apart, and plays on the one that was chosen', async () => {
    await server.control(
      'load-module',
      'module-null-sink',
      'sink_name=twin.1',
      'sink_properties=device.description=Twin',
    )
    await server.control(
      'load-module',
      'module-null-sink',
      'sink_name=twin.2',
      'sink_properties=device.description=Twin',
    )
    await enter({ output: 'twin.2' })
    node.send({ do: 'devices' })
    const { outputs } = await node.until('devices')
    const twins = outputs.filter(({ id }) => id.startsWith('twin'))
    expect(twins.map(({ name }) => name)).toEqual(['Twin', 'Twin (2)'])
    await untilPlayedOn('twin.2')
    expect(await isPlayedOn('twin.1')).toBe(false)
  })

  test("finds the sound server's canceller of echoes among the devices, and uses it", async () => {
    const masters = ['source_master=mic.monitor', 'sink_master=ear', 'source_name=mic.clean', 'sink_name=ear.clean']
    const { ok } = await server.control('load-module', 'module-echo-cancel', ...masters, 'use_master_format=1')
    expect(ok).toBe(true)
    await enter({ input: 'mic.clean', output: 'ear.clean' })
    node.send({ do: 'devices' })
    const { inputs } = await node.until('devices')
    expect(inputs[0]).toMatchObject({ id: 'mic.clean', name: expect.stringContaining('echo cancelled') })
    await untilPlayedOn('ear.clean')
  })

  test('whose sound server dies says so, lives on, and is heard again when there is one', async () => {
    await enter()
    const { pid } = node
    const closed = next('closed')
    server.kill()
    await closed
    expect((await node.until('fault')).message).toMatch(/\.$/)
    const open = next('open')
    await server.revive()
    await open
    await untilPlayedOn('ear')
    expect(node.pid).toBe(pid)
  })

  test('whose sound server hangs begins anew, and is in order as soon as the server answers', async () => {
    await enter()
    const { pid } = node
    const stuck = node.until('fault', ({ code }) => code === 'silent')
    server.pause(true)
    expect((await stuck).message).toMatch(/fallen silent/)
    await node.until('fault', ({ code }) => code === 'stuck')
    server.pause(false)
    while (node.pid === pid || node.pid === null) await node.next('ready')
    await node.begin()
    await next('open')
    await untilPlayedOn('ear')
  })
})
