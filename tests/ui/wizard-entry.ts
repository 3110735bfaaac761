/**
 * What the program does until it knows its settings, as a process of its own: arguments, configuration, the questions
 * where they are wanted. Says the settings in one line, then the first line it reads.
 */
import { gatherSettings, setupWanted } from '../../src/app/config.ts'
import { ExitStatus } from '../../src/app/exit.ts'
import { parseArguments } from '../../src/app/options.ts'
import { runSetup, suggestName } from '../../src/ui/wizard/wizard.ts'
import { FakeSetup } from './fake-setup.ts'

const asked = await parseArguments(process.argv.slice(2), { version: '0', colour: false, columns: 80 })
if (asked.kind !== 'run') throw new Error(asked.kind)
let gathered = await gatherSettings(asked, process.env)
if (!gathered.ok) throw new Error(gathered.message)

if (setupWanted(gathered, asked.bare, { input: process.stdin.isTTY, output: process.stdout.isTTY })) {
  const outcome = await runSetup({
    input: process.stdin,
    output: process.stdout,
    configFile: gathered.configFile!,
    suggestedName: suggestName(gathered.settings.username, process.env),
    variables: gathered.variables,
    voice: process.env['WITH_VOICE'] === '1' ? new FakeSetup() : null,
  })
  if (outcome.kind === 'cancelled') process.exit(ExitStatus.interrupted)
  if (outcome.kind === 'fault') throw new Error(outcome.fault.message)
  gathered = await gatherSettings(asked, process.env)
  if (!gathered.ok) throw new Error(gathered.message)
}
const { username, host, ephemeral, connect } = gathered.settings
console.log(`SETTINGS ${JSON.stringify({ username, host, ephemeral, connect })}`)
process.stdin.once('data', (line: Uint8Array) => {
  console.log(`READ ${JSON.stringify(line.toString())} ${process.stdin.isRaw === true ? 'raw' : 'cooked'}`)
  process.exit(ExitStatus.asked)
})
process.stdin.once('end', () => process.exit(ExitStatus.asked))
