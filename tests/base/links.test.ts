import { expect, test } from 'bun:test'
import { linksIn } from '../../src/base/links.ts'

const urls = (text: string) => linksIn(text).map(({ url }) => url)

test.each([
  ['see https://example.org/a?b=c#d.', ['https://example.org/a?b=c#d']],
  ['(http://a.example/x_(y)), "https://b.example/"', ['http://a.example/x_(y)', 'https://b.example/']],
  ['<https://c.example>', ['https://c.example']],
  ['https://d.example/\u202eevil https://e.example/漢', ['https://d.example/', 'https://e.example/']],
  ['xhttps://f.example ftp://g.example javascript:alert(1)', []],
  ['HTTPS://H.EXAMPLE!', ['HTTPS://H.EXAMPLE']],
])('%j', (text, expected) => expect(urls(text)).toEqual(expected))

test('finds them where they are, and not without end', () => {
  const text = 'a https://x.example b'
  expect(linksIn(text)).toEqual([{ start: 2, url: 'https://x.example' }])
  expect(linksIn('http://x '.repeat(1_000))).toHaveLength(20)
  expect(linksIn(`http://${'('.repeat(50_000)}${')'.repeat(50_000)}`)).toHaveLength(1)
})
