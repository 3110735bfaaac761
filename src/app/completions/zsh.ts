import type { Flag } from '../flags.ts'
import { OPTIONS } from '../options-help.ts'
import { offeredFlags, SUBCOMMANDS, type Subcommand, type Values } from '../subcommands.ts'
import { LATE_WORD, valuesOf } from './tables.ts'

/** Works read by a start-up file behind `compinit`, and as a file `_hearsay` in a folder of `fpath`: there the whole of it is the function's first call. */
export function zsh(): string {
  const words = SUBCOMMANDS.map(({ word, about }) => `    ${quote(`${word}:${about.replaceAll(':', '\\:')}`)}`)
  return `#compdef hearsay
# Completion of hearsay for zsh.
_hearsay_behind() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  case $words[1] in
${SUBCOMMANDS.map(behind).join('\n')}
  esac
}

_hearsay() {
  local curcontext=$curcontext state line ret=1
  local -a first
  typeset -A opt_args
  first=(
${words.join('\n')}
  )
  if (( CURRENT > 2 )) && (( \${first[(I)\${(b)words[2]}:*]} )); then
    shift words
    (( CURRENT-- ))
    _hearsay_behind
    return
  fi
  # Behind options a single word is one that comes first.
  (( CURRENT > 2 )) && first=(\${(M)first:#${LATE_WORD}:*})
  _arguments -C -S \\
${OPTIONS.map((flag) => `    ${specOf(flag)} \\`).join('\n')}
    '(-)1: :->first' \\
    '(-)*:: :->behind' && ret=0
  case $state in
    first) [[ $words[CURRENT-1] != --debug ]] && _describe -t commands command first && ret=0 ;;
    behind) [[ $words[1] == ${LATE_WORD} ]] && _hearsay_behind && ret=0 ;;
  esac
  return ret
}

if [[ \${funcstack[1]-} == _hearsay ]]; then
  _hearsay "$@"
else
  compdef _hearsay hearsay
fi
`
}

function behind(subcommand: Subcommand): string {
  const { word, values, operandsMax } = subcommand
  const specs = offeredFlags(subcommand).map(specOf)
  const position = operandsMax === Number.POSITIVE_INFINITY ? '*' : String(operandsMax)
  if (values !== 'none') specs.push(quote(`${position}: :${actionOf(values)}`))
  return `    ${word})
      _arguments -S \\
${specs.map((spec) => `        ${spec}`).join(' \\\n')} ;;`
}

/** One flag in the language of _arguments. */
function specOf(flag: Flag): string {
  const { name, short, arity } = flag
  const about = `[${text(flag.about)}]`
  const value = `${text(flag.value)}:${actionOf(valuesOf(flag))}`
  if (short !== undefined) return `'(${short} --${name})'{${short},--${name}}${quote(about)}`
  switch (arity) {
    case 'switch':
      return quote(`--${name}${about}`)
    case 'one':
      return quote(`--${name}=${about}:${value}`)
    case 'many':
      return quote(`*--${name}=${about}:${value}`)
    case 'maybe':
      return quote(`--${name}=${about}::${value}`)
    case 'joined':
      return quote(`--${name}=-${about}::${value}`)
  }
}

function actionOf(values: Values): string {
  if (values === 'none') return ''
  if (values === 'files') return '_files'
  return values === 'folders' ? '_path_files -/' : `(${values.join(' ')})`
}

/** Nothing of it is taken for a part of a spec. */
function text(plain: string): string {
  return plain.replace(/[[\]:\\]/g, '\\$&')
}

function quote(plain: string): string {
  return `'${plain.replaceAll("'", "'\\''")}'`
}
