import { ExitStatus } from './exit.ts'
import type { StartFault } from './options.ts'
import { quoted } from './options-quote.ts'

/** What `hearsay completions` and `hearsay manual` are asked for: a text for standard output. */
type DocumentAsked =
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'refuse'; readonly fault: StartFault }

const COMPLETIONS_HELP = `Usage: hearsay completions bash|zsh|fish

Writes what makes a shell complete the options of hearsay. For now:

  bash    source <(hearsay completions bash)
  zsh     source <(hearsay completions zsh)
  fish    hearsay completions fish | source

For good, put the line into the shell's own file (~/.bashrc, ~/.zshrc behind compinit,
~/.config/fish/config.fish). zsh also takes it as a file _hearsay in a folder of $fpath.
`

const MANUAL_HELP = `Usage: hearsay manual

Writes the manual page hearsay(1). To read it: hearsay manual | man -l -
To keep it: hearsay manual > ~/.local/share/man/man1/hearsay.1
`

export function isDocumentWord(word: string | undefined): word is 'completions' | 'manual' {
  return word === 'completions' || word === 'manual'
}

/** Reads the words after `completions` or `manual`. */
export async function parseDocumentArguments(
  word: 'completions' | 'manual',
  argv: readonly string[],
  version: string,
): Promise<DocumentAsked> {
  const isHelp = argv.includes('--help') || argv.includes('-h')
  if (isHelp) return { kind: 'print', text: word === 'manual' ? MANUAL_HELP : COMPLETIONS_HELP }
  if (word === 'manual') {
    if (argv.length > 0) return refuse(`manual: ${quoted(argv[0]!)}: unexpected argument; see hearsay manual --help`)
    const { manualPage } = await import('./manual.ts')
    return { kind: 'print', text: manualPage(version) }
  }
  const [shell, more] = argv
  if (more !== undefined) return refuse(`completions: ${quoted(more)}: name one shell at a time`)
  const { COMPLETIONS } = await import('./completions/shells.ts')
  const made = shell === undefined ? undefined : COMPLETIONS.get(shell)
  if (made !== undefined) return { kind: 'print', text: made() }
  const known = [...COMPLETIONS.keys()].join(', ')
  const given = shell === undefined ? 'the shell is missing' : `${quoted(shell)}: no such shell`
  return refuse(`completions: ${given}; choose one of ${known}`)
}

function refuse(message: string): DocumentAsked {
  return { kind: 'refuse', fault: { ok: false, code: 'bad-value', message, exit: ExitStatus.wrongUsage } }
}
