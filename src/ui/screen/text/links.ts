import { type Line, type Style, span } from './styled.ts'

/** Printable ASCII only: what else there may be in an address looks like something that it is not. */
const LINK = /\bhttps?:\/\/[\x21-\x7e]{1,2000}/gi
/** The end of a sentence is none of a link. */
const TRAILING = /[.,;:!?'"]+$/
const LINKS_MAX = 20

/** Where links stand in a text. */
export function linksIn(text: string): { readonly start: number; readonly url: string }[] {
  const found: { start: number; url: string }[] = []
  for (const match of text.matchAll(LINK)) {
    found.push({ start: match.index, url: trimmed(match[0]) })
    if (found.length === LINKS_MAX) break
  }
  return found
}

/** The text with its links as links. */
export function linked(text: string, style: Style, linkStyle: Style): Line {
  const links = linksIn(text)
  if (links.length === 0) return [span(text, style)]
  const spans = []
  let at = 0
  for (const { start, url } of links) {
    if (start > at) spans.push(span(text.slice(at, start), style))
    spans.push(span(url, { ...style, ...linkStyle, link: url }))
    at = start + url.length
  }
  if (at < text.length) spans.push(span(text.slice(at), style))
  return spans
}

/** A bracket that was opened before the link is closed after it. */
function trimmed(match: string): string {
  let url = match.replace(TRAILING, '')
  for (const [open, close] of ['()', '[]', '{}', '<>'] as const) {
    while (url.endsWith(close!) && count(url, close!) > count(url, open!)) url = url.slice(0, -1).replace(TRAILING, '')
  }
  return url
}

function count(text: string, char: string): number {
  return text.split(char).length - 1
}
