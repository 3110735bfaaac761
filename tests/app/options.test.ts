import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseArguments } from '../../src/app/options.ts'
import { readVariables } from '../../src/app/options-environment.ts'
import { readInto } from '../../src/app/options-values.ts'

const LOOK = { version: '1.2.3', colour: false, columns: 80 }

function parse(...argv: string[]) {
  return parseArguments(argv, LOOK)
}

async function given(...argv: string[]) {
  const parsed = await parse(...argv)
  if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed))
  return parsed.given
}

async function refusal(...argv: string[]): Promise<string> {
  const parsed = await parse(...argv)
  if (parsed.kind !== 'refuse') throw new Error(JSON.stringify(parsed))
  expect(parsed.fault.exit).toBe(2)
  expect(parsed.fault.message).not.toMatch(/[\n\r\u001b]/)
  return parsed.fault.message
}

describe('what the command line gives', () => {
  test('nothing at all is a bare run', async () => {
    expect(await parse()).toEqual({ kind: 'run', given: {}, configFile: null, bare: true })
  })

  test('every flag, with its value after a space or an equals sign', async () => {
    expect(
      await parse(
        ...['--host', '::', '--port=5000', '--udp-port', '0', '--connect', 'a.example:1', '--connect=[::1]:2'],
        ...[
          '--username',
          'Ann Ö',
          '--room',
          '#Dev',
          '--room',
          'general',
          '--plain',
          '--ephemeral',
          '--config',
          'c.toml',
        ],
        ...['--history-days', '30', '--history-megabytes=5'],
        ...['--tracker=t:3', '--multicast', '[ff12::1]:5', '--multicast=239.1.2.3:4'],
        '--debug',
      ),
    ).toEqual({
      kind: 'run',
      given: {
        host: '::',
        port: 5000,
        'udp-port': 0,
        connect: [
          { host: 'a.example', port: 1 },
          { host: '::1', port: 2 },
        ],
        tracker: [{ host: 't', port: 3 }],
        multicast: [
          { host: 'ff12::1', port: 5 },
          { host: '239.1.2.3', port: 4 },
        ],
        username: 'Ann Ö',
        room: ['dev', 'general'],
        plain: true,
        ephemeral: true,
        'history-days': 30,
        'history-megabytes': 5,
        debug: true,
      },
      configFile: 'c.toml',
      bare: false,
    })
  })

  test('--debug takes a file or does without, and takes no other flag for one', async () => {
    expect(await given('--debug', 'x.log')).toEqual({ debug: 'x.log' })
    expect(await given('--debug=x.log')).toEqual({ debug: 'x.log' })
    expect(await given('--debug', '--json')).toEqual({ debug: true, json: true })
    expect(await refusal('--debug=')).toBe('--debug: expected 1, 0 or the path of a file, got ""')
  })

  test('--download-dir takes a folder, which has a name', async () => {
    expect(await refusal('--download-dir=')).toBe('--download-dir: expected the path of a folder, got ""')
  })

  test('hosts are names, IPv4 or IPv6, with or without brackets', async () => {
    for (const host of ['localhost', '0.0.0.0', '::1', 'fe80::1%eth0', 'a-b.example']) {
      expect(await given('--host', host)).toEqual({ host })
    }
    expect(await given('--host', '[::1]')).toEqual({ host: '::1' })
    for (const host of ['localhost:5000', '1.2.3', '256.0.0.1', ':::1', '[localhost]', 'a b', '', '-x']) {
      expect(await refusal('--host', host)).toStartWith(
        '--host: expected a host name, an IPv4 or an IPv6 address, got "',
      )
    }
  })
})

