import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { openStore } from '../../../src/adapters/sqlite-open.ts'
import { exportRoom } from '../../../src/app/history/export.ts'
import { Importer } from '../../../src/app/history/import.ts'
import { historyFile } from '../../../src/app/history/open.ts'
import { runExport, runImport } from '../../../src/app/history/transfer.ts'
import { parseHistoryArguments } from '../../../src/app/options-history.ts'
import type { Store } from '../../../src/ports/store.ts'
import { openRoomId } from '../../../src/wire/event.ts'
import { KeptRoom, memoryStore } from './kept-room.ts'
import { asFork, Writer } from './written.ts'

const GENERAL = openRoomId('general')
const NOW_MS = 2_000_000_000_000

/** A room in which everything there is has happened. */
function full(store: Store = memoryStore()): KeptRoom {
  const room = new KeptRoom(store)
  const [bob, carol] = [new Writer(2), new Writer(3)]
  const at = (ms: number) => ({ ms: 1_900_000_000_000 + ms })
  room.hear(bob.called('Bob <b>'), carol.called('Carol'))
  const said = bob.text('hello\nthere', at(0))
  const gone = bob.text('secret', at(2))
  room.hear(said, carol.reply(said.id, 'hi & "welcome"', at(1)), gone)
  room.hear(bob.remove(gone.id, at(3)), carol.react(said.id, '👍', true, at(4)))
  const typo = carol.text('helo', at(5))
  room.hear(typo, carol.edit(typo.id, 'hello', at(6)))
  for (let i = 0; i < 300; i++) room.hear(bob.text(`more ${i}`, at(10 + i)))
  room.settle()
  return room
}

function exported(store: Store, format: 'text' | 'json' | 'html'): string {
  const held = store.rooms().find(({ settings }) => settings.name === 'general')!
  return [...exportRoom(store, held, format, NOW_MS)].join('')
}

function imported(store: Store, text: string, wallMs = NOW_MS) {
  const importer = new Importer(store, wallMs)
  for (const line of text.split('\n')) {
    const fault = importer.line(line)
    if (fault !== null) return fault
  }
  return importer.end()
}

const shown = (store: Store) =>
  store
    .last(GENERAL, 1_000)
    .map(({ id, text, state, name, reply, reactions }) => [id, text, state, name, reply, reactions])

describe('an export', () => {
  const json = exported(full().history.read, 'json')

  test('as JSON is one document with messages for people and the signed bundles', () => {
    const whole = JSON.parse(json)
    expect(whole).toMatchObject({ format: 'hearsay-export', version: 1, exported: NOW_MS, room: { name: 'general' } })
    expect(whole.messages.length).toBe(304)
    expect(whole.messages[0]).toMatchObject({ text: 'hello\nthere', from: { name: 'Bob <b>' }, state: 'whole' })
    expect(whole.messages[0].reactions).toMatchObject([{ emoji: '👍', by: [{ name: 'Carol' }] }])
    expect(whole.bundles.length).toBe(309)
  })

  test('taken in elsewhere shows the same, and again changes nothing', () => {
    const store = memoryStore()
    expect(imported(store, json)).toEqual({ ok: true, room: 'general', fresh: 309, known: 0, refused: 0 })
    expect(shown(store)).toEqual(shown(full().history.read))
    expect(imported(store, json)).toEqual({ ok: true, room: 'general', fresh: 0, known: 309, refused: 0 })
    expect(exported(store, 'json')).toBe(json)
  })

  test('does not bring back what was taken back', () => {
    for (const format of ['text', 'json', 'html'] as const)
      expect(exported(full().history.read, format)).not.toContain('secret')
    expect(json).not.toContain(Buffer.from('secret').toString('base64').slice(0, 6))
  })

  test('never makes a feed ours to go on with', () => {
    const store = memoryStore()
    imported(store, json)
    expect(store.feeds().some(({ own }) => own)).toBe(false)
  })

  test('as text is what people read, with the lines of one message together', () => {
    const lines = exported(full().history.read, 'text').split('\n')
    expect(lines.slice(0, 5)).toEqual([
      '2030-03-17 17:46:40 <Bob <b>> hello',
      '    there [👍 Carol]',
      '2030-03-17 17:46:40 <Carol> (to Bob <b>) hi & "welcome"',
      '2030-03-17 17:46:40 <Bob <b>> (deleted)',
      '2030-03-17 17:46:40 <Carol> hello (edited)',
    ])
  })

  test('as HTML has nothing in it that somebody said as markup', () => {
    const page = exported(full().history.read, 'html')
    expect(page).toStartWith('<!doctype html>')
    expect(page).toContain('<b>Bob &lt;b&gt;</b>')
    expect(page).toContain('hi &amp; &quot;welcome&quot;')
    expect(page.match(/<p id/g)?.length).toBe(304)
  })
})

