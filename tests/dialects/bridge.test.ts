import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../src/base/rng.ts'
import { Bridge, HOLD_MS, LISTEN_FIRST_MS } from '../../src/dialects/bridge.ts'
import { words } from './bridge-words.ts'
import { Networks, type Party } from './networks.ts'
import { SHARED, strangers } from './strangers.ts'

const SEEDS = 20

function bridge(own = 'bbbb'): Bridge {
  const all = new Bridge(own)
  for (const network of ['native', 'framed', 'mesh', 'tracker'] as const) all.open({ key: network, network })
  all.open({ key: 'line 1', network: 'line' })
  return all
}

const said = (between: Bridge) => between.takeOutputs().map(({ side, words: { name } }) => `${side}: ${name}`)

describe('a bridge', () => {
  test('says everything once to every other side, under a marked name', () => {
    const between = bridge()
    between.heard('tracker', words('hi'), 0)
    expect(said(between)).toEqual([
      'native: ann',
      'framed: ann (tracker)',
      'mesh: ann (tracker)',
      'line 1: ann (tracker)',
    ])
    for (const side of ['tracker', 'native', 'mesh']) between.heard(side, words('hi'), 1_000)
    expect(said(between)).toEqual([])
  })

  test('says its own user’s words by the bare name, other natives’ with a mark, strangers’ passed on by others with theirs', () => {
    const between = bridge()
    between.heard('native', words('mine', { from: 'native', author: 'bbbb', name: 'bob' }), 0)
    expect(said(between)[0]).toBe('framed: bob')
    between.heard('native', words('hers', { from: 'native', author: 'cccc', name: 'cleo' }), 0)
    expect(said(between)[0]).toBe('framed: cleo (hearsay)')
    between.heard('native', words('theirs', { from: 'mesh', bridge: 'cccc', name: 'mia' }), 0)
    expect(said(between)[0]).toBe('framed: mia (mesh)')
  })

  test('lets a fellow with a lower id go first, and says it itself when he does not', () => {
    const between = bridge('bbbb')
    for (const side of ['tracker', 'mesh']) between.fellows(side, ['aaaa', 'bbbb', 'cccc'])
    between.fellows('framed', [], ['aaaa', 'cccc'])
    between.heard('tracker', words('one'), 0)
    expect(said(between)).not.toContain('mesh: ann (tracker)')
    between.heard('mesh', words('one', { bridge: 'aaaa' }), 500)
    between.wake(HOLD_MS)
    expect(said(between)).toEqual([])
    between.heard('tracker', words('two'), 10_000)
    said(between)
    between.wake(10_000 + HOLD_MS)
    expect(said(between)).toEqual(['mesh: ann (tracker)'])
  })

  test('takes turns where others may be whom nobody knows, but not with its user’s own words', () => {
    const between = bridge()
    between.unsure('tracker', { place: 2, of: 3 })
    between.heard('native', words('ours', { from: 'native', author: 'bbbb' }), 0)
    expect(said(between)).toContain('tracker: ann')
    between.heard('mesh', words('hi', { from: 'mesh' }), 1_000)
    expect(said(between)).not.toContain('tracker: ann (mesh)')
    between.heard('tracker', words('hi', { from: 'mesh', bridge: 'cccc' }), 1_600)
    between.wake(5_000)
    expect(said(between)).toEqual([])
    between.heard('mesh', words('one', { from: 'mesh' }), 6_000)
    between.unsure('tracker', null)
    between.heard('mesh', words('two', { from: 'mesh' }), 6_100)
    said(between)
    between.wake(6_699)
    expect(said(between)).toEqual([])
    between.wake(6_700)
    expect(said(between)).toHaveLength(2)
    between.heard('mesh', words('three', { from: 'mesh' }), 9_000)
    expect(said(between)).toContain('tracker: ann (mesh)')
  })

  test('lets whoever of our kind may be on a tracker’s list go first, until he has not said it three times, and again when he comes anew', () => {
    const between = bridge('bbbb')
    between.fellows('native', ['aaaa'])
    const hear = (text: string, at: number): string[] => {
      between.heard('native', words(text, { from: 'native', author: 'nora' }), at)
      const now = said(between).filter((each) => each.startsWith('tracker'))
      between.wake(at + HOLD_MS)
      said(between)
      return now
    }
    for (const at of [1, 2, 3]) expect(hear(`${at} in vain`, at * 10_000)).toEqual([])
    expect(hear('at once', 40_000)).toHaveLength(1)
    between.fellows('native', [])
    between.fellows('native', ['aaaa'])
    expect(hear('again', 50_000)).toEqual([])
    between.fellows('tracker', [], ['aaaa'])
    expect(hear('not there', 60_000)).toHaveLength(1)
  })

  test('lets one whom it knows from the one side go first on a tracker’s, where nobody is known', () => {
    const between = bridge('bbbb')
    between.fellows('mesh', ['aaaa'])
    between.fellows('framed', [], ['aaaa'])
    between.heard('tracker', words('one'), 0)
    expect(said(between)).not.toContain('mesh: ann (tracker)')
    between.heard('mesh', words('one', { bridge: 'aaaa' }), 500)
    between.wake(HOLD_MS)
    expect(said(between)).toEqual([])
  })

  test('says what comes round where it may be another network, and not where its bridge is known to be', () => {
    const between = bridge('bbbb')
    between.fellows('framed', [], [], ['aaaa'])
    const round = (text: string) => words(text, { from: 'framed', bridge: 'aaaa' })
    between.heard('native', round('another network'), 0)
    between.wake(20_000)
    expect(said(between)).toContain('framed: ann (framed)')
    between.fellows('framed', ['aaaa'])
    between.heard('native', round('the same one'), 30_000)
    between.wake(50_000)
    expect(said(between)).not.toContain('framed: ann (framed)')
  })

  test('does not wait for ever for one who never says anything', () => {
    const between = bridge('bbbb')
    for (const side of ['tracker', 'mesh']) between.fellows(side, ['aaaa'])
    for (const at of [0, 1, 2]) {
      between.heard('tracker', words(`${at} in vain`), at * 10_000)
      between.wake(at * 10_000 + HOLD_MS)
    }
    said(between)
    between.heard('tracker', words('at once'), 40_000)
    expect(said(between)).toContain('mesh: ann (tracker)')
    between.heard('mesh', words('I am here', { bridge: 'aaaa' }), 50_000)
    said(between)
    between.heard('tracker', words('after him'), 60_000)
    expect(said(between)).not.toContain('mesh: ann (tracker)')
  })

  test('is not held up by one who claims to be a hundred others', () => {
    const between = bridge('ffff')
    for (let i = 100; i < 200; i++)
      between.heard('framed', words(`${i} I am one`, { from: 'framed', bridge: `a${i}` }), 0)
    between.wake(60_000)
    said(between)
    between.heard('framed', words('a real word', { from: 'framed' }), 100_000)
    between.wake(100_000 + 4 * HOLD_MS)
    expect(said(between).map((each) => each.split(':')[0]!)).toEqual(['native', 'mesh', 'line 1', 'tracker'])
  })

  test('leaves what is said as it begins to those who were there before, and not to who is as new', () => {
    const fellow = 'cccc'
    const saidAt = (act: (between: Bridge) => void): string[] => {
      const between = new Bridge('bbbb', 5_000 + LISTEN_FIRST_MS)
      for (const network of ['native', 'mesh'] as const) between.open({ key: network, network })
      between.heard('mesh', words('hi', { from: 'mesh' }), 5_500)
      for (const side of ['native', 'mesh']) between.fellows(side, [fellow])
      act(between)
      between.wake(5_999)
      expect(said(between)).toEqual([])
      between.wake(5_000 + LISTEN_FIRST_MS)
      return said(between)
    }
    // Who tells nothing of it, as older ones do not, was there before.
    expect(saidAt(() => {})).toEqual([])
    expect(saidAt((between) => between.introduced(fellow, 5_000, 5_500))).toEqual([])
    expect(saidAt((between) => between.introduced(fellow, 5_001, 5_500))).toEqual(['native: ann'])
    // Nor need we, where it is heard to have said it, and where somebody says that of us.
    const copy = words('hi', { from: 'mesh', bridge: fellow })
    expect(
      saidAt((between) => {
        between.introduced(fellow, 5_001, 5_500)
        between.heard('native', copy, 5_800)
      }),
    ).toEqual([])
    expect(saidAt((between) => between.introduced('bbbb', 5_000, 5_500))).toEqual([])
  })

  test('waits before it says something where it came from, in case it comes from there', () => {
    const between = bridge()
    between.heard('framed', words('round', { from: 'mesh', bridge: 'aaaa' }), 0)
    expect(said(between)).not.toContain('mesh: ann (framed)')
    between.heard('mesh', words('round', { from: 'mesh' }), 100)
    between.wake(10_000)
    expect(said(between)).not.toContain('mesh: ann (framed)')
  })

  test('takes words without an id under a marked name for an echo, as often as they were said', () => {
    const between = bridge()
    between.heard('framed', words('hi', { from: 'framed' }), 0)
    said(between)
    const echo = (origin: string) => words('hi', { origin, from: 'line', isExact: false, name: 'ann (framed)' })
    between.heard('line 1', echo('e1'), 100)
    expect(said(between)).toEqual([])
    between.heard('line 1', echo('e2'), 200)
    expect(said(between)).toEqual([])
    between.wake(2_000)
    expect(said(between).length).toBe(4)
  })

  test('waits for what words under a marked name are an echo of, which may come later by a longer way', () => {
    const between = bridge()
    const echo = words('hi', { origin: 'e1', from: 'line', isExact: false, name: 'nora (hearsay)' })
    between.heard('line 1', echo, 0)
    between.heard('native', words('hi', { from: 'native', author: 'nora', name: 'nora' }), 700)
    expect(said(between)).toHaveLength(4)
    between.wake(5_000)
    expect(said(between)).toEqual([])
  })

  test('knows words without an id by what they say, where another bridge has counted them otherwise', () => {
    const between = bridge('bbbb')
    between.fellows('mesh', ['aaaa'])
    between.fellows('framed', [], ['aaaa'])
    const direct = (origin: string) => words('ok', { origin, from: 'tracker' })
    const copy = (origin: string) => words('ok', { origin, from: 'tracker', bridge: 'aaaa' })
    between.heard('tracker', direct('once'), 0)
    said(between)
    between.heard('mesh', copy('twice'), 100)
    between.wake(HOLD_MS)
    expect(said(between)).toEqual([])
    // Said again, and the copy comes first.
    between.heard('mesh', copy('thrice'), 3_000)
    expect(said(between)).toContain('native: ann')
    between.heard('tracker', direct('the second time'), 3_100)
    between.wake(3_000 + 2 * HOLD_MS)
    expect(said(between)).toEqual([])
    between.heard('tracker', direct('the third time'), 4_700)
    expect(said(between)).toContain('native: ann')
  })

  test('drops what no room could read', () => {
    const between = bridge()
    for (let i = 0; i < 1_000; i++) between.heard('mesh', words(`${i} flood`), 0)
    expect(between.dropped).toBe(600)
    between.heard('mesh', words('later'), 10_000)
    expect(said(between)).toContain('native: ann')
  })
})

