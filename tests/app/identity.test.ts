import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { identityFile, loadIdentity } from '../../src/app/identity.ts'
import { readIdentity, writeIdentity } from '../../src/app/identity-text.ts'
import { startRacer } from './identity-processes.ts'

const SEED = Uint8Array.from({ length: 32 }, (_, index) => index * 7)
const seeded = () => SEED.slice()
const never = (): Uint8Array => {
  throw new Error('nothing random is needed where an identity is kept')
}

let root: string
let folders = 0

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hearsay-identity-'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** A folder that is not there yet. */
const fresh = () => join(root, `${++folders}`, 'hearsay')

function keep(folder: string, text: string | Uint8Array, mode = 0o600): string {
  mkdirSync(folder, { recursive: true })
  const path = identityFile(folder)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

function fault(folder: string): { code: string; message: string } {
  const loaded = loadIdentity(folder, never)
  if (loaded.ok) throw new Error('accepted')
  expect(loaded.exit).toBe(4)
  expect(loaded.message).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]+$/u)
  return { code: loaded.code, message: loaded.message }
}

describe('an identity', () => {
  test('is made at the first start, for its owner alone, and is the same from then on', () => {
    const folder = fresh()
    expect(loadIdentity(folder, seeded)).toEqual({ ok: true, seed: SEED, created: true })
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(identityFile(folder)).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['identity'])
    expect(loadIdentity(folder, never)).toEqual({ ok: true, seed: SEED, created: false })
  })

  test('is one, where several processes make it at once', async () => {
    const folder = fresh()
    const racers = await Promise.all(Array.from({ length: 5 }, () => startRacer('load', folder)))
    const said = await Promise.all(racers.map((racer) => racer.go()))
    await Promise.all(racers.map((racer) => racer.finish()))
    expect(said.filter((one) => one['created'] === true).length).toBe(1)
    expect(new Set(said.map((one) => one['seed'])).size).toBe(1)
    expect(readdirSync(folder)).toEqual(['identity'])
  })

  test('may be carried over by an editor of another system', () => {
    const folder = fresh()
    keep(folder, `\r\n# mine\r\n${writeIdentity(SEED).replaceAll('\n', ' \r\n')}`)
    expect(loadIdentity(folder, never)).toMatchObject({ ok: true, seed: SEED })
  })
})

describe('an identity file that cannot be used is told of, with what to do, and left as it is', () => {
  test('open to others', () => {
    for (const mode of [0o644, 0o640, 0o604, 0o660, 0o777]) {
      const folder = fresh()
      const path = keep(folder, writeIdentity(SEED), mode)
      expect(fault(folder)).toEqual({
        code: 'identity-exposed',
        message: `the identity file ${path} is open to others (mode 0${mode.toString(8)}); chmod 600 ${path} closes it`,
      })
    }
  })

  test('damaged', () => {
    const whole = writeIdentity(SEED)
    const mend = 'put a copy of it back, or move it away to start with a new identity'
    const cases: [string, string][] = [
      ['', 'it does not begin like one'],
      ['\0'.repeat(200), 'it does not begin like one'],
      [whole.slice(0, whole.indexOf('check')), 'its checksum is missing'],
      [whole.replace(/seed ../, 'seed zz'), 'its checksum does not fit'],
      [whole.replace(/seed ..../, 'seed '), 'its seed is not whole'],
      [`${whole}more\n`, 'there is more in it than belongs there'],
    ]
    for (const [text, said] of cases) {
      const folder = fresh()
      const path = keep(folder, text)
      expect(fault(folder)).toEqual({
        code: 'identity-damaged',
        message: `the identity file ${path} is damaged: ${said}; ${mend}`,
      })
      expect(readFileSync(path, 'utf8')).toBe(text)
      expect(readdirSync(folder)).toEqual(['identity'])
    }
  })

  test('of a later version', () => {
    const folder = fresh()
    keep(folder, writeIdentity(SEED).replace('identity 1', 'identity 2'))
    expect(fault(folder).code).toBe('identity-newer')
  })

  test('too long, or no file', () => {
    const folder = fresh()
    keep(folder, `${writeIdentity(SEED)}${'#'.repeat(5000)}`)
    expect(fault(folder).message).toContain('it is larger than 4096 bytes')
    const other = fresh()
    mkdirSync(identityFile(other), { recursive: true })
    expect(fault(other)).toMatchObject({ code: 'identity-unreadable' })
  })

  test('a link that leads nowhere', () => {
    const folder = fresh()
    mkdirSync(folder, { recursive: true })
    symlinkSync(join(folder, 'elsewhere'), identityFile(folder))
    const loaded = loadIdentity(folder, seeded)
    expect(loaded).toMatchObject({ ok: false, code: 'identity-unreadable', exit: 4 })
    expect(readdirSync(folder)).toEqual(['identity'])
  })

  test('not readable for this user', async () => {
    const folder = fresh()
    const path = keep(folder, writeIdentity(SEED), 0)
    chmodSync(root, 0o755)
    const nobody = await startRacer('as-nobody', folder)
    const said = await nobody.go()
    await nobody.finish()
    expect(said['code']).toBe('identity-unreadable')
    expect(said['message']).toBe(
      `cannot read the identity file ${path}: permission denied; chmod 600 ${path} as its owner lets you read it`,
    )
  })

  test('in a place where none can be made', () => {
    const blocked = join(root, 'a file')
    writeFileSync(blocked, '')
    const loaded = loadIdentity(join(blocked, 'hearsay'), seeded)
    expect(loaded).toMatchObject({ ok: false, code: 'identity-unwritable', exit: 4 })
    expect(existsSync(`${blocked}/hearsay`)).toBe(false)
  })

  test('with a name that a shell would take apart', () => {
    const folder = join(root, "it's a\u001b[2J\nfolder")
    keep(folder, writeIdentity(SEED), 0o644)
    expect(fault(folder).message).toContain(`chmod 600 '${root}/it'\\''s a\\u{1b}[2J\\u{a}folder/identity'`)
  })
})

describe('the text of an identity file', () => {
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })

  test('gives back the seed it was made of', () => {
    fc.assert(fc.property(seeds, (seed) => expect(readIdentity(writeIdentity(seed))).toEqual({ ok: true, seed })))
  })

  test('with any one character changed, left out or put in is never another identity', () => {
    const char = fc.oneof(
      fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567 \n#'),
      fc.string({ minLength: 1, maxLength: 1 }),
    )
    fc.assert(
      fc.property(seeds, fc.nat(), fc.nat(2), char, (seed, place, cut, put) => {
        const text = writeIdentity(seed)
        const at = place % text.length
        const read = readIdentity(text.slice(0, at) + (cut === 1 ? '' : put) + text.slice(at + (cut === 2 ? 0 : 1)))
        if (read.ok) expect(read.seed).toEqual(seed)
      }),
      { numRuns: 2000 },
    )
  })

  test('cut short anywhere is damaged', () => {
    const text = writeIdentity(SEED).trimEnd()
    for (let length = 0; length < text.length; length++) {
      expect(readIdentity(text.slice(0, length))).toMatchObject({ ok: false, newer: false })
    }
  })

  test('of any text whatever is refused', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(readIdentity(text).ok).toBe(false)))
  })
})
