import { SUBCOMMANDS, type Values } from '../subcommands.ts'
import { LATE_WORD, PLACES, readings } from './tables.ts'

/**
 * For bash 4 and later. Paths are left to readline itself, which alone knows how they are quoted: nothing is replied, and readline's own
 * completion steps in (`-o default`, `-o dirnames`). An older bash, which has no `compopt`, offers paths where nothing else fits.
 */
export function bash(): string {
  const taking = readings().map(
    ({ reading, values, patterns }) => `    ${patterns.join('|')}) reading=${reading} values='${listed(values)}' ;;`,
  )
  const flags = [...PLACES].map(
    ([place, list]) => `      ${place}) words='${list.map(({ name }) => `--${name}`).join(' ')}' ;;`,
  )
  const operands = SUBCOMMANDS.filter(({ values }) => values !== 'none').map(
    ({ word, values, operandsMax }) =>
      `    ${word}) ${operandsMax === Number.POSITIVE_INFINITY ? '' : `((operands < ${operandsMax})) && `}values='${listed(values)}' ;;`,
  )
  const words = SUBCOMMANDS.map(({ word }) => word)
  return `# Completion of hearsay for bash.
_hearsay_flag() {
  reading=switch values=
  case $1 in
${taking.join('\n')}
  esac
}

${OFFER}
${walk(words)}
_hearsay() {
  local IFS=$' \\t\\n' current=\${COMP_WORDS[COMP_CWORD]} prefix= place=top reading=switch values= operands=0 index word words=
  COMPREPLY=()
  compopt +o default 2>/dev/null
  _hearsay_walk
  if [[ $reading == one || $reading == maybe && $current != -* ]]; then
    _hearsay_offer "$values"
    return 0
  fi
  if [[ $current == -* ]]; then
    case $place in
${flags.join('\n')}
    esac
    _hearsay_offer "$words"
    return 0
  fi
  [[ $reading == rest ]] && ((operands--))
  values=
  case $place in
    top) if ((COMP_CWORD == 1)); then values='${words.join(' ')}'; elif ((operands == 0)); then values=${LATE_WORD}; fi ;;
${operands.join('\n')}
  esac
  _hearsay_offer "$values"
  return 0
}
complete -o default -F _hearsay hearsay
`
}

/** Replies words; of paths, says which. */
const OFFER = `_hearsay_offer() {
  case $1 in
    files) compopt -o default 2>/dev/null ;;
    folders) compopt -o dirnames 2>/dev/null ;;
    ?*) COMPREPLY=($(compgen -P "$prefix" -W "$1" -- "$current")) ;;
  esac
}
`

/** The variables of _hearsay that tell where the word stands that is typed: from the words before it. */
function walk(words: readonly string[]): string {
  return `_hearsay_walk() {
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    # Readline parts words at these; what follows belongs to what came before.
    case $word in
      [=:@]) if [[ $reading == switch ]]; then reading=rest; elif [[ $word == = ]]; then reading=one; fi; continue ;;
    esac
    if [[ $reading == one || $reading == rest || $reading == maybe && $word != -* ]]; then
      reading=switch
      continue
    fi
    reading=switch
    case $word in
      -*=*) ;;
      -?*) _hearsay_flag "$place:$word" ;;
      ${words.join('|')})
        if ((index == 1)) || [[ $place$operands$word == top0${LATE_WORD} ]]; then place=$word; else ((operands++)); fi ;;
      *) ((operands++)) ;;
    esac
  done
  if [[ $current == = ]]; then
    current=
    if [[ $reading == switch ]]; then reading=rest; else reading=one; fi
  elif [[ $current == --*=* ]]; then
    _hearsay_flag "$place:\${current%%=*}"
    prefix=\${current%%=*}= current=\${current#*=} reading=one
  fi
}
`
}

function listed(values: Values): string {
  if (values === 'none') return ''
  return typeof values === 'string' ? values : values.join(' ')
}