interface Said {
  readonly text: string
  readonly by: Party
  readonly atMs: number
}

/** Somebody says something now and then, for two minutes. */
function talk(networks: Networks, seed: number, fromMs = 0): Said[] {
  const rng = seededRng(seed + 1_000_000)
  const all: Said[] = []
  for (let i = 0; i < 60; i++) {
    const by = networks.parties[rng.below(networks.parties.length)]!
    const said = { text: `${by.name} ${i}`, by, atMs: fromMs + rng.below(120_000) }
    networks.time.at(said.atMs, () => networks.say(by, said.text))
    all.push(said)
  }
  return all
}

function allKinds(seed: number, bridges: number): Networks {
  const networks = new Networks(seed)
  networks.network('native', 'native', ['nora', 'nils'])
  networks.network('framed', 'framed', ['fred', 'fay'])
  networks.network('mesh', 'mesh', ['mia', 'max'])
  networks.network('tracker', 'tracker', ['tom', 'tim'])
  for (let i = 0; i < bridges; i++) {
    networks.network(`line ${i}`, 'line', [`lou${i}`])
    networks.hearsay(`${String.fromCharCode(97 + i)}000`, ['native', 'framed', 'mesh', 'tracker', `line ${i}`])
  }
  return networks
}

function wrongCounts(networks: Networks, all: readonly Said[]): string[] {
  return all.flatMap(({ text, by, atMs }) => {
    const counts = networks.counts(text, by)
    return counts.every((count) => count === 1) ? [] : [`${text} at ${atMs}: ${counts.join(' ')}`]
  })
}

