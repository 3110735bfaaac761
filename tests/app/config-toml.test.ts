import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseConfig } from '../../src/app/config-toml.ts'
import { formatConfig } from '../../src/app/config-write.ts'
import { addressCheck, hostCheck, nameCheck } from '../../src/app/options-values.ts'
import { DIALECTS } from '../../src/base/dialects.ts'

function given(text: string) {
  const config = parseConfig(text, '/folder')
  if (!config.ok) throw new Error(`${config.line}: ${config.message}`)
  return config.given
}

function refused(text: string): string {
  const config = parseConfig(text, '/folder')
  if (config.ok) throw new Error('accepted')
  return `${config.line}: ${config.message}`
}

describe('a configuration file', () => {
  test('may say everything the flags can', () => {
    expect(
      given(`
        host = "::"
        port = 5000
        udp-port = 0
        connect = ["a:1", "[::1]:2"] # two
        tracker = "t:3"
        no-lan = false
        multicast = ["239.1.2.3:4"]
        static = false
        username = "Ann \\u00d6"
        room = ["#Dev", "general"]
        plain = false
        json = true
        ephemeral = true
        theme = "light"
        debug = "x.log"
        [keys]
        ctrl-k = "cut-line-end"
        "alt-/" = "none"
      `),
    ).toEqual({
      host: '::',
      port: 5000,
      'udp-port': 0,
      connect: [
        { host: 'a', port: 1 },
        { host: '::1', port: 2 },
      ],
      tracker: [{ host: 't', port: 3 }],
      'no-lan': false,
      multicast: [{ host: '239.1.2.3', port: 4 }],
      static: false,
      username: 'Ann Ö',
      room: ['dev', 'general'],
      plain: false,
      json: true,
      ephemeral: true,
      theme: 'light',
      debug: '/folder/x.log',
      keys: { 'ctrl-k': 'cut-line-end', 'alt-/': 'none' },
    })
  })

  test('names the key that is none, and what no key can do', () => {
    expect(refused('theme = "pink"')).toBe('1: theme: expected one of auto, dark, light, mono, got "pink"')
    expect(refused('port = 1\n[keys]\nk = "jump"')).toStartWith('2: keys: expected keys such as ctrl-k, ')
    expect(refused('[keys]\nshift-ctrl-k = "jump"')).toEndWith(', got "shift-ctrl-k"')
    expect(refused('[keys]\nctrl-k = "jmp"')).toMatch(
      /^1: keys: expected "ctrl-k" to be none or one of send, .*, got "jmp"$/,
    )
    expect(refused('keys = 3')).toBe('1: keys: expected a table of keys, got 3')
    expect(refused('[keys]\nctrl-k = 3')).toStartWith('1: keys: expected the name of something')
  })

  test('may be empty, and may give one peer or room without a list', () => {
    expect(given('')).toEqual({})
    expect(given('# nothing\r\n')).toEqual({})
    expect(given('room = "dev"\nconnect = "a:1"\nudp_port = 7\ndebug = true')).toEqual({
      room: ['dev'],
      connect: [{ host: 'a', port: 1 }],
      'udp-port': 7,
      debug: true,
    })
    expect(given('connect = []')).toEqual({ connect: [] })
  })

  test('is told line, key, what was expected and what is there, where a type is wrong', () => {
    expect(refused('host = "::"\n\nport = "abc"')).toBe('3: port: expected a whole number from 0 to 65535, got "abc"')
    expect(refused('port = 70000')).toBe('1: port: expected a whole number from 0 to 65535, got 70000')
    expect(refused('port = 1.5')).toBe('1: port: expected a whole number from 0 to 65535, got 1.5')
    expect(refused('port = nan')).toBe('1: port: expected a whole number from 0 to 65535, got NaN')
    expect(refused('\nudp_port = -1')).toBe('2: udp-port: expected a whole number from 0 to 65535, got -1')
    expect(refused('username = 7')).toBe(
      '1: username: expected a name of 1 to 32 characters, all of them visible, got 7',
    )
    expect(refused('plain = "yes"')).toBe('1: plain: expected true or false, got "yes"')
    expect(refused('debug = 1')).toBe('1: debug: expected true, false or the path of a file, got 1')
    expect(refused('debug = ""')).toBe('1: debug: expected true, false or the path of a file, got ""')
    expect(refused('connect = [\n "a:1",\n "b"\n]')).toStartWith('1: connect: expected HOST:PORT')
    expect(refused('connect = [\n "a:1",\n "b"\n]')).toEndWith('got "b"')
    expect(refused('room = [["a"]]')).toEndWith('got a list')
    expect(refused('[host]\na = 1')).toBe('1: host: expected a host name, an IPv4 or an IPv6 address, got a table')
    expect(refused('room = []')).toEndWith('got an empty list')
    expect(refused(`connect = [${'"a:1",'.repeat(65)}]`)).toBe('1: connect: expected at most 64 entries, got a list')
    expect(refused('plain = true\njson = true')).toBe('2: json: cannot be true with plain; leave one out')
    expect(refused('multicast = "239.1.2.3:4"\nno-lan = true')).toBe(
      '1: multicast: cannot be given with no-lan; leave one out',
    )
    expect(refused('tracker = "0.0.0.0:5000"')).toContain('one machine that others can dial')
  })

  test('is told the nearest key for one that is not known', () => {
    expect(refused('port = 1\nusrname = "a"')).toBe('2: usrname: no such key; did you mean username?')
    expect(refused('\n[rooms]\nx = 1')).toBe('2: rooms: no such key; did you mean room?')
    expect(refused('"a\\nb" = 1')).toMatch(/^1: a\\u\{a\}b: no such key; the keys are host, port, /)
    expect(refused('__proto__ = 1\n')).toContain('__proto__: no such key')
    expect(refused('constructor = 1')).toContain('constructor: no such key')
    expect(refused('udp-port = 1\nudp_port = 1')).toBe('2: udp-port: given more than once; leave one out')
  })

  test('is told the line of what is not TOML', () => {
    expect(refused('port = 1\n\nhost == 2\nplain = true')).toStartWith('3: not valid TOML: ')
    expect(refused('port = 1\nport = 2')).toStartWith("2: not valid TOML: Cannot redefine key 'port'")
    expect(refused('a = """\n\n')).toStartWith('1: not valid TOML: ')
    expect(refused('port = 1\nconnect = [\n"a:1"\n\n\nplain = true')).toStartWith('2: not valid TOML: ')
    expect(refused('port = 99999999999999999999')).toStartWith('1: not valid TOML: ')
    expect(refused(`a = ${'['.repeat(100_000)}`)).toContain('lists stand too deep')
    expect(refused(`a = 1\n${'b.'.repeat(100_000)}c = 1`)).toContain('2: ')
  })

  test('whose n-th line is broken is told n', () => {
    const good = fc.constantFrom('# x', '', '   ', 'x.y = 1 # z', 'x.l = [\n 1, # ]\n 2\n]', 'x.s = """\na = 1\n"""')
    fc.assert(
      fc.property(
        fc.array(good),
        fc.constantFrom('x =', '= 1', 'x 1', 'x = "a', '[x', 'x = 01', '?'),
        (before, broken) => {
          const lines = before.map((line, index) => line.replace('x.', `x${index}.`))
          const text = [...lines, broken, 'zz = 1'].join('\n')
          const line = lines.join('\n').split('\n').length + (lines.length === 0 ? 0 : 1)
          expect(refused(text)).toStartWith(`${line}: not valid TOML: `)
        },
      ),
    )
  })

  test('of any text whatever is taken or refused in one line', () => {
    const key = fc.constantFrom('host', 'port', 'connect', 'username', 'room', 'plain', 'debug', 'x', '"y', '[z]', '')
    const value = fc.oneof(
      fc.constantFrom('1', 'true', '"a:1"', '["a", 1]', '{ a = 1 }', '1979-05-27', 'inf', "'''", '[', '"\\ud800"'),
      fc.string({ unit: 'binary' }),
      fc.string().map((text) => JSON.stringify(text)),
    )
    const entry = fc.tuple(key, fc.constantFrom(' = ', '=', '.', '\n'), value).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
        const config = parseConfig(entries.join('\n'), '/folder')
        if (!config.ok) expect(config.message).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{1,400}$/u)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the file that the answers to the first questions make', () => {
  test('gives the answers back, whatever the name', () => {
    const username = fc
      .oneof(fc.string({ unit: 'grapheme', maxLength: 32 }), fc.string({ unit: 'binary', maxLength: 20 }))
      .map((text) => nameCheck.read(text))
    const host = fc.constantFrom('127.0.0.1', '0.0.0.0', '::')
    const peer = fc.option(
      fc.constantFrom('a:1', '[::1]:65535', 'fe80.example:5000').map((text) => addressCheck.read(text)),
    )
    const dialects = fc.subarray([...DIALECTS])
    fc.assert(
      fc.property(username, host, fc.boolean(), peer, dialects, (username, host, ephemeral, connect, dialects) => {
        expect(hostCheck.read(host)).toBe(host)
        expect(given(formatConfig({ username, host, ephemeral, connect, dialects }))).toEqual({
          ...(username === null ? {} : { username }),
          ...(connect === null ? {} : { connect: [connect] }),
          ...(dialects.length === 0 ? {} : { dialect: dialects.map((dialect) => ({ dialect, address: null })) }),
          host,
          ephemeral,
        })
      }),
    )
  })

  test('is good TOML with every line that is only proposed taken in too', () => {
    const text = formatConfig({ username: null, host: '::', ephemeral: false, connect: null, dialects: [] })
    const all = text.replace(/^# (?=[a-z-]+ = )/gm, '')
    expect(refused(all)).toContain('multicast: cannot be given with no-lan')
    const whole = given(all.replace(/^(no-lan|static) = true$/gm, '$1 = false'))
    expect(Object.keys(whole).sort()).toEqual(
      'host port udp-port connect tracker no-lan multicast static dialect username room plain ephemeral debug history-days history-megabytes voice voice-mode accept-files accept-megabytes download-dir theme keys'
        .split(' ')
        .sort(),
    )
  })
})
