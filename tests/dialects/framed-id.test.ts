import { describe, expect, test } from 'bun:test'
import { formatAddress } from '../../src/base/address.ts'
import { seededRng } from '../../src/base/rng.ts'
import { encodeFrame, FrameReader } from '../../src/dialects/framed/frames.ts'
import { FramedMachine, type VoiceEars } from '../../src/dialects/framed/machine.ts'
import { hostAsSeen, OwnId } from '../../src/dialects/framed/own-id.ts'
import { parseObject } from '../../src/dialects/json.ts'

const LOOPBACK = { host: '127.0.0.1', port: 8_080 }
const US = '00000000000000aa'

/** One of ours whose links are made by hand, each with the address by which it leaves the machine. */
class Bench {
  readonly joined: string[] = []
  private readonly rng = seededRng(3)
  private readonly said = new Map<number, { [member: string]: unknown }[]>()
  private readonly troubles: string[] = []
  readonly machine: FramedMachine
  anew = 0

  constructor(id = LOOPBACK, isIdSure = false) {
    const ears: VoiceEars = {
      joined: (there, _, room, udp) => void this.joined.push(`${there} in ${room} at ${formatAddress(udp)}`),
      left() {},
      calledAnew: () => void this.anew++,
    }
    const common = { name: 'Ulla', bridge: US, connect: [], randomBytes: this.rng.bytes, wallMs: () => 0, aheadMs: 0 }
    this.machine = new FramedMachine({ id, isIdSure, ...common }, ears)
    this.machine.start(0)
  }

  /** Somebody comes, and has said hello. */
  link(number: number, local: string, from: string, remote = '192.0.2.99'): void {
    this.machine.opened(number, { host: remote, port: 40_000 }, null, 0, local)
    this.hears(number, { id: `hello ${number}`, type: 'hello', from, username: 'x' })
  }

  hears(link: number, message: object): void {
    this.machine.received(link, encodeFrame(message), 0)
  }

  /** What was said over a link since the last look. */
  heard(link: number): { [member: string]: unknown }[] {
    for (const output of this.machine.takeOutputs()) {
      if (output.kind === 'trouble') this.troubles.push(output.code)
      if (output.kind !== 'send') continue
      for (const frame of new FrameReader().push(output.bytes)) {
        if (!('body' in frame)) continue
        const all = this.said.get(output.link) ?? []
        this.said.set(output.link, [...all, parseObject(new TextDecoder().decode(frame.body))!])
      }
    }
    const all = this.said.get(link) ?? []
    this.said.delete(link)
    return all
  }

  troubled(code: string): boolean {
    this.heard(-1)
    return this.troubles.includes(code)
  }
}

