import { ExitStatus } from './exit.ts'
import type { Arguments } from './options.ts'
import { quoted } from './options-quote.ts'
import { readControl } from './voice/control.ts'

/** `hearsay ptt` and the like: for keys of a compositor or a window manager. */

const CONTROL_HELP = `Usage: hearsay ptt [on|off|toggle]
       hearsay mute [on|off|toggle], hearsay unmute
       hearsay deafen [on|off|toggle], hearsay undeafen
       hearsay status

Tells the hearsay that runs, and is in voice, to do so, and says how it stands then: for keys of
a compositor or a window manager. Bind ptt on to a key that goes down, ptt off to the key that
comes up, or ptt toggle to a key where only the first can be bound. Status 1 and a sentence
where nobody is in voice.

  sway   bindsym --no-repeat F8 exec hearsay ptt on
         bindsym --release F8 exec hearsay ptt off
  i3     bindsym F8 exec --no-startup-id hearsay ptt on
         bindsym --release F8 exec --no-startup-id hearsay ptt off
  GNOME  Settings, Keyboard, Custom Shortcuts: hearsay ptt toggle
`

/** Reads the words after the program's name, the first of which is one of these. */
export function controlArguments(argv: readonly string[]): Arguments {
  if (argv.includes('--help') || argv.includes('-h')) return { kind: 'print', text: CONTROL_HELP }
  const asked = readControl(argv)
  if (asked !== null) return { kind: 'control', asked }
  const [word = '', how = ''] = argv
  const message = `${word}: ${quoted(how)} means nothing here; see hearsay ${word} --help`
  return { kind: 'refuse', fault: { ok: false, code: 'bad-value', message, exit: ExitStatus.wrongUsage } }
}
