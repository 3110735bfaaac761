/** A delay over time, as a picture that every browser shows. */

export interface Series {
  readonly name: string
  readonly colour: string
  readonly points: readonly { readonly atMs: number; readonly delayMs: number }[]
  /** Each point by itself, or a line through all. */
  readonly as: 'dots' | 'line'
}

export interface Panel {
  readonly title: string
  readonly series: readonly Series[]
  /** A line across, at a delay that is not to be exceeded; null for none. */
  readonly goalMs: number | null
}

const WIDTH = 900
const PANEL_HEIGHT = 260
const LEFT = 60
const RIGHT = 20
const TOP = 44
const BOTTOM = 36
const TICKS = 5

/** One panel below the other; those without points are left out. */
export function delayPicture(panels: readonly Panel[]): string {
  const drawn = panels.filter(({ series }) => series.some(({ points }) => points.length > 0))
  const height = Math.max(1, drawn.length) * PANEL_HEIGHT
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`
  const ground = `<rect width="${WIDTH}" height="${height}" fill="white"/>`
  return [head, ground, ...drawn.map((panel, i) => drawPanel(panel, i * PANEL_HEIGHT)), '</svg>', ''].join('\n')
}

function drawPanel({ title, series, goalMs }: Panel, y: number): string {
  const all = series.flatMap(({ points }) => points)
  const endMs = Math.max(1, ...all.map(({ atMs }) => atMs))
  const mostMs = niceAbove(Math.max(goalMs ?? 0, ...all.map(({ delayMs }) => delayMs)))
  const across = (atMs: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * atMs) / endMs
  const up = (delayMs: number): number => y + PANEL_HEIGHT - BOTTOM - ((PANEL_HEIGHT - TOP - BOTTOM) * delayMs) / mostMs
  const parts = [text(LEFT, y + 20, 'start', title, 'font-weight="bold"')]
  for (let i = 0; i <= TICKS; i++) {
    const [delayMs, atMs] = [(mostMs * i) / TICKS, (endMs * i) / TICKS]
    parts.push(line(LEFT, up(delayMs), WIDTH - RIGHT, up(delayMs), '#ddd'))
    parts.push(text(LEFT - 6, up(delayMs) + 4, 'end', `${round(delayMs)} ms`))
    parts.push(text(across(atMs), y + PANEL_HEIGHT - BOTTOM + 16, 'middle', `${round(atMs / 1_000)} s`))
  }
  if (goalMs !== null) parts.push(line(LEFT, up(goalMs), WIDTH - RIGHT, up(goalMs), '#c33', 'stroke-dasharray="6 4"'))
  for (const [i, { name, colour, points, as }] of series.entries()) {
    const places = points.map(({ atMs, delayMs }) => `${round(across(atMs))},${round(up(delayMs))}`)
    if (as === 'line') parts.push(`<polyline fill="none" stroke="${colour}" points="${places.join(' ')}"/>`)
    else parts.push(...points.map((each) => dot(across(each.atMs), up(each.delayMs), colour)))
    parts.push(text(WIDTH - RIGHT, y + 20 + 14 * i, 'end', name, `fill="${colour}"`))
  }
  return parts.join('\n')
}

/** 1, 2 or 5 of some power of ten, times at most ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)))
  return power * [1, 1.5, 2, 3, 5, 7.5, 10].find((factor) => factor * power >= value)!
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string, more = ''): string {
  const [from, to] = [`x1="${round(x1)}" y1="${round(y1)}"`, `x2="${round(x2)}" y2="${round(y2)}"`]
  return `<line ${from} ${to} stroke="${colour}" ${more}/>`
}

function dot(x: number, y: number, colour: string): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="2.5" fill="${colour}"/>`
}

function text(x: number, y: number, anchor: string, words: string, more = ''): string {
  const clean = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" ${more}>${clean}</text>`
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}
