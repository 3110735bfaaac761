/** Printable ASCII only: what else there may be in an address looks like something that it is not. */
const LINK = /\bhttps?:\/\/[\x21-\x7e]{1,2000}/gi
/** The end of a sentence is none of a link. */
const TRAILING = /[.,;:!?'"]+$/
/** Nobody says more in one message but to be a nuisance. */
const LINKS_MAX = 20

export interface Link {
  /** In UTF-16 units of the text. */
  readonly start: number
  /** Printable ASCII without blanks; as long as it is in the text. */
  readonly url: string
}

/** The web addresses in a text, in order, at most 20. A bracket that was opened before one is not taken for its end. */
export function linksIn(text: string): Link[] {
  const found: Link[] = []
  for (const match of text.matchAll(LINK)) {
    found.push({ start: match.index, url: trimmed(match[0]) })
    if (found.length === LINKS_MAX) break
  }
  return found
}

function trimmed(match: string): string {
  let url = match.replace(TRAILING, '')
  for (const [open, close] of [
    ['(', ')'],
    ['[', ']'],
    ['{', '}'],
    ['<', '>'],
  ] as const) {
    while (url.endsWith(close) && count(url, close) > count(url, open)) url = url.slice(0, -1).replace(TRAILING, '')
  }
  return url
}

function count(text: string, char: string): number {
  return text.split(char).length - 1
}