describe('what we are called in the framed network', () => {
  test('is the address by which the first link leaves the machine, and stays that', () => {
    const bench = new Bench()
    bench.link(1, '10.0.0.1', '10.0.0.2:1')
    bench.link(2, '192.168.7.1', '192.168.7.2:1')
    expect(bench.heard(1)[0]).toMatchObject({ type: 'hello', from: '10.0.0.1:8080' })
    expect(bench.heard(2)[0]).toMatchObject({ type: 'hello', from: '10.0.0.1:8080' })
    expect(bench.machine.ownId).toBe('10.0.0.1:8080')
  })

  test('is ours alone where those on our machine came first, once somebody from beyond comes', () => {
    const bench = new Bench()
    bench.link(1, '127.0.0.1', '127.0.0.1:5001', '127.0.0.1')
    expect(bench.heard(1)[0]).toMatchObject({ from: '127.0.0.1:8080' })
    bench.machine.voiceState('general', 9_080, 0)
    expect(bench.heard(1)).toMatchObject([{ type: 'voice_join', from: '127.0.0.1:8080', udp_host: '127.0.0.1' }])
    bench.link(2, '10.0.0.1', '10.0.0.2:1')
    expect(bench.heard(1)).toMatchObject([
      { type: 'voice_leave', from: '127.0.0.1:8080' },
      { type: 'voice_join', from: '10.0.0.1:8080', udp_host: '10.0.0.1', udp_port: 9_080 },
    ])
    expect(bench.anew).toBe(1)
    bench.link(3, '10.9.9.9', '10.9.9.8:1')
    expect(bench.heard(1)).toEqual([])
    expect(bench.anew).toBe(1)
  })

  test('is fixed by nobody who has not said hello, whatever else came from there', () => {
    const bench = new Bench()
    bench.machine.opened(1, { host: '192.0.2.66', port: 40_000 }, null, 0, '10.6.6.6')
    bench.machine.received(1, Uint8Array.of(0), 0)
    expect(bench.machine.ownId).toBe('127.0.0.1:8080')
    bench.link(2, '10.0.0.1', '10.0.0.2:1')
    expect(bench.machine.ownId).toBe('10.0.0.1:8080')
  })

  test('is told in our hello to whom we dial, and holds once they have said theirs, by whatever link that is', () => {
    const bench = new Bench()
    const wanted = { host: '10.0.0.2', port: 1 }
    bench.machine.connect(wanted, 0)
    bench.machine.opened(1, wanted, 1, 0, '10.0.0.1')
    expect(bench.heard(1)).toMatchObject([{ type: 'hello', from: '10.0.0.1:8080' }])
    expect(bench.machine.ownId).toBe('127.0.0.1:8080')
    bench.link(2, '192.168.7.1', '192.168.7.2:1')
    expect(bench.heard(2)[0]).toMatchObject({ type: 'hello', from: '10.0.0.1:8080' })
  })

  test('is not what we told somebody whom we dialled and who never said hello', () => {
    const bench = new Bench()
    const wanted = { host: '10.0.0.2', port: 1 }
    bench.machine.connect(wanted, 0)
    bench.machine.opened(1, wanted, 1, 0, '10.0.0.1')
    bench.machine.closed(1, 'closed the connection', 0)
    bench.link(2, '192.168.7.1', '192.168.7.2:1')
    expect(bench.machine.ownId).toBe('192.168.7.1:8080')
  })

  test('says nothing of links that lead nowhere else: link-local addresses, loopback, none', () => {
    for (const local of ['', 'fe80::1', '169.254.3.4', '::1', '127.0.0.1']) {
      const bench = new Bench()
      bench.link(1, local, '10.0.0.2:1')
      expect(bench.machine.ownId).toBe('127.0.0.1:8080')
    }
  })

  test('is the address that was asked for, where that is one, whatever links there are; a name gives way to one', () => {
    const own = new OwnId({ host: '192.0.2.7', port: 1 }, true)
    expect(own.linked('10.0.0.1')).toBe(false)
    expect(own.text).toBe('192.0.2.7:1')
    const named = new OwnId({ host: 'localhost', port: 1 }, false)
    expect(named.linked('2001:DB8::1')).toBe(true)
    expect(named.text).toBe('[2001:db8::1]:1')
    expect(named.linked('2001:db8::2')).toBe(false)
  })

  test('does not make us take another one for ourselves who is called the same', () => {
    const bench = new Bench()
    bench.link(1, '127.0.0.1', '127.0.0.1:8080')
    bench.hears(1, {
      id: 'm',
      type: 'chat',
      from: '127.0.0.1:8080',
      username: 'Bo',
      room: 'general',
      msg: 'hi',
      ttl: 5,
    })
    expect(bench.machine.takeOutputs().filter(({ kind }) => kind === 'words')).toMatchObject([
      { words: { text: 'hi' } },
    ])
    const other = new Bench()
    other.link(1, '127.0.0.1', '127.0.0.1:8080')
    expect(other.troubled('framed-namesake')).toBe(true)
  })

  test('or ourselves for another one: who dials itself is hung up on, and our own words do not come back', () => {
    const bench = new Bench()
    bench.link(1, '10.0.0.1', '10.0.0.2:1')
    const [hello] = bench.heard(1)
    bench.machine.opened(2, LOOPBACK, null, 0, '10.0.0.1')
    bench.hears(2, hello!)
    expect(bench.machine.takeOutputs()).toContainEqual({ kind: 'hang-up', link: 2, abort: true })
    const own = { id: 'old', bridge: US, from: 'native' }
    const member = { hearsay: { ...own, id: 'a'.repeat(32) } }
    bench.hears(1, {
      id: 'old',
      type: 'chat',
      from: 'x',
      username: 'U',
      room: 'general',
      msg: 'mine',
      ttl: 5,
      ...member,
    })
    expect(bench.machine.takeOutputs().filter(({ kind }) => kind === 'words')).toEqual([])
  })
})

