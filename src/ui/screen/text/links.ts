import { linksIn } from '../../../base/links.ts'
import { type Line, type Span, type Style, span } from './styled.ts'

/** The text with its links as links. */
export function linked(text: string, style: Style, linkStyle: Style): Line {
  const links = linksIn(text)
  if (links.length === 0) return [span(text, style)]
  const spans: Span[] = []
  let at = 0
  for (const { start, url } of links) {
    if (start > at) spans.push(span(text.slice(at, start), style))
    spans.push(span(url, { ...style, ...linkStyle, link: url }))
    at = start + url.length
  }
  if (at < text.length) spans.push(span(text.slice(at), style))
  return spans
}
