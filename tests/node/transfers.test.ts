import { describe, expect, test } from 'bun:test'
import { ByteWriter, joinBytes, toHex } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { agreementKeyFromSecret } from '../../src/crypto/agree.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import { FRAMES_PER_S_MAX } from '../../src/node/transfer-link.ts'
import { Transfers, type TransfersOutput } from '../../src/node/transfers.ts'
import { LEAF_BYTES } from '../../src/wire/content.ts'
import { beginFrame, endFrame } from '../../src/wire/frame.ts'
import { GREETING } from '../../src/wire/magic.ts'
import { TRANSFER_RECORD_BYTES_MAX } from '../../src/wire/transfer.ts'
import { Content } from '../core/transfer/swarm.ts'

const HOST = { host: '192.0.2.1', port: 1 }

const identityOf = (seed: number) => ({
  signing: signingKeyFromSeed(new Uint8Array(32).fill(seed)),
  agreement: agreementKeyFromSecret(new Uint8Array(32).fill(seed)),
  linkStatic: agreementKeyFromSecret(new Uint8Array(32).fill(seed)),
})
const keyOf = (seed: number) => toHex(identityOf(seed).signing.publicKey)
const machine = (seed: number) => new Transfers(identityOf(seed), (n) => seededRng(seed).bytes(n), seededRng(seed))

/** Carries bytes both ways between a machine that dialled and one that accepted, until nothing more comes. */
function carry(one: Transfers, oneLink: number, other: Transfers, otherLink: number, nowMs = 0): TransfersOutput[] {
  const outputs: TransfersOutput[] = []
  for (let moved = true; moved; ) {
    moved = false
    for (const [from, link, to, toLink] of [
      [one, oneLink, other, otherLink],
      [other, otherLink, one, oneLink],
    ] as const) {
      for (let bytes = from.pull(link, nowMs); bytes !== null; bytes = from.pull(link, nowMs)) {
        to.received(toLink, bytes, nowMs)
        while (to.hasWaiting) to.proceed(nowMs)
        moved = true
      }
      outputs.push(...from.takeOutputs())
    }
  }
  return outputs
}

function linked(expected = keyOf(2)) {
  const [one, other] = [machine(1), machine(2)]
  one.dial(expected, HOST)
  const [dial] = one.takeOutputs()
  const oneLink = one.dialled(dial?.kind === 'dial' ? dial.attempt : 0, HOST, 0)!
  const otherLink = other.accepted(HOST, 0)!
  return { one, other, oneLink, otherLink, outputs: carry(one, oneLink, other, otherLink) }
}

const closes = (outputs: readonly TransfersOutput[]) => outputs.filter(({ kind }) => kind === 'close')

