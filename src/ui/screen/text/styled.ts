/** Colours are numbers of the usual palette: 0 to 15 are the terminal's own, 16 to 255 the same everywhere. */
export interface Style {
  readonly fg?: number
  readonly bg?: number
  readonly bold?: boolean
  readonly dim?: boolean
  readonly italic?: boolean
  readonly underline?: boolean
  readonly reverse?: boolean
  /** Where a click leads. Printable ASCII without spaces, or it is not written. */
  readonly link?: string
}

export const PLAIN: Style = {}

export interface Span {
  readonly text: string
  readonly style: Style
}

/** One row of something, or a text that is yet to be broken into rows. */
export type Line = readonly Span[]

export function span(text: string, style: Style = PLAIN): Span {
  return { text, style }
}

export function sameStyle(a: Style, b: Style): boolean {
  return (
    a === b ||
    (a.fg === b.fg &&
      a.bg === b.bg &&
      a.bold === b.bold &&
      a.dim === b.dim &&
      a.italic === b.italic &&
      a.underline === b.underline &&
      a.reverse === b.reverse &&
      a.link === b.link)
  )
}
