import type { Depth } from './terminal/painter.ts'

/** The variables that tell what a terminal is and how it is to be used. */
export interface Environment {
  readonly TERM?: string | undefined
  readonly NO_COLOR?: string | undefined
  readonly COLORTERM?: string | undefined
  readonly TERM_PROGRAM?: string | undefined
  readonly VTE_VERSION?: string | undefined
  readonly KITTY_WINDOW_ID?: string | undefined
  readonly WT_SESSION?: string | undefined
  readonly TMUX?: string | undefined
  readonly STY?: string | undefined
  readonly [name: string]: string | undefined
}

/** How many colours there are (https://no-color.org: set and not empty means none). */
export function depthOf(env: Environment): Depth {
  if ((env.NO_COLOR ?? '') !== '') return 0
  const isRich = /256color|direct|kitty|ghostty|alacritty|foot/.test(env.TERM ?? '')
  return isRich || (env.COLORTERM ?? '') !== '' || (env.WT_SESSION ?? '') !== '' ? 256 : 16
}

/** Why there can be no full screen here, as a sentence; null where there can. */
export function whyNoScreen(env: Environment, platform: string): string | null {
  const { TERM = '' } = env
  if (TERM === 'dumb') return 'This terminal (TERM=dumb) cannot show a full screen, so this is the prompt.'
  if (TERM === '' && platform !== 'win32') {
    return 'TERM does not say what this terminal can do, so this is the prompt; TERM=xterm-256color fits most.'
  }
  return null
}
