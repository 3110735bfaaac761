import { afterEach, describe, expect, test } from 'bun:test'
import type { SearchHit, SearchQuery, Store } from '../../src/ports/store.ts'
import { kept } from './store.compliance.ts'
import { DEV, GENERAL, idOf, START_MS, Writer } from './store-writer.ts'

const DAY_MS = 86_400_000

/** What every store must find. */
export function searchCompliance(name: string, makeStore: () => Store): void {
  let store: Store | null = null
  const fresh = (): Store => {
    store = makeStore()
    return store
  }
  afterEach(() => store?.close())

  const found = (query: Partial<SearchQuery> & { words: string }): string[] =>
    store!.search({ limit: 20, ...query }).map(({ message }) => message.text)
  const marked = ({ excerpt, marks }: SearchHit): string[] => marks.map(({ from, to }) => excerpt.slice(from, to))

  describe(`${name} finds`, () => {
    test('every word that was typed, in any order, whatever its case and accents', () => {
      const ann = new Writer(1)
      kept(fresh(), ann.say('The quick brown Fox'), ann.say('quick, said the CAFÉ owner'), ann.say('nothing'))
      expect(found({ words: 'QUICK' }).toSorted()).toEqual(['The quick brown Fox', 'quick, said the CAFÉ owner'])
      expect(found({ words: 'fox quick' })).toEqual(['The quick brown Fox'])
      expect(found({ words: 'cafe' })).toEqual(['quick, said the CAFÉ owner'])
      expect(found({ words: 'quick nothing' })).toEqual([])
      expect(found({ words: '"quick brown"' })).toEqual(['The quick brown Fox'])
      expect(found({ words: '"brown quick"' })).toEqual([])
    })

    test('the beginnings of words of three letters and more, where few have the whole word', () => {
      const ann = new Writer(1)
      kept(fresh(), ann.say('replication'), ann.say('re replica'))
      expect(found({ words: 'repl' }).toSorted()).toEqual(['re replica', 'replication'])
      expect(found({ words: 're' })).toEqual(['re replica'])
    })

    test('parts of sentences in scripts without spaces, of one character too', () => {
      const texts = ['今天天气很好', '東京へ行きました', 'วันนี้อากาศดี', '오늘은 날씨가 좋다', 'привет, мир', 'नमस्ते दुनिया']
      const ann = new Writer(1)
      kept(fresh(), ...texts.map((each) => ann.say(each)))
      const wanted: [string, number][] = [
        ['天气', 0],
        ['好', 0],
        ['京へ行', 1],
        ['อากาศ', 2],
        ['날씨가', 3],
        ['ПРИВЕТ', 4],
        ['नमस्ते', 5],
        ['दुनिया', 5],
      ]
      for (const [words, at] of wanted) {
        const hits = store!.search({ words, limit: 5 })
        expect(hits.map(({ message }) => message.text)).toEqual([texts[at]!])
        expect(marked(hits[0]!).join('').toLowerCase()).toBe(words.toLowerCase())
      }
      expect(found({ words: '气天' })).toEqual([])
    })

    test('in one room, by some authors, before a time', () => {
      const [ann, bob, annDev] = [new Writer(1), new Writer(2), new Writer(1, DEV)]
      const at = (days: number) => ({ ms: START_MS + days * DAY_MS, counter: 0 })
      kept(fresh(), ann.say('hello a', at(1)), bob.say('hello b', at(2)), annDev.say('hello dev', at(3)))
      expect(found({ words: 'hello', room: DEV })).toEqual(['hello dev'])
      expect(found({ words: 'hello', from: [ann.feed.author] })).toEqual(['hello dev', 'hello a'])
      expect(found({ words: 'hello', from: [ann.feed.author], room: GENERAL })).toEqual(['hello a'])
      expect(found({ words: 'hello', beforeMs: START_MS + 2 * DAY_MS })).toEqual(['hello a'])
      expect(found({ words: 'hello', from: [new Writer(7).feed.author] })).toEqual([])
      expect(found({ words: 'hello', room: new Uint8Array(32) })).toEqual([])
      expect(found({ words: 'hello', limit: 1 }).length).toBe(1)
      expect(found({ words: 'hello', limit: 0 })).toEqual([])
    })

    test('what others say, where somebody is not heard who says the word all the time', () => {
      const [ann, bob] = [new Writer(1), new Writer(2)]
      kept(fresh(), ann.say('tea at four', { ms: START_MS - 1_000, counter: 0 }))
      for (let said = 0; said < 1_100; said++) kept(store!, bob.say(`tea ${said}`))
      expect(found({ words: 'tea', limit: 9 })).not.toContain('tea at four')
      const unheard = { authors: [bob.feed.author], strangers: [] }
      expect(found({ words: 'tea', limit: 9, unheard })).toEqual(['tea at four'])
    })

    test('first what is about it most, and of equals the newest', () => {
      const ann = new Writer(1)
      const long = `tea ${'and something else '.repeat(20)}`
      kept(fresh(), ann.say(long), ann.say('tea at four'), ann.say('tea at five'))
      expect(found({ words: 'tea' })).toEqual(['tea at five', 'tea at four', long])
      kept(store!, ann.say('tea', { ms: START_MS - 900 * DAY_MS, counter: 0 }))
      expect(found({ words: 'tea' })[0]).toBe('tea at five')
      kept(store!, ann.say('tea at six', { ms: START_MS + 900 * DAY_MS, counter: 0 }))
      expect(found({ words: 'tea' })[0]).toBe('tea at six')
    })

    test('what a message says now, not what it said', () => {
      const ann = new Writer(1)
      const said = ann.say('original')
      kept(fresh(), said)
      kept(store!, ann.bundle({ tells: { what: 'edit', target: idOf(said), text: 'amended' } }))
      expect(found({ words: 'original' })).toEqual([])
      expect(found({ words: 'amended' })).toEqual(['amended'])
    })

    test('the place in a long text, on one line, marked', () => {
      const text = `${'x '.repeat(300)}the needle\nin 🪡🪡${' hay'.repeat(300)} needle`
      kept(fresh(), new Writer(1).say(text))
      const [hit] = store!.search({ words: 'needle', limit: 5 })
      expect(hit!.excerpt).toContain('the needle in 🪡🪡 hay')
      expect(hit!.excerpt.length).toBeLessThan(170)
      expect(hit!.excerpt.isWellFormed()).toBe(true)
      expect(marked(hit!)).toEqual(['needle'])
    })

    test('nothing, and breaks nothing, where what was typed is no word', () => {
      kept(fresh(), new Writer(1).say('hello'))
      const odd = [
        '',
        '   ',
        '"',
        '""',
        '*',
        '!!!',
        '- OR',
        'text:',
        '(',
        "'",
        'NEAR(',
        'a AND',
        '\0',
        '🙂',
        '\u0301',
        '^x',
        '}{',
      ]
      for (const words of odd) expect(found({ words })).toEqual([])
      for (const words of ['hello*', '"hello', '+hello', 'hello)', '^hello', '(hello']) {
        expect(found({ words })).toEqual(['hello'])
      }
      expect(found({ words: 'hello '.repeat(10_000) })).toEqual(['hello'])
    })
  })
}