describe('an author’s two histories', () => {
  const at = (ms: number) => ({ ms: 1_900_000_000_000 + ms })
  /** Bob says one thing, then two others, and a twin of him two others instead. Each side alone, and both as somebody has them who heard both. */
  function sides() {
    const [both, first, second] = [new KeptRoom(), new KeptRoom(), new KeptRoom()]
    const bob = new Writer(2)
    const begin = bob.text('begin', at(0))
    const twin = bob.fork()
    const [ours, theirs] = [bob, twin].map((writer, i) => [
      writer.text(`${i} goes on`, at(1 + i)),
      writer.text(`${i} ends`, at(3 + i)),
    ])
    first.hear(begin, ...ours!)
    second.hear(begin, ...theirs!)
    both.hear(begin, ...ours!, ...theirs!.map((given) => asFork(given, 2)))
    for (const room of [both, first, second]) room.settle()
    return { both, first, second }
  }
  const marked = (store: Store) => store.last(GENERAL, 9).map(({ text, isForked }) => [text, isForked])
  const BOTH = [
    ['begin', false],
    ['0 goes on', true],
    ['1 goes on', true],
    ['0 ends', true],
    ['1 ends', true],
  ]

  test('go out and come in with both, marked', () => {
    const { both } = sides()
    const { read } = both.history
    expect(marked(read)).toEqual(BOTH)
    const json = exported(read, 'json')
    const whole = JSON.parse(json)
    expect(whole.messages.map(({ forked }: { forked?: boolean }) => forked)).toEqual([
      undefined,
      true,
      true,
      true,
      true,
    ])
    expect(whole.bundles.map(({ fork }: { fork?: boolean }) => fork)).toEqual([
      undefined,
      undefined,
      undefined,
      true,
      true,
    ])
    const store = memoryStore()
    expect(imported(store, json)).toMatchObject({ ok: true, fresh: 5, known: 0, refused: 0 })
    expect(marked(store)).toEqual(BOTH)
    expect(imported(store, json)).toMatchObject({ ok: true, fresh: 0, known: 5, refused: 0 })
    expect(exported(store, 'json')).toBe(json)
    expect(exported(read, 'text').split('\n')[1]).toContain('0 goes on (one of two histories)')
    expect(exported(read, 'html')).toContain('1 ends (one of two histories)')
  })

  test('come together from the exports of two who each heard one', () => {
    const { first, second } = sides()
    const store = memoryStore()
    imported(store, exported(first.history.read, 'json'))
    expect(marked(store).some(([, mark]) => mark === true)).toBe(false)
    expect(imported(store, exported(second.history.read, 'json'))).toMatchObject({ fresh: 2, known: 1, refused: 0 })
    expect(marked(store)).toEqual(BOTH)
  })

  test('are not made of one by whoever writes so into the file', () => {
    const { first } = sides()
    const json = exported(first.history.read, 'json')
    const store = memoryStore()
    expect(imported(store, json.replaceAll('","previous"', '","fork":true,"previous"'))).toMatchObject({ fresh: 3 })
    expect(marked(store).map(([, mark]) => mark)).toEqual([false, false, false])
  })
})

describe('an import refuses', () => {
  const json = exported(full().history.read, 'json')
  const lines = json.split('\n')
  const firstBundle = lines.indexOf('],"bundles":[') + 1

  test.each(['bytes', 'previous', 'author', 'epoch'])('bundles whose %s was changed, and counts them', (field) => {
    const changed = lines.map((line, i) => {
      if (i < firstBundle || i >= firstBundle + 3) return line
      const bundle = JSON.parse(line.replace(/,$/, ''))
      const value: string = bundle[field]
      const other = value[20] === 'a' ? 'b' : 'a'
      const at = field === 'epoch' ? 3 : 20
      const changed = value[at] === other ? 'c' : other
      return `${JSON.stringify({ ...bundle, [field]: value.slice(0, at) + changed + value.slice(at + 1) })},`
    })
    const done = imported(memoryStore(), changed.join('\n'))
    expect(done).toMatchObject({ ok: true, refused: 3, fresh: 306 })
  })

  test('bundles of another room', () => {
    const moved = json.replace('"name":"general"', '"name":"dev"')
    const store = memoryStore()
    expect(imported(store, moved)).toMatchObject({ ok: true, room: 'dev', fresh: 0, refused: 309 })
    expect(store.last(openRoomId('dev'), 10)).toEqual([])
  })

  test('what comes from a clock far ahead', () => {
    expect(imported(memoryStore(), json, 1_800_000_000_000)).toMatchObject({ fresh: 2, refused: 307 })
  })

  test('lines that are none, however long, and takes in the rest', () => {
    const store = memoryStore()
    const importer = new Importer(store, NOW_MS)
    const broken = [...lines]
    broken.splice(firstBundle, 0, '{"author":', 'null', '[]', '7', '{"author":1}', `"${'x'.repeat(200_000)}"`)
    for (const line of broken) expect(importer.line(line)).toBeNull()
    expect(importer.end()).toMatchObject({ fresh: 309, refused: 6 })
    const long = new Importer(memoryStore(), NOW_MS)
    for (const line of lines.slice(0, firstBundle)) long.line(line)
    expect(long.line(null)).toBeNull()
    expect(long.line('],"bundles":[')).toBeNull()
  })

  test('what is no export, or one of a newer program, or not whole', () => {
    const message = (text: string) => {
      const done = imported(memoryStore(), text)
      return 'message' in done ? done.message : 'taken in'
    }
    expect(message('hello')).toContain('no export of hearsay')
    expect(message('{"format":"hearsay-export"}')).toContain('no export of hearsay')
    expect(message(json.replace('"version":1', '"version":2'))).toContain('newer hearsay')
    expect(message(json.replace('"name":"general"', '"name":"@abc"'))).toContain('Only open rooms')
    expect(message(lines.slice(0, -3).join('\n'))).toContain('it is not whole')
    expect(message(lines.slice(0, 2).join('\n'))).toContain('it is not whole')
  })
})

