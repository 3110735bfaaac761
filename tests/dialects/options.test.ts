import { describe, expect, test } from 'bun:test'
import { parseConfig } from '../../src/app/config-toml.ts'
import { agentOf, bridgedBy } from '../../src/app/dialects/agent.ts'
import { parseArguments } from '../../src/app/options.ts'
import { readVariables } from '../../src/app/options-environment.ts'
import { doublyPlaced } from '../../src/app/options-values.ts'

const look = { version: '1', colour: false, columns: 80 }

async function dialects(...argv: string[]): Promise<unknown> {
  const asked = await parseArguments(argv, look)
  if (asked.kind === 'run') return asked.given.dialect?.map(({ dialect, address }) => [dialect, address?.port ?? null])
  return asked.kind === 'refuse' ? asked.fault.message : asked.kind
}

describe('--dialect', () => {
  test('takes names, several of them, and all, each with its address', async () => {
    expect(await dialects('--dialect', 'framed,mesh')).toEqual([
      ['framed', null],
      ['mesh', null],
    ])
    expect(await dialects('--dialect', 'all')).toEqual([
      ['framed', null],
      ['mesh', null],
      ['tracker', null],
      ['line', null],
    ])
    const many = ['--dialect', 'framed@127.0.0.1:5001, framed@[::1]:5002', '--dialect', 'mesh@224.0.0.1:9999']
    expect(await dialects(...many)).toEqual([
      ['framed', 5001],
      ['framed', 5002],
      ['mesh', 9999],
    ])
  })

  test.each([
    'morse',
    'all@127.0.0.1:1',
    'framed@',
    'framed@x',
    'mesh@127.0.0.1:9999',
    'tracker@0.0.0.0:5000',
    'line@a:1@b:2',
    '',
  ])('%j is refused, and told what would do', async (text) => {
    expect(await dialects('--dialect', text)).toContain('framed, mesh, tracker, line or all')
  })

  test('one address, where there can be no more: two are not one of them, unasked', () => {
    const at = (port: number) => ({ host: '127.0.0.1', port })
    const tracker = (port: number | null) => ({ dialect: 'tracker', address: port === null ? null : at(port) }) as const
    expect(doublyPlaced([tracker(1), tracker(2)])).toBe('tracker')
    expect(doublyPlaced([tracker(1), tracker(null), tracker(1)])).toBeNull()
    expect(doublyPlaced([1, 2].map((port) => ({ dialect: 'framed', address: at(port) })))).toBeNull()
  })

  test('works in the file and as a variable', () => {
    const file = parseConfig('dialect = ["mesh", "line,framed"]', '/')
    expect(file.ok && file.given.dialect?.map(({ dialect }) => dialect)).toEqual(['mesh', 'line', 'framed'])
    const variables = readVariables({ HEARSAY_DIALECT: 'mesh, tracker@127.0.0.1:5001' })
    expect(variables.ok && variables.given.dialect?.map(({ dialect }) => dialect)).toEqual(['mesh', 'tracker'])
    expect(parseConfig('dialect = "morse"', '/').ok).toBe(false)
  })

  test('neighbours are told, and understand nothing else', () => {
    const agent = agentOf('1.2.3', [
      { dialect: 'mesh', address: null },
      { dialect: 'framed', address: null },
    ])
    expect(agent).toBe('hearsay/1.2.3 (framed mesh)')
    expect([...bridgedBy(agent)]).toEqual(['framed', 'mesh'])
    expect([...bridgedBy('hearsay/1.2.3')]).toEqual([])
    expect([...bridgedBy('other/1 (mesh)')]).toEqual([])
    expect([...bridgedBy('hearsay/1 (mesh morse)')]).toEqual(['mesh'])
  })
})

describe('hearsay listen and connect', () => {
  test('have the older program’s defaults', async () => {
    expect(await parseArguments(['listen'], look)).toEqual({
      ...{ kind: 'two', mode: 'listen', address: { host: '0.0.0.0', port: 5050 } },
      ...{ name: 'Anonymous', folder: 'received_files' },
    })
    expect(await parseArguments(['connect', 'localhost', '5050', '--name', 'Ben'], look)).toMatchObject({
      ...{ mode: 'connect', address: { host: 'localhost', port: 5050 }, name: 'Ben' },
    })
  })

  test.each([
    [['connect'], 'the host and the port are missing'],
    [['connect', 'a', '0'], 'port: expected'],
    [['connect', 'a', '1', 'b'], 'unexpected argument'],
    [['connect', 'a', '1', '--port', '2'], 'no such flag'],
    [['listen', '--port', 'x'], 'port: expected'],
    [['listen', '--name', 'a', '--name', 'b'], 'given more than once'],
  ])('%j is refused', async (argv, reason) => {
    const asked = await parseArguments(argv, look)
    expect(asked.kind === 'refuse' && asked.fault.message).toContain(reason)
  })
})