describe('all five kinds at once', () => {
  test.each([1, 2, 3])('around %d bridges, each sees each message once', (bridges) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const networks = allKinds(seed, bridges)
      const all = talk(networks, seed)
      networks.time.pass(180_000)
      expect({ seed, wrong: wrongCounts(networks, all) }).toEqual({ seed, wrong: [] })
    }
  })

  test('one of three bridges dies: only what was said in its last seconds may be seen twice or be lost with its line', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const networks = allKinds(seed, 3)
      const all = talk(networks, seed)
      const dead = seed % 3
      networks.time.at(60_000, () => networks.kill(networks.hearsays[dead]!))
      networks.time.pass(180_000)
      const alone = `lou${dead}`
      const rest = all.filter(({ by, atMs }) => by.name !== alone && (atMs < 53_000 || atMs > 61_000))
      const wrong = rest.filter(({ text, by, atMs }) => {
        const others = networks.parties.filter((party) => party !== by && !(party.name === alone && atMs > 53_000))
        return others.some((party) => party.seen.get(text) !== 1)
      })
      expect({ seed, wrong }).toEqual({ seed, wrong: [] })
    }
  })

  test('between networks of their own and ones they share, nothing goes round', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const networks = new Networks(seed)
      networks.network('native 1', 'native', ['nora'])
      networks.network('native 2', 'native', ['nils'])
      networks.network('framed', 'framed', ['fred'])
      networks.network('mesh', 'mesh', ['mia'])
      networks.network('line', 'line', [])
      networks.hearsay('a000', ['native 1', 'framed', 'mesh', 'line'])
      networks.hearsay('b000', ['native 2', 'framed', 'mesh', 'line'])
      const all = talk(networks, seed)
      networks.time.pass(180_000)
      // Two bridges and five networks: each would pass on to four, were none of it already there.
      expect(networks.copies).toBeLessThanOrEqual(all.length * 8)
      const lost = all.filter(({ text, by }) => networks.counts(text, by).some((count) => count === 0))
      expect({ seed, lost }).toEqual({ seed, lost: [] })
    }
  })

  test('nobody is seen under a name of our own kind', () => {
    const networks = allKinds(1, 2)
    talk(networks, 1)
    networks.time.pass(180_000)
    const native = networks.parties.find(({ name }) => name === 'nora')!
    for (const name of native.names) if (name !== 'nils') expect(name).toMatch(/ \((framed|mesh|tracker|line)\)$/)
  })
})