describe('what the command line refuses, in one line that names the argument', () => {
  test('numbers that are no ports', async () => {
    expect(await refusal('--port=abc')).toBe('--port: expected a whole number from 0 to 65535, got "abc"')
    for (const port of ['70000', '-1', '5000.5', '0x10', '+5', '', ' 5', '99999999999']) {
      expect(await refusal('--port', port)).toBe(`--port: expected a whole number from 0 to 65535, got "${port}"`)
    }
    expect(await refusal('--multicast', '192.0.2.1:5')).toStartWith('--multicast: expected GROUP:PORT')
    for (const nowhere of ['0.0.0.0:5000', '[::]:5000', '239.1.2.3:5000']) {
      expect(await refusal('--tracker', nowhere)).toContain('one machine that others can dial')
    }
    expect(await refusal('--udp-port', '65536')).toStartWith('--udp-port: expected a whole number')
  })

  test('addresses without a port, with port 0, or with an IPv6 address that is not told apart from it', async () => {
    for (const address of [
      'localhost',
      'localhost:0',
      'localhost:99999',
      '::1',
      '::1:5000',
      '[x]:1',
      '[1.2.3.4]:1',
      '1.2:3',
      '',
    ]) {
      expect(await refusal('--connect', address)).toStartWith('--connect: expected HOST:PORT, or [HOST]:PORT for IPv6')
    }
  })

  test('names and rooms that would not show as they are written', async () => {
    for (const name of ['', ' ', 'x'.repeat(33), 'a\u202eb', 'a\u0000b', '\u200b', '\u001b[31mred']) {
      expect(await refusal('--username', name)).toStartWith('--username: expected a name of 1 to 32 characters')
    }
    expect(await given('--username', '👩‍👩‍👧'.repeat(6))).toEqual({ username: '👩‍👩‍👧'.repeat(6) })
    for (const room of ['', '#', 'two words', '@ann', 'x'.repeat(33)]) {
      expect(await refusal('--room', room)).toStartWith('--room: expected the name of a room')
    }
  })

  test('flags without their value', async () => {
    expect(await refusal('--port')).toBe('--port: a value is missing; see hearsay --help')
    expect(await refusal('--username', '--plain')).toBe(
      '--username: a value is missing before --plain; see hearsay --help',
    )
    expect(await refusal('--username', '--port=\n')).toBe(
      '--username: a value is missing before --port; see hearsay --help',
    )
  })

  test('a flag given twice, but not one that may be', async () => {
    expect(await refusal('--port', '1', '--port', '2')).toBe(
      '--port: given more than once ("1", then "2"); leave one out',
    )
    expect(await refusal('--debug', '--debug=x')).toBe('--debug: given more than once (alone, then "x"); leave one out')
    expect(await given('--plain', '--plain')).toEqual({ plain: true })
    expect(await refusal(...Array.from({ length: 65 }, (_, port) => `--connect=a:${port + 1}`))).toBe(
      '--connect: expected at most 64, got "65"',
    )
    expect(await refusal(...Array<string>(200_000).fill('--room=a'))).toBe('--room: expected at most 64, got "200000"')
  })

  test('flags nobody knows, with the nearest one', async () => {
    expect(await refusal('--usrname', 'Al')).toBe('--usrname: no such flag; did you mean --username?')
    expect(await refusal('--prot=5000')).toBe('--prot: no such flag; did you mean --port?')
    expect(await refusal('-port', '1')).toBe('-port: no such flag; did you mean --port?')
    expect(await refusal('--frobnicate')).toBe('--frobnicate: no such flag; see hearsay --help')
    expect(await refusal(`--${'x'.repeat(500)}`)).toBe(`--${'x'.repeat(58)}…: no such flag; see hearsay --help`)
    expect(await refusal('--plain=yes')).toBe('--plain: takes no value; leave it out')
    expect(await refusal('--plain', '--json')).toBe('--json: cannot be used with --plain; leave one out')
    const group = '--multicast=239.1.2.3:4'
    expect(await refusal(group, '--no-lan')).toBe('--multicast: cannot be used with --no-lan; leave one out')
    expect(await refusal('--static', group)).toBe('--multicast: cannot be used with --static; leave one out')
    expect(await given('--static', '--no-lan')).toEqual({ static: true, 'no-lan': true })
  })

  test('words that belong to no flag', async () => {
    expect(await refusal('foo')).toBe('"foo": unexpected argument; see hearsay --help')
    expect(await refusal('port', '5000')).toBe('"port": unexpected argument; did you mean --port?')
    expect(await refusal('[::1]:5000')).toBe('"[::1]:5000": unexpected argument; did you mean --connect [::1]:5000?')
    expect(await refusal('--plain', '--', '--json')).toContain('--json')
    expect(await refusal('')).toBe('"": unexpected argument; see hearsay --help')
    expect(await refusal('-')).toBe('"-": unexpected argument; see hearsay --help')
    expect(await refusal('a\u001b[2Jb\nc')).toBe('"a\\u{1b}[2Jb\\u{a}c": unexpected argument; see hearsay --help')
  })

  test('an empty --config', async () => {
    expect(await refusal('--config=')).toBe('--config: expected the path of a file, got ""')
  })
})

