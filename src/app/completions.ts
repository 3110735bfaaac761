import { DIALECTS } from '../base/dialects.ts'
import { OPTIONS, type OptionSpec } from './options-help.ts'
import { TRANSFER_FLAGS, transferFlagNames } from './options-transfer.ts'
import { THEMES } from './settings.ts'

/** Words that may come first, and what they do. */
export const SUBCOMMANDS: readonly (readonly [string, string])[] = [
  ['send', 'offer files until somebody has them, without a screen'],
  ['receive', 'take what is offered, without a screen'],
  ['tracker', 'keep a list of who is there'],
  ['export', 'write down what was said in a room'],
  ['import', 'take in what was written down'],
  ['listen', 'wait for one other, with nobody between or beside you'],
  ['connect', 'dial the one who listens'],
  ['ptt', 'hold or let go the talk key of the hearsay that runs'],
  ['mute', 'mute the hearsay that runs'],
  ['deafen', 'mute it, and hear nobody'],
  ['status', 'how its voice stands'],
  ['completions', 'make a shell complete these words'],
  ['manual', 'write the manual page'],
]

const SHELLS = ['bash', 'zsh', 'fish']
const SWITCHES = ['on', 'off', 'toggle', '--help']
/** What follows a word that comes first. */
const AFTER: Readonly<Record<string, readonly string[]>> = {
  send: transferFlagNames('send').map((name) => `--${name}`),
  receive: transferFlagNames('receive').map((name) => `--${name}`),
  tracker: ['--host', '--port', '--json', '--debug', '--help'],
  export: ['--room', '--format', '--output', '--help'],
  import: ['--help'],
  listen: ['--host', '--port', '--name', '--folder', '--help'],
  connect: ['--name', '--folder', '--help'],
  ptt: SWITCHES,
  mute: SWITCHES,
  deafen: SWITCHES,
  status: ['--help'],
  completions: SHELLS,
  manual: ['--help'],
}

/** Words behind which the names of files stand. */
const FOLLOWED_BY_FILES = ['import', 'send', 'receive']

const WORDS: { readonly [Name in OptionSpec['name']]?: readonly string[] } = {
  theme: THEMES,
  dialect: [...DIALECTS, 'all'],
  'voice-mode': ['voice', 'push', 'open'],
  'accept-files': ['all', 'ask', 'none'],
}

/** What an option's value can be: a file, one of a few words, or something nobody can guess. */
function valuesOf({ name, value }: OptionSpec): 'file' | 'none' | readonly string[] {
  const words = WORDS[name]
  if (words !== undefined) return words
  return value === 'file' || value === 'file.wav' || value === 'folder' ? 'file' : 'none'
}

const takesValue = ({ arity }: OptionSpec): boolean => arity === 'one' || arity === 'many'

/** What to have a shell read, by its name. */
export const COMPLETIONS: ReadonlyMap<string, () => string> = new Map([
  ['bash', bash],
  ['zsh', zsh],
  ['fish', fish],
])

function bash(): string {
  const flags = OPTIONS.map(({ name }) => `--${name}`).join(' ')
  const words = SUBCOMMANDS.map(([word]) => word).join(' ')
  const files = OPTIONS.filter((spec) => valuesOf(spec) === 'file').map(({ name }) => `--${name}`)
  const free = OPTIONS.filter((spec) => takesValue(spec) && valuesOf(spec) === 'none').map(({ name }) => `--${name}`)
  const chosen = Object.entries(WORDS).map(
    ([name, list]) => `    --${name}) COMPREPLY=($(compgen -W '${list.join(' ')}' -- "$current")); return ;;`,
  )
  const after = Object.entries(AFTER).map(([word, list]) => `    ${word}) words='${list.join(' ')}' ;;`)
  return `# Completion of hearsay for bash.
_hearsay() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words
  case $previous in
${chosen.join('\n')}
    --format) COMPREPLY=($(compgen -W 'text json html' -- "$current")); return ;;
    --output|${files.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${free.join('|')}) return ;;
  esac
  case \${COMP_WORDS[1]} in
${after.join('\n')}
    *) words='${flags}'; [ "$COMP_CWORD" -eq 1 ] && words="$words ${words}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case \${COMP_WORDS[1]} in ${FOLLOWED_BY_FILES.join('|')}) COMPREPLY+=($(compgen -f -- "$current")) ;; esac
  return 0
}
complete -F _hearsay hearsay
`
}

function zsh(): string {
  const specs = OPTIONS.map((spec) => {
    const values = valuesOf(spec)
    const action = values === 'file' ? '_files' : values === 'none' ? '' : `(${values.join(' ')})`
    const label = zshText(spec.value)
    const value = takesValue(spec) ? `:${label}:${action}` : spec.arity === 'maybe' ? `::${label}:${action}` : ''
    return `    '${spec.arity === 'many' ? '*' : ''}--${spec.name}[${zshText(spec.about)}]${value}' \\`
  })
  const words = SUBCOMMANDS.map(([word, about]) => `      '${word}:${zshText(about)}'`)
  const after = Object.entries(AFTER).map(([word, list]) => {
    const files = FOLLOWED_BY_FILES.includes(word) ? ' || _files' : ''
    return `    ${word}) compadd -- ${list.join(' ')}${files}; return ;;`
  })
  return `#compdef hearsay
# Completion of hearsay for zsh.
_hearsay() {
  local -a words_first
  if (( CURRENT > 2 )); then
    case $words[2] in
${after.map((line) => `  ${line}`).join('\n')}
    esac
  fi
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    words_first=(
${words.join('\n')}
    )
    _describe 'command' words_first
  fi
  _arguments \\
${specs.join('\n')}
    && return 0
}
compdef _hearsay hearsay
`
}

function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''")
}

function fish(): string {
  const first = '__fish_is_first_token'
  const words = SUBCOMMANDS.map(([word, about]) => `complete -c hearsay -n ${first} -a ${word} -d ${fishText(about)}`)
  const options = OPTIONS.map((spec) => {
    const values = valuesOf(spec)
    const short = spec.short === undefined ? '' : ` -s ${spec.short.slice(1)}`
    const kind = values === 'file' ? '-F' : values === 'none' ? '-x' : `-x -a ${fishText(values.join(' '))}`
    const value = takesValue(spec) ? ` ${kind.startsWith('-F') ? '-r -F' : kind}` : ''
    return `complete -c hearsay -l ${spec.name}${short}${value} -d ${fishText(spec.about)}`
  })
  return `${[
    '# Completion of hearsay for fish.',
    'complete -c hearsay -f',
    ...words,
    ...options,
    `complete -c hearsay -n '__fish_seen_subcommand_from ptt mute deafen' -a 'on off toggle'`,
    `complete -c hearsay -n '__fish_seen_subcommand_from completions' -a ${fishText(SHELLS.join(' '))}`,
    `complete -c hearsay -n '__fish_seen_subcommand_from ${FOLLOWED_BY_FILES.join(' ')}' -F`,
    ...(['send', 'receive'] as const).flatMap((word) =>
      TRANSFER_FLAGS[word].map(({ name, value, about }) => {
        const takes = value === '' ? '' : ' -x'
        return `complete -c hearsay -n '__fish_seen_subcommand_from ${word}' -l ${name}${takes} -d ${fishText(about)}`
      }),
    ),
    "complete -c hearsay -n '__fish_seen_subcommand_from export' -l format -x -a 'text json html'",
    "complete -c hearsay -n '__fish_seen_subcommand_from export' -l output -r -F",
  ].join('\n')}\n`
}

function fishText(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
