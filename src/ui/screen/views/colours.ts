import type { Theme } from '../../../app/settings.ts'

/** What the background is taken for. `auto`: either. */
type Background = Exclude<Theme, 'mono'>

const LEVELS = [0, 95, 135, 175, 215, 255] as const
const CUBE_START = 16
const CUBE_SIZE = 216
/** Contrast (WCAG 2.2, "contrast ratio") that a colour must have with the background: with both of them, no more can be had. */
const CONTRAST_MIN = {
  auto: { white: 3.2, black: 4 },
  dark: { white: 0, black: 6.5 },
  light: { white: 5, black: 0 },
} as const
/** Less of it is grey. */
const SATURATION_MIN = 0.35
/** Red is for faults. */
const RED_DEGREES = 18

interface Colour {
  readonly index: number
  readonly luminance: number
  readonly saturation: number
  /** In degrees. */
  readonly hue: number
}

/** The colours of the 6×6×6 cube, the same in every terminal with 256, that can be read on such a background; reds are not among them. */
export function legibleColours(background: Background): number[] {
  const least = CONTRAST_MIN[background]
  const fits = ({ luminance, saturation, hue }: Colour): boolean =>
    contrast(1, luminance) >= least.white &&
    contrast(luminance, 0) >= least.black &&
    saturation >= SATURATION_MIN &&
    hue >= RED_DEGREES &&
    hue <= 360 - RED_DEGREES
  return Array.from({ length: CUBE_SIZE }, (_, index) => colourAt(CUBE_START + index))
    .filter(fits)
    .map(({ index }) => index)
}

/** Between two luminances, the lighter first. */
export function contrast(lighter: number, darker: number): number {
  return (lighter + 0.05) / (darker + 0.05)
}

export function colourAt(index: number): Colour {
  const place = index - CUBE_START
  const red = LEVELS[Math.floor(place / 36)]!
  const green = LEVELS[Math.floor(place / 6) % 6]!
  const blue = LEVELS[place % 6]!
  const most = Math.max(red, green, blue)
  const range = most - Math.min(red, green, blue)
  const luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  return { index, luminance, saturation: most === 0 ? 0 : range / most, hue: hueOf(red, green, blue, most, range) }
}

function hueOf(red: number, green: number, blue: number, most: number, range: number): number {
  if (range === 0) return 0
  if (most === red) return 60 * (((green - blue) / range + 6) % 6)
  return most === green ? 60 * ((blue - red) / range + 2) : 60 * ((red - green) / range + 4)
}

function linear(level: number): number {
  const share = level / 255
  return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}