describe('a link for files', () => {
  test('is up when both have proved who they are', () => {
    const { outputs } = linked()
    expect(outputs.filter(({ kind }) => kind === 'linked')).toEqual([
      { kind: 'linked', key: keyOf(2), link: 1 },
      { kind: 'linked', key: keyOf(1), link: 1 },
    ])
  })

  test('is none where somebody else is there than was to be', () => {
    const { outputs } = linked(keyOf(3))
    expect(closes(outputs)).toEqual([{ kind: 'close', link: 1, abort: true }])
    expect(outputs.some((output) => output.kind === 'linked' && output.key === keyOf(2))).toBe(false)
  })

  test.each([
    ['the greeting of talk', GREETING],
    ['HTTP', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n')],
    ['zeros', new Uint8Array(100)],
  ])('ends when it is greeted with %s', (_, bytes) => {
    const transfers = machine(1)
    const link = transfers.accepted(HOST, 0)!
    transfers.received(link, bytes, 0)
    expect(closes(transfers.takeOutputs())).toHaveLength(1)
  })

  test('on which nothing is said for ten seconds ends, and one on which nothing is open after a minute', () => {
    const transfers = machine(1)
    transfers.accepted(HOST, 0)
    transfers.wake(9_000)
    expect(transfers.takeOutputs()).toEqual([])
    transfers.wake(transfers.nextWakeMs()! + 2_000)
    expect(closes(transfers.takeOutputs())).toHaveLength(1)
    const { one } = linked()
    for (let nowMs = 0; nowMs < 59_000; nowMs += 2_000) one.wake(nowMs)
    expect(one.takeOutputs()).toEqual([])
    for (let nowMs = 60_000; nowMs < 66_000; nowMs += 2_000) one.wake(nowMs)
    expect(closes(one.takeOutputs())).toHaveLength(1)
    expect(one.nextWakeMs()).toBeNull()
  })

  test('on which something is open ends when nothing has come over it for five minutes', () => {
    const { one, other, oneLink, otherLink } = linked()
    const content = new Content(3 * 65_536)
    other.exchange.serve(content.root, { shape: content.shape, here: null, pieces: null, allows: () => true })
    one.exchange.fetch(content.root, content.shape.size, () => true)
    one.exchange.tryAt(content.root, oneLink)
    carry(one, oneLink, other, otherLink)
    // From here on the one is gone, and nobody says so.
    for (let nowMs = 0; nowMs <= 298_000; nowMs += 2_000) other.wake(nowMs)
    expect(closes(other.takeOutputs())).toEqual([])
    other.wake(300_000)
    expect(closes(other.takeOutputs())).toEqual([{ kind: 'close', link: otherLink, abort: true }])
  })

  test('is refused where there are too many, from one place sooner than from all', () => {
    const transfers = machine(1)
    const from = (host: string) => transfers.accepted({ host, port: 1 }, 0)
    for (let i = 0; i < 8; i++) expect(from('192.0.2.1')).not.toBeNull()
    expect(from('192.0.2.1')).toBeNull()
    for (let i = 0; i < 56; i++) expect(from(`198.51.100.${i}`)).not.toBeNull()
    expect(from('203.0.113.1')).toBeNull()
  })

  test('ends at the header of a record that is too long, and at one that stops in the middle', () => {
    const long = linked()
    const header = new Uint8Array(4)
    new DataView(header.buffer).setUint32(0, TRANSFER_RECORD_BYTES_MAX + 17)
    long.one.received(long.oneLink, header, 0)
    expect(closes(long.one.takeOutputs())).toHaveLength(1)
    const halfway = linked()
    halfway.one.received(halfway.oneLink, Uint8Array.of(0, 1, 0, 0, 7, 7), 1_000)
    for (let nowMs = 2_000; nowMs < 30_000; nowMs += 2_000) halfway.one.wake(nowMs)
    expect(halfway.one.takeOutputs()).toEqual([])
    halfway.one.wake(32_000)
    expect(closes(halfway.one.takeOutputs())).toHaveLength(1)
  })
})

describe('a peer who is reached through others', () => {
  const CAROL = 'ca'.repeat(32)

  /** A link between the two: through others, or not. */
  function join(one: Transfers, other: Transfers, through: string | null): TransfersOutput[] {
    if (through === null) one.dial(keyOf(2), HOST)
    else one.call(keyOf(2))
    const [begun] = one.takeOutputs()
    if (begun?.kind !== 'dial' && begun?.kind !== 'call') throw new Error('nothing was begun')
    const oneLink = one.dialled(begun.attempt, HOST, 0, through)!
    return carry(one, oneLink, other, other.accepted(HOST, 0, through)!)
  }

  test('is called once, also while he is being dialled, and not when he is linked', () => {
    const one = machine(1)
    one.dial(keyOf(2), HOST)
    one.call(keyOf(2))
    one.call(keyOf(2))
    expect(one.takeOutputs()).toEqual([
      { kind: 'dial', attempt: 1, address: HOST },
      { kind: 'call', attempt: 2, key: keyOf(2) },
    ])
    const linked = machine(1)
    join(linked, machine(2), null)
    linked.call(keyOf(2))
    expect(linked.takeOutputs()).toEqual([])
  })

  test('is dialled all the same, and a direct link takes the place of the other on both sides', () => {
    const [one, other] = [machine(1), machine(2)]
    expect(join(one, other, CAROL).filter(({ kind }) => kind === 'linked')).toHaveLength(2)
    expect([one.isDirect(keyOf(2)), one.linksTo(keyOf(2)).map((link) => one.throughOf(link))]).toEqual([false, [CAROL]])
    const outputs = join(one, other, null)
    expect(outputs.filter(({ kind }) => kind === 'close')).toHaveLength(2)
    for (const [each, key] of [
      [one, keyOf(2)],
      [other, keyOf(1)],
    ] as const) {
      expect(each.isDirect(key)).toBe(true)
      expect(each.linksTo(key).map((link) => each.throughOf(link))).toEqual([null])
    }
  })

  test('gets no second link through others beside a direct one', () => {
    const [one, other] = [machine(1), machine(2)]
    one.call(keyOf(2))
    const [begun] = one.takeOutputs()
    join(one, other, null)
    const oneLink = one.dialled(begun?.kind === 'call' ? begun.attempt : 0, HOST, 0, CAROL)!
    carry(one, oneLink, other, other.accepted(HOST, 0, CAROL)!)
    expect(one.linksTo(keyOf(2)).map((link) => one.throughOf(link))).toEqual([null])
  })
})

describe('on a link for files', () => {
  const content = new Content(300_000)
  const served = { shape: content.shape, here: null, pieces: null, allows: (key: string) => key === keyOf(1) }

  /** One that fetches the content from another that gives it, up to its first questions. */
  function fetching(serving = served) {
    const pair = linked()
    pair.other.exchange.serve(content.root, serving)
    pair.one.exchange.fetch(content.root, content.bytes.length, () => true)
    pair.one.exchange.tryAt(content.root, pair.oneLink)
    return { ...pair, outputs: carry(pair.one, pair.oneLink, pair.other, pair.otherLink) }
  }

  test('what may be had is read for whom it may be had by', () => {
    const { outputs } = fetching()
    expect(outputs.filter(({ kind }) => kind === 'read')).toMatchObject([{ wanted: { level: 0, index: 0 } }])
  })

  test('what is not for somebody is refused, and so is what has another size or is not there', () => {
    const { outputs } = fetching({ ...served, allows: () => false })
    expect(outputs).toContainEqual({ kind: 'refused', root: toHex(content.root), key: keyOf(2), code: 2 })
    const pair = linked()
    pair.one.exchange.fetch(content.root, 5, () => true)
    pair.other.exchange.serve(content.root, served)
    pair.one.exchange.tryAt(content.root, pair.oneLink)
    const other = carry(pair.one, pair.oneLink, pair.other, pair.otherLink)
    expect(other).toContainEqual({ kind: 'refused', root: toHex(content.root), key: keyOf(2), code: 1 })
  })

  test('a peer that floods it with short frames is hung up on, and one that sends as many in a while is not', () => {
    for (const [overMs, ends] of [
      [0, true],
      [5_000, false],
    ] as const) {
      const { one, other, oneLink, otherLink } = linked()
      const sealer = Reflect.get(Reflect.get(one, 'links').get(oneLink), 'sealer')
      const out = new ByteWriter()
      for (let i = 0; i < 1_000; i++) {
        const at = beginFrame(out, 0x44)
        out.varint(1).varint(0).u8(1)
        endFrame(out, at)
      }
      const records = FRAMES_PER_S_MAX / 1_000 + 2
      for (let i = 0; i < records; i++) {
        other.received(otherLink, sealer.sealRecord(out.view()), Math.floor((overMs * i) / records))
      }
      expect(closes(other.takeOutputs())).toHaveLength(ends ? 1 : 0)
    }
  })

  test('a frame of a kind that is not known yet is skipped, a broken one of a known kind ends it', () => {
    for (const [type, ends] of [
      [0x5e, false],
      [0x42, true],
    ] as const) {
      const { one, other, oneLink, otherLink } = linked()
      const out = new ByteWriter()
      const at = beginFrame(out, type)
      out.u8(0)
      endFrame(out, at)
      // What a peer with other ideas would seal.
      const sealer = Reflect.get(Reflect.get(one, 'links').get(oneLink), 'sealer')
      other.received(otherLink, sealer.sealRecord(out.view()), 0)
      expect(closes(other.takeOutputs())).toHaveLength(ends ? 1 : 0)
    }
  })
})

describe('what is long', () => {
  const LEAVES = 12
  const content = new Content(LEAVES * LEAF_BYTES)

  /** One that fetches a content, and what the other has sealed for it: records of leaves, one after the other. */
  function answered() {
    const pair = linked()
    const { one, other, oneLink, otherLink } = pair
    other.exchange.serve(content.root, { shape: content.shape, here: null, pieces: null, allows: () => true })
    one.exchange.fetch(content.root, content.bytes.length, () => true)
    one.exchange.tryAt(content.root, oneLink)
    const records: Uint8Array[] = []
    let asked = carry(one, oneLink, other, otherLink)
    while (asked.length > 0) {
      for (const output of asked) {
        if (output.kind !== 'read') continue
        const { wanted } = output
        const page = content.pages.get(0)!
        other.exchange.read(
          wanted.ticket,
          ('first' in wanted ? content.run(wanted.first, wanted.count) : page).slice(),
          0,
        )
      }
      for (let bytes = other.pull(otherLink, 0); bytes !== null; bytes = other.pull(otherLink, 0)) {
        if (other.isLong(bytes)) records.push(bytes)
        else one.received(oneLink, bytes, 0)
      }
      for (let bytes = one.pull(oneLink, 0); bytes !== null; bytes = one.pull(oneLink, 0))
        other.received(otherLink, bytes, 0)
      asked = other.takeOutputs()
    }
    one.takeOutputs()
    return { ...pair, records }
  }

  const stores = (outputs: readonly TransfersOutput[]) => outputs.filter(({ kind }) => kind === 'store').length

  test('is opened a record at a time, and what is said behind it after that', () => {
    const { one, oneLink, records } = answered()
    expect(records.length).toBeGreaterThan(1)
    one.received(oneLink, joinBytes(records), 0)
    for (let opened = 0; opened < records.length; opened++) {
      expect(stores(one.takeOutputs())).toBe(0)
      expect(one.hasWaiting).toBe(true)
      one.proceed(0)
      expect(stores(one.takeOutputs())).toBe(1)
    }
    expect(one.hasWaiting).toBe(false)
  })

  test('is opened at once where more of it waits than a mebibyte, and where the link has ended', () => {
    const ended = answered()
    ended.one.received(ended.oneLink, joinBytes(ended.records), 0)
    ended.one.closed(ended.oneLink, 'closed the connection', 0)
    expect(stores(ended.one.takeOutputs())).toBe(ended.records.length)
    const flooded = answered()
    const sealer = Reflect.get(Reflect.get(flooded.other, 'links').get(flooded.otherLink), 'sealer')
    flooded.one.received(flooded.oneLink, joinBytes(flooded.records), 0)
    const out = new ByteWriter()
    const at = beginFrame(out, 0x5e)
    out.bytes(new Uint8Array(200_000))
    endFrame(out, at)
    for (let i = 0; i < 20; i++) flooded.one.received(flooded.oneLink, sealer.sealRecord(out.view()), 0)
    const waiting = Reflect.get(flooded.one, 'links').get(flooded.oneLink).inboxBytes
    expect(waiting).toBeGreaterThan(0)
    expect(waiting).toBeLessThanOrEqual(1024 * 1024)
    expect(stores(flooded.one.takeOutputs())).toBe(flooded.records.length)
  })

  test('is opened at once where what follows it comes in more parts than sixty-four', () => {
    const { one, other, oneLink, otherLink, records } = answered()
    const sealer = Reflect.get(Reflect.get(other, 'links').get(otherLink), 'sealer')
    one.received(oneLink, joinBytes(records), 0)
    const out = new ByteWriter()
    const at = beginFrame(out, 0x5e)
    out.bytes(new Uint8Array(5_000))
    endFrame(out, at)
    let most = 0
    for (const byte of sealer.sealRecord(out.view())) {
      one.received(oneLink, Uint8Array.of(byte), 0)
      most = Math.max(most, Reflect.get(one, 'links').get(oneLink).inbox.length)
    }
    expect(most).toBe(64)
    expect(stores(one.takeOutputs())).toBe(records.length)
    while (one.hasWaiting) one.proceed(0)
    expect(closes(one.takeOutputs())).toEqual([])
    expect(Reflect.get(one, 'links').get(oneLink).inbox).toEqual([])
  })

  test('is opened by turns where it comes over several links', () => {
    const [one, two, three] = [machine(1), machine(2), machine(3)]
    const through = [two, three].map((other, i) => {
      one.dial(keyOf(i + 2), HOST)
      const [dial] = one.takeOutputs()
      const link = one.dialled(dial?.kind === 'dial' ? dial.attempt : 0, HOST, 0)!
      const theirs = other.accepted(HOST, 0)!
      carry(one, link, other, theirs)
      return { link, sealer: Reflect.get(Reflect.get(other, 'links').get(theirs), 'sealer') }
    })
    const out = new ByteWriter()
    const at = beginFrame(out, 0x5e)
    out.bytes(new Uint8Array(200_000))
    endFrame(out, at)
    for (const { link, sealer } of through) {
      one.received(link, joinBytes([sealer.sealRecord(out.view()), sealer.sealRecord(out.view())]), 0)
    }
    const left = () => through.map(({ link }) => Reflect.get(one, 'links').get(link).inbox.length)
    const bytesLeft = () => through.map(({ link }) => Reflect.get(one, 'links').get(link).inboxBytes > 300_000)
    expect(bytesLeft()).toEqual([true, true])
    one.proceed(0)
    one.proceed(0)
    expect(bytesLeft()).toEqual([false, false])
    one.proceed(0)
    one.proceed(0)
    expect(left()).toEqual([0, 0])
  })
})
