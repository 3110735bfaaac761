import type { Flag } from '../flags.ts'
import { SUBCOMMANDS, type Values } from '../subcommands.ts'
import { LATE_WORD, type Placed, placedFlags, readings, TOP, valuesOf } from './tables.ts'

/** For fish 3 and later. It asks these functions, by conditions, where the word that is typed stands. */
export function fish(): string {
  const operands = SUBCOMMANDS.flatMap(({ word, values, operandsMax }) => {
    if (values === 'none') return []
    const max = operandsMax === Number.POSITIVE_INFINITY ? '' : ` ${operandsMax}`
    return [`complete -c hearsay -n '__hearsay_operand ${word}${max}' ${offer(values)}`]
  })
  return `# Completion of hearsay for fish.
${where()}${CONDITIONS}complete -c hearsay -f
${[
  ...SUBCOMMANDS.map(({ word, about }) => `complete -c hearsay -n __hearsay_first -a ${word} -d ${quote(about)}`),
  ...SUBCOMMANDS.filter(({ word }) => word === LATE_WORD).map(
    ({ word, about }) => `complete -c hearsay -n __hearsay_late -a ${word} -d ${quote(about)}`,
  ),
  ...placedFlags().map(flagLine),
  ...operands,
  'complete -c hearsay -n __hearsay_maybe -F',
].join('\n')}
`
}

/** The place, how many operands came, how the last flag's value is read, and how many words there are. */
function where(): string {
  const words = SUBCOMMANDS.map(({ word }) => word)
  const cases = readings()
    .filter(({ reading }) => reading !== 'joined')
    .map(
      ({ reading, patterns }) =>
        `                case ${patterns.map(quote).join(' ')}\n                    set reading ${reading}`,
    )
  return `function __hearsay_where
    set -l words (commandline -opc)
    set -e words[1]
    set -l count (count $words)
    set -l place ${TOP}
    set -l operands 0
    set -l reading switch
    if contains -- "$words[1]" ${words.join(' ')}
        set place $words[1]
        set -e words[1]
    end
    for word in $words
        if test $reading = one
            set reading switch
            continue
        end
        if test $reading = maybe; and not string match -q -- '-*' $word
            set reading switch
            continue
        end
        set reading switch
        if string match -qr -- '^-[^=]+$' $word
            switch $place:$word
${cases.join('\n')}
            end
        else if not string match -q -- '-?*' $word
            if test $place = ${TOP} -a $operands -eq 0 -a "$word" = ${LATE_WORD}
                set place ${LATE_WORD}
            else
                set operands (math $operands + 1)
            end
        end
    end
    printf '%s\\n' $place $operands $reading $count
end

`
}

const CONDITIONS = `function __hearsay_in
    set -l where (__hearsay_where)
    contains -- $where[1] $argv
end

function __hearsay_operand --argument-names place max
    set -l where (__hearsay_where)
    test $where[1] = $place -a $where[3] = switch; or return 1
    test -z "$max"; or test $where[2] -lt $max
end

function __hearsay_first
    set -l where (__hearsay_where)
    test $where[4] -eq 0
end

function __hearsay_late
    set -l where (__hearsay_where)
    test $where[1] = ${TOP} -a $where[2] -eq 0 -a $where[3] = switch -a $where[4] -gt 0
end

function __hearsay_maybe
    set -l where (__hearsay_where)
    test $where[3] = maybe
end

`

function flagLine({ flag, places }: Placed): string {
  const short = flag.short === undefined ? '' : ` -s ${flag.short.slice(1)}`
  const value = takes(flag)
  return `complete -c hearsay -n '__hearsay_in ${places.join(' ')}' -l ${flag.name}${short}${value} -d ${quote(flag.about)}`
}

function takes(flag: Flag): string {
  const reading = flag.arity
  if (reading === 'switch') return ''
  const values = valuesOf(flag)
  // Told that a value must follow, fish would not complete a flag behind it.
  if (reading === 'maybe' || reading === 'joined') return ` ${offer(values)}`
  return values === 'none' ? ' -x' : ` -r ${offer(values)}`
}

function offer(values: Values): string {
  if (values === 'none') return '-f'
  if (values === 'files') return '-F'
  return `-f -a ${values === 'folders' ? FOLDERS : quote(values.join(' '))}`
}

/** Where nothing stands behind `--flag=` yet, fish's own function takes the flag for the name of a folder. */
const FOLDERS = `'(__fish_complete_directories (commandline -ct | string replace -r "^-[^=]*=" ""))'`

function quote(plain: string): string {
  return `'${plain.replace(/[\\']/g, '\\$&')}'`
}
