import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHOICES_FIRST, ChoiceStore, type ChoiceStoreOptions } from '../../../src/app/voice/choices.ts'
import { reachableEndpoints } from '../../../src/app/voice/endpoints.ts'

let root: string
let count = 0
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hearsay-choices-'))
})
afterAll(() => rmSync(root, { recursive: true }))

function place(): string {
  return join(root, String(count++))
}

function store(folder: string | null, more: Partial<ChoiceStoreOptions> = {}): ChoiceStore {
  return new ChoiceStore({ folder, isWritten: true, given: {}, log: () => {}, ...more })
}

describe('what was chosen of voice', () => {
  test('is there at the next start, for its owner alone', () => {
    const folder = place()
    const first = store(folder)
    expect(first.choices).toEqual(CHOICES_FIRST)
    first.choose({ mode: 'push', gain: -3, input: 'mic' })
    first.tune('bob', { volumePercent: 40 })
    const second = store(folder)
    expect(second.choices).toEqual({ ...CHOICES_FIRST, mode: 'push', gain: -3, input: 'mic' })
    expect(second.tuning('bob')).toEqual({ volumePercent: 40, silenced: false })
    expect(statSync(join(folder, 'voice.json')).mode & 0o777).toBe(0o600)
  })

  test('is not remembered where it was only for this start, until it is chosen', () => {
    const folder = place()
    const first = store(folder, { given: { mode: 'open' } })
    first.choose({ chimes: false })
    expect(first.choices).toMatchObject({ mode: 'open', chimes: false })
    expect(store(folder).choices).toMatchObject({ mode: 'voice', chimes: false })
    first.choose({ mode: 'push' })
    expect([first.choices.mode, store(folder).choices.mode]).toEqual(['push', 'push'])
  })

  test('is written nowhere where nothing is to be', () => {
    const folder = place()
    store(folder, { isWritten: false }).choose({ mode: 'push' })
    store(null).choose({ mode: 'push' })
    expect(store(folder).choices).toEqual(CHOICES_FIRST)
  })

  test.each([
    ['not JSON', 'mode = push'],
    ['a list', '[]'],
    ['nothing', ''],
    ['far too much', `{"mode":"push","x":"${'x'.repeat(300_000)}"}`],
  ])('is as at first where the file holds %s', (_, text) => {
    const folder = place()
    store(folder).choose({ mode: 'open' })
    writeFileSync(join(folder, 'voice.json'), text)
    const read = store(folder)
    expect(read.choices).toEqual(CHOICES_FIRST)
    read.choose({ mode: 'push' })
    expect(store(folder).choices.mode).toBe('push')
  })

  test('is taken field by field: one that is not understood spoils no other', () => {
    const folder = place()
    store(folder).choose({})
    const text = {
      mode: 'shout',
      bitrate: 1,
      frameMs: 10,
      talkKey: 'f99',
      people: { bob: { volumePercent: 9_999, silenced: true } },
    }
    writeFileSync(join(folder, 'voice.json'), JSON.stringify(text))
    expect(store(folder).choices).toEqual({ ...CHOICES_FIRST, frameMs: 10 })
  })

  test('of people is bounded, and as they come is not worth remembering', () => {
    const folder = place()
    const one = store(folder, { isWritten: false })
    for (let i = 0; i < 600; i++) one.tune(`p${i}`, { volumePercent: 50 })
    expect([one.tuning('p0').volumePercent, one.tuning('p599').volumePercent]).toEqual([100, 50])
    const two = store(folder)
    two.tune('bob', { silenced: true })
    two.tune('bob', { silenced: false })
    expect(readFileSync(join(folder, 'voice.json'), 'utf8')).not.toContain('bob')
  })

  test('that cannot be one is a mistake of ours', () => {
    expect(() => store(null).choose({ bitrate: 1 })).toThrow()
  })
})

describe('where we can be reached', () => {
  const at = (host: string, port = 1) => ({ host, port })
  const seen = (host: string, by: number) => ({ ...at(host, 9), by })

  test('is where two see us, and then our own addresses, eight at most', () => {
    const local = Array.from({ length: 10 }, (_, i) => at(`10.0.0.${i}`))
    const told = reachableEndpoints(local, [seen('1.2.3.4', 2), seen('6.6.6.6', 1)], 5)
    expect(told.slice(0, 2)).toEqual([at('1.2.3.4', 9), at('10.0.0.0')])
    expect(told.length).toBe(8)
  })

  test('is where the only one there is sees us', () => {
    expect(reachableEndpoints([at('10.0.0.1')], [seen('1.2.3.4', 1)], 1)[0]).toEqual(at('1.2.3.4', 9))
  })

  test('is this machine alone where we listen on nothing else, whatever anybody says', () => {
    expect(reachableEndpoints([at('127.0.0.1')], [seen('1.2.3.4', 3)], 3)).toEqual([at('127.0.0.1')])
    expect(reachableEndpoints([], [seen('1.2.3.4', 3)], 3)).toEqual([at('1.2.3.4', 9)])
  })
})