describe('where others hear', () => {
  const join = (from: string, udp_host: string, id = 'j') => {
    return { id, type: 'voice_join', from, username: 'Ann', room: 'general', udp_host, udp_port: 6_001, ttl: 5 }
  }

  test('each link is told by the address it leaves by', () => {
    const bench = new Bench()
    bench.link(1, '10.0.0.1', '10.0.0.2:1')
    bench.link(2, '192.168.7.1', '192.168.7.2:1')
    bench.link(3, '127.0.0.1', '127.0.0.1:5001', '127.0.0.1')
    for (const link of [1, 2, 3]) bench.heard(link)
    bench.machine.voiceState('general', 9_080, 0)
    const told = [1, 2, 3].map((link) => bench.heard(link)[0])
    expect(told.map((each) => each?.['udp_host'])).toEqual(['10.0.0.1', '192.168.7.1', '10.0.0.1'])
    expect(new Set(told.map((each) => each?.['from'])).size).toBe(1)
    expect(new Set(told.map((each) => each?.['id'])).size).toBe(1)
  })

  test('and those on our own machine by an address, though what we listen at was a name', () => {
    const bench = new Bench({ host: 'localhost', port: 8_080 })
    bench.link(1, '127.0.0.1', '127.0.0.1:5001', '127.0.0.1')
    expect(bench.heard(1)).toMatchObject([{ from: 'localhost:8080' }])
    bench.machine.voiceState('general', 9_080, 0)
    expect(bench.heard(1)).toMatchObject([{ from: 'localhost:8080', udp_host: '127.0.0.1' }])
  })

  test('a neighbour that listens everywhere, or does not say where, hears where it is, and those behind us are told so', () => {
    for (const host of ['0.0.0.0', '::', '127.0.0.1']) {
      const bench = new Bench()
      bench.link(1, '10.0.0.1', `${host}:5001`, '10.0.0.2')
      bench.link(2, '10.0.0.1', '10.0.0.3:5001', '10.0.0.3')
      bench.heard(2)
      bench.hears(1, join(`${host}:5001`, host))
      expect(bench.joined).toEqual([`${host}:5001 in general at 10.0.0.2:6001`])
      expect(bench.heard(2)).toMatchObject([{ type: 'voice_join', from: `${host}:5001`, udp_host: '10.0.0.2', ttl: 4 }])
    }
  })

  test('what somebody further off says is left as it is, and so is what is said on our own machine', () => {
    const bench = new Bench()
    bench.link(1, '10.0.0.1', '10.0.0.2:5001', '10.0.0.2')
    bench.hears(1, join('10.0.0.9:1', '10.0.0.9'))
    bench.link(2, '127.0.0.1', '127.0.0.1:5001', '127.0.0.1')
    bench.hears(2, join('127.0.0.1:5001', '127.0.0.1', 'k'))
    expect(bench.joined).toEqual([
      '10.0.0.9:1 in general at 10.0.0.9:6001',
      '127.0.0.1:5001 in general at 127.0.0.1:6001',
    ])
    expect(hostAsSeen('ann.example', '10.0.0.2')).toBe('ann.example')
  })
})

test('whom a link told of in voice is told of as its, and that it ended', () => {
  const told: string[] = []
  const ears: VoiceEars = {
    joined: (there, _name, _room, _udp, _bridge, link) => void told.push(`${there} by ${link}`),
    left() {},
    toldToo: (there, link) => void told.push(`${there} also by ${link}`),
    linkBegan: (link, neighbour) => void told.push(`${link} with ${neighbour}`),
    linkEnded: (link) => void told.push(`${link} ended`),
  }
  const common = { name: 'Ulla', bridge: US, connect: [], randomBytes: seededRng(3).bytes, wallMs: () => 0, aheadMs: 0 }
  const machine = new FramedMachine({ id: LOOPBACK, ...common }, ears)
  machine.start(0)
  const head = { type: 'voice_join', id: 'j', from: '10.0.0.9:1', username: 'Ann', room: 'general' }
  for (const link of [1, 2]) {
    machine.opened(link, { host: '10.0.0.2', port: link }, null, 0, '10.0.0.1')
    for (const message of [
      { id: `h${link}`, type: 'hello', from: `10.0.0.2:${link}`, username: 'x' },
      { ...head, udp_host: '10.0.0.9', udp_port: 6_001, ttl: 5 },
    ])
      machine.received(link, encodeFrame(message), 0)
  }
  machine.closed(1, 'closed the connection', 0)
  const [first, second] = ['1 with 10.0.0.2:1', '2 with 10.0.0.2:2']
  expect(told).toEqual([first, '10.0.0.9:1 by 1', second, '10.0.0.9:1 also by 2', '1 ended'])
})
