import { describe, expect, test } from 'bun:test'
import { parseArguments } from '../../src/app/options.ts'

const read = (line: string) =>
  parseArguments(line === '' ? [] : line.split(' '), { version: '1', colour: false, columns: 80 })

async function refusal(line: string): Promise<string> {
  const asked = await read(line)
  if (asked.kind !== 'refuse') throw new Error(`${line} was not refused`)
  expect(asked.fault.exit).toBe(2)
  return asked.fault.message
}

describe('hearsay send', () => {
  test('takes paths, to whom, and how to meet', async () => {
    const asked = await read('send a.jpg - b/ --name c.tar --to dev --for 3 --wait 60 --connect 10.0.0.1:5000 --no-lan')
    expect(asked).toEqual({
      ...{ kind: 'send', paths: ['a.jpg', '-', 'b/'], to: 'dev', name: 'c.tar', takers: 3, waitMs: 60_000 },
      ...{ configFile: null },
      given: { connect: [{ host: '10.0.0.1', port: 5000 }], 'no-lan': true, room: ['dev'] },
    })
  })

  test('leaves to whom open, and takes anything behind -- for a path', async () => {
    expect(await read('send -- --odd')).toMatchObject({
      paths: ['--odd'],
      to: null,
      takers: 1,
      waitMs: null,
      given: {},
    })
    expect(await read('send x --to @Ben --room quiet')).toMatchObject({ to: '@Ben', given: { room: ['quiet'] } })
  })

  test('says which argument is wrong, and why', async () => {
    expect(await refusal('send')).toContain('the path is missing')
    expect(await refusal('send - -')).toContain('once')
    expect(await refusal('send a --name b')).toContain('means nothing without -')
    expect(await refusal('send - --name ../b')).toContain('--name: expected the name of a file, got "../b"')
    expect(await refusal('send a --for 0')).toContain('--for: expected a whole number from 1 to 256')
    expect(await refusal('send a --wait soon')).toContain('--wait')
    expect(await refusal('send a --wiat 3')).toContain('did you mean --wait?')
    expect(await refusal('send a --connect')).toBe('--connect: a value is missing; see hearsay send --help')
    expect(await refusal('send a --port 5000 --port 5001')).toContain('more than once')
    expect(await refusal('send a --theme dark')).toContain('no such flag')
    expect(await refusal('send a --static=1')).toContain('takes no value')
    expect(await refusal('send a --static --multicast 239.1.2.3:5000')).toContain('cannot be used with')
  })
})

describe('hearsay receive', () => {
  test('takes where to, from whom, and how to meet', async () => {
    const asked = await read('receive /tmp/in --from @Anna --yes --username Ben --config other.toml')
    expect(asked).toEqual({
      ...{ kind: 'receive', into: '/tmp/in', from: '@Anna', yes: true, waitMs: null, configFile: 'other.toml' },
      given: { username: 'Ben' },
    })
    expect(await read('receive')).toMatchObject({ into: '.', from: null, yes: false })
    expect(await read('receive - --from dev')).toMatchObject({ into: '-', from: null, given: { room: ['dev'] } })
  })

  test('says which argument is wrong, and why', async () => {
    expect(await refusal('receive a b')).toContain('one folder at a time')
    expect(await refusal('receive --yes=no')).toContain('takes no value')
    expect(await refusal(`receive --from ${'x'.repeat(40)}`)).toContain('--from: expected a room or @somebody')
  })
})

test('both have a help of their own, with everything that may stand behind them', async () => {
  for (const word of ['send', 'receive']) {
    const asked = await read(`${word} --help`)
    if (asked.kind !== 'print') throw new Error('no help')
    for (const flag of ['--connect <host:port>', '--room <name>', '--wait <seconds>'])
      expect(asked.text).toContain(flag)
    expect(Math.max(...asked.text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110)
  }
})