describe.each(SHARED.map((kinds) => [kinds.join(' and '), kinds] as const))(
  'bridges that only share %s',
  (_, kinds) => {
    test.each([2, 3])('%d that begin together: whoever speaks first, everybody sees it once', (bridges) => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const networks = strangers(seed, kinds, Array(bridges).fill(0))
        const all = talk(networks, seed, 1_500)
        networks.time.pass(180_000)
        expect({ seed, wrong: wrongCounts(networks, all) }).toEqual({ seed, wrong: [] })
      }
    })

    test('one that comes while people talk: nobody sees anything twice', () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const networks = strangers(seed, kinds, [0, 1 + ((seed * 1_733) % 60_000)])
        const all = talk(networks, seed, 1_500)
        networks.time.pass(180_000)
        const twice = all.filter(({ text, by }) => networks.counts(text, by).some((count) => count > 1))
        expect({ seed, twice: twice.map(({ text, atMs }) => [text, atMs]) }).toEqual({ seed, twice: [] })
      }
    })

    test('what is said again is seen as often, also by those whose bridge came in between', () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const networks = strangers(seed, kinds, [0, 18_000])
        const [by] = networks.parties.slice(-2 * 2 - 2).filter(({ net }) => net === kinds.at(-1))
        const rng = seededRng(seed)
        const times = [5_000, 12_000, 17_000, 26_000, 33_000, 41_000].map((atMs) => atMs + rng.below(3_000))
        for (const atMs of times) networks.time.at(atMs, () => networks.say(by!, 'ok'))
        networks.time.pass(100_000)
        const others = networks.parties.filter((party) => party !== by && kinds.some((kind) => kind === party.net))
        const wrong = others
          .map(({ name, seen }) => [name, seen.get('ok')])
          .filter(([, count]) => count !== times.length)
        expect({ seed, wrong }).toEqual({ seed, wrong: [] })
      }
    })
  },
)