describe('help and version', () => {
  test('win over whatever is wrong beside them', async () => {
    expect(await parse('--version', '--bogus')).toEqual({ kind: 'print', text: 'hearsay 1.2.3\n' })
    expect(await parse('-V')).toEqual({ kind: 'print', text: 'hearsay 1.2.3\n' })
    for (const argv of [['--help', '--port', 'abc'], ['-h'], ['--help', 'foo'], ['--help', '--username']]) {
      expect((await parse(...argv)).kind).toBe('print')
    }
  })

  test('the help is grouped, has examples that work, and names every flag', async () => {
    const help = await parse('--help')
    if (help.kind !== 'print') throw new Error(help.kind)
    expect(help.text).not.toContain('\u001b')
    const groups = help.text.match(/^\w.*:$/gm)?.join(' ')
    expect(groups).toBe('Reaching others: You and your rooms: Voice: Files: Front end: Running: Examples:')
    for (const flag of 'host port udp-port connect tracker no-lan multicast static dialect username room plain json ephemeral history-days history-megabytes voice voice-mode audio-in audio-out no-noise-suppression accept-files accept-megabytes download-dir theme config debug help version'.split(
      ' ',
    )) {
      expect(help.text).toContain(`--${flag}`)
    }
    const examples = [...help.text.matchAll(/^ {2}hearsay (\S+(?: \S+)*)/gm)]
    const kinds = await Promise.all(examples.map(async ([, line]) => (await parse(...line!.split(' '))).kind))
    expect(kinds).toEqual([
      'run',
      'run',
      'tracker',
      'send',
      'receive',
      'control',
      'export',
      'import',
      'two',
      'print',
      'print',
    ])
  })

  test('colours come only where they are wanted, and long lines wrap to the terminal', async () => {
    const coloured = await parseArguments(['--help'], { ...LOOK, colour: true })
    const narrow = await parseArguments(['--help'], { ...LOOK, columns: 60 })
    if (coloured.kind !== 'print' || narrow.kind !== 'print') throw new Error('no help')
    expect(coloured.text).toContain('\u001b[36m')
    const options = narrow.text.slice(0, narrow.text.indexOf('Examples:'))
    for (const line of options.split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  })
})

describe('a key of the desktop', () => {
  test('holds, lets go and switches, and is told how it stands', async () => {
    const asked = async (...argv: string[]) => {
      const read = await parse(...argv)
      return read.kind === 'control' ? `${read.asked.word} ${read.asked.how}` : read.kind
    }
    expect(await asked('ptt', 'on')).toBe('ptt on')
    expect(await asked('ptt')).toBe('ptt toggle')
    expect(await asked('mute')).toBe('mute on')
    expect(await asked('deafen', 'toggle')).toBe('deafen toggle')
    expect(await asked('unmute')).toBe('unmute on')
    expect(await asked('status')).toBe('status on')
    for (const wrong of [
      ['ptt', 'up'],
      ['unmute', 'off'],
      ['status', 'on'],
      ['ptt', 'on', 'off'],
      ['ptt', '--json'],
    ]) {
      expect(await asked(...wrong)).toBe('refuse')
    }
    expect(await asked('ptt', '--help')).toBe('print')
    expect(await refusal('ptt', 'up')).toContain('"up" means nothing here')
  })
})

describe('a tracker', () => {
  test('is run by its name, before or after what it is told', async () => {
    expect(await parse('tracker')).toEqual({ kind: 'tracker', given: {} })
    const told = { kind: 'tracker', given: { host: '::', port: 5001, json: true, debug: true } } as const
    expect(await parse('tracker', '--host', '::', '--port=5001', '--json', '--debug=1')).toEqual(told)
    expect(await parse('--json', '--host', '::', '--port', '5001', 'tracker', '--debug')).toEqual(told)
    const help = await parse('tracker', '--help')
    expect(help.kind === 'print' && help.text).toStartWith('Usage: hearsay tracker ')
    expect(await parse('-h', 'tracker')).toEqual(help)
  })

  test('wants nothing that only a node has a use for', async () => {
    expect(await refusal('tracker', '--room', 'dev')).toContain('--room: means nothing to a tracker')
    expect(await refusal('tracker', '--tracker', 'a:1')).toContain('--tracker: means nothing to a tracker')
    expect(await refusal('tracker', '--config', 'c.toml')).toContain('--config')
    expect(await refusal('tracker', 'tracker')).toContain('unexpected argument')
    expect(await refusal('tracker', '--prot', '1')).toContain('did you mean --port?')
    expect(await refusal('tracker', '--json', '--plain')).toContain('--json')
  })
})

describe('the variables', () => {
  test('give what flags give; empty ones give nothing', () => {
    expect(
      readVariables({
        HEARSAY_HOST: '0.0.0.0',
        HEARSAY_PORT: '0',
        HEARSAY_UDP_PORT: '6000',
        HEARSAY_CONNECT: 'a:1, [::1]:2  b:3,',
        HEARSAY_TRACKER: 't:3',
        HEARSAY_NO_LAN: '0',
        HEARSAY_MULTICAST: '239.1.2.3:4',
        HEARSAY_STATIC: 'off',
        HEARSAY_USERNAME: 'Ann',
        HEARSAY_ROOM: 'dev general',
        HEARSAY_PLAIN: 'no',
        HEARSAY_JSON: 'TRUE',
        HEARSAY_EPHEMERAL: '1',
        HEARSAY_CONFIG: '/c.toml',
        HEARSAY_DEBUG: 'x.log',
        OTHER: 'x',
      }),
    ).toEqual({
      ok: true,
      given: {
        host: '0.0.0.0',
        port: 0,
        'udp-port': 6000,
        connect: [
          { host: 'a', port: 1 },
          { host: '::1', port: 2 },
          { host: 'b', port: 3 },
        ],
        tracker: [{ host: 't', port: 3 }],
        'no-lan': false,
        multicast: [{ host: '239.1.2.3', port: 4 }],
        static: false,
        username: 'Ann',
        room: ['dev', 'general'],
        plain: false,
        json: true,
        ephemeral: true,
        debug: 'x.log',
      },
      configFile: '/c.toml',
    })
    expect(readVariables({ HEARSAY_PORT: '', HEARSAY_CONFIG: '', HEARSAY_CONNECT: ' , ' })).toEqual({
      ok: true,
      given: {},
      configFile: null,
    })
  })

  test('are named in what is wrong with them', () => {
    const message = (environment: Record<string, string>) => {
      const read = readVariables(environment)
      if (read.ok) throw new Error('accepted')
      expect(read.exit).toBe(2)
      return read.message
    }
    expect(message({ HEARSAY_PORT: 'abc' })).toBe('HEARSAY_PORT: expected a whole number from 0 to 65535, got "abc"')
    expect(message({ HEARSAY_PLAIN: 'maybe' })).toBe('HEARSAY_PLAIN: expected 1 or 0, got "maybe"')
    expect(message({ HEARSAY_CONNECT: 'a:1 b' })).toContain('HEARSAY_CONNECT: expected HOST:PORT')
    expect(message({ HEARSAY_PLAIN: '1', HEARSAY_JSON: '1' })).toBe(
      'HEARSAY_JSON: cannot be on with HEARSAY_PLAIN; unset one',
    )
  })
})

describe('whatever is written', () => {
  const flag = fc.constantFrom(
    '--host',
    '--port',
    '--connect',
    '--username',
    '--room',
    '--debug',
    '--config',
    '--',
    '-h',
    '-',
  )
  const word = fc.oneof(
    flag,
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.tuple(flag, fc.string()).map((pair) => pair.join('=')),
  )

  test('the answer is a run, a text or one clean line with status 2', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (argv) => {
        const parsed = await parse(...argv)
        if (parsed.kind === 'refuse') expect(await refusal(...argv)).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{1,400}$/u)
        else expect(['run', 'print']).toContain(parsed.kind)
      }),
      { numRuns: 500 },
    )
  })

  test('a port that is taken is the number that was written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -10, max: 70_000 }).map(String), fc.string()), (text) => {
        const read: { port?: number } = {}
        const wrong = readInto(read, 'port', [text])
        if (wrong === null) expect(read.port).toBe(Number(text))
        else expect(/^\d+$/.test(text) && Number(text) <= 65535 && text.length <= 5).toBe(false)
      }),
    )
  })
})