describe('from the data folder and back', () => {
  const home = mkdtempSync(join(tmpdir(), 'hearsay-transfer-'))
  const path = historyFile(home)
  afterAll(() => rmSync(home, { recursive: true }))
  beforeAll(() => {
    const store = openStore(path)
    if ('ok' in store) throw new Error(store.message)
    full(store).history.close()
  })

  function run(...words: string[]) {
    const [word = '', ...rest] = words
    const asked = parseHistoryArguments(word as 'export', rest)
    const written: string[] = []
    const output = new Writable({
      decodeStrings: false,
      write(chunk, _, done) {
        written.push(String(chunk))
        done()
      },
    })
    const options = { dataFolder: home, output, wallMs: NOW_MS }
    if (asked.kind === 'export') return runExport(asked, options).then((status) => ({ status, text: written.join('') }))
    if (asked.kind === 'import') return runImport(asked, options).then((status) => ({ status, text: written.join('') }))
    throw new Error(JSON.stringify(asked))
  }

  test('to standard output, or into a new file that only its owner can read', async () => {
    const { status, text } = await run('export', '--room', '#General')
    expect(status).toBe(0)
    expect(text.split('\n').length).toBeGreaterThan(300)
    const file = join(home, 'general.json')
    expect((await run('export', '--room=general', '--format', 'json', '--output', file)).status).toBe(0)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect((await run('export', '--room=general', '--output', file)).status).toMatchObject({
      code: 'unwritable',
      exit: 1,
    })
    const again = await run('import', file)
    expect(again).toEqual({ status: 0, text: '0 signed bundles were taken in to general. 309 were here already.\n' })
  })

  test('says what is there where a room is not, and what was refused', async () => {
    const { status } = await run('export', '--room', 'dev')
    expect(status).toMatchObject({ message: 'nothing is kept of "dev"; choose one of general', exit: 1 })
    const file = join(home, 'bad.json')
    const good = readFileSync(join(home, 'general.json'), 'utf8')
    writeFileSync(file, good.replace(/"bytes":"(.)/, '"bytes":"A$1'))
    expect(await run('import', file)).toMatchObject({ status: 1, text: expect.stringContaining('1 was refused') })
    expect((await run('import', join(home, 'nowhere'))).status).toMatchObject({ code: 'unreadable', exit: 1 })
  })

  test('not while somebody has the history open', async () => {
    const store = openStore(path)
    if ('ok' in store) throw new Error(store.message)
    const { status } = await run('export', '--room', 'general')
    store.close()
    const message = expect.stringMatching(new RegExp(`in use by process ${process.pid}: end that one first$`))
    expect(status).toMatchObject({ code: 'history-held', exit: 1, message })
  })

  test('makes no history where there is none to export', async () => {
    const empty = join(home, 'empty')
    const options = { dataFolder: empty, output: new Writable(), wallMs: NOW_MS }
    const status = await runExport({ kind: 'export', room: 'general', format: 'text', output: null }, options)
    expect(status).toMatchObject({ code: 'no-history' })
    expect(existsSync(empty)).toBe(false)
  })
})

describe('the words after export and import', () => {
  const message = (word: 'export' | 'import', ...rest: string[]) => {
    const asked = parseHistoryArguments(word, rest)
    return asked.kind === 'refuse' ? `${asked.fault.exit} ${asked.fault.message}` : asked.kind
  }

  test.each([
    [['export'], '2 export: --room is missing: name the room'],
    [['export', '--rom', 'a'], '2 export: "--rom": no such flag; did you mean --room?'],
    [['export', '--room'], '2 --room: a value is missing; see hearsay export --help'],
    [['export', '--room', 'a', '--room', 'b'], '2 --room: given more than once; leave one out'],
    [['export', '--room', 'a b'], '2 --room: expected the name of a room, got "a b"'],
    [['export', '--room', 'a', '--format', 'pdf'], '2 --format: expected text, json or html, got "pdf"'],
    [['export', '--room', 'a', 'b'], '2 export: "b": unexpected argument; see hearsay export --help'],
    [['import'], '2 import: the file is missing: name it'],
    [['import', 'a', 'b'], '2 import: "b": give one file at a time'],
    [['export', '--help'], 'print'],
    [['import', '-h'], 'print'],
    [['export', '--room', '@Bob'], 'export'],
  ] as const)('%j: %s', ([word, ...rest], expected) => {
    expect(message(word, ...rest)).toBe(expected)
  })
})
