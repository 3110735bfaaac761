import { gatherSettings, noHome, setupWanted } from './app/config.ts'
import { ExitStatus } from './app/exit.ts'
import { openLog } from './app/log.ts'
import type { StartFault } from './app/options.ts'
import { parseArguments } from './app/options.ts'
import type { ExportAsked, ImportAsked } from './app/options-history.ts'
import type { TwoAsked } from './app/options-line.ts'
import type { TransferAsked } from './app/options-transfer.ts'
import type { Given } from './app/options-values.ts'
import { dataFolder } from './app/paths.ts'
import type { Settings } from './app/settings.ts'
import { start } from './app/start.ts'
import { HAS_SOUND, VOICE_ARGUMENT } from './app/voice/own-program.ts'

/** Arguments and wiring only: each step is elsewhere. */

declare const HEARSAY_VERSION: string | undefined
const VERSION = typeof HEARSAY_VERSION === 'string' ? HEARSAY_VERSION : '0.0.0-source'

async function main(): Promise<number> {
  const { stdout } = process
  if (process.argv[2] === VOICE_ARGUMENT) {
    const { runVoiceProcess } = await import('./app/voice/process.ts')
    return runVoiceProcess(process.argv[3])
  }
  const colour = stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === ''
  const asked = await parseArguments(process.argv.slice(2), { version: VERSION, colour, columns: stdout.columns ?? 80 })
  if (asked.kind === 'refuse') return refuse(asked.fault)
  if (asked.kind === 'print') {
    stdout.write(asked.text)
    return ExitStatus.asked
  }
  if (asked.kind === 'tracker') return track(asked.given)
  if (asked.kind === 'export' || asked.kind === 'import') return transfer(asked)
  if (asked.kind === 'control') {
    const { runControl } = await import('./app/voice/control-run.ts')
    const status = await runControl(asked.asked, process.env, stdout)
    return typeof status === 'number' ? status : refuse(status)
  }
  if (asked.kind === 'two') return two(asked)
  if (asked.kind === 'send' || asked.kind === 'receive') return once(asked)
  let gathered = await gatherSettings(asked, process.env)
  if (!gathered.ok) return refuse(gathered)
  const terminal = { input: process.stdin.isTTY === true, output: stdout.isTTY === true }
  if (setupWanted(gathered, asked.bare, terminal)) {
    const { runSetup, suggestName } = await import('./ui/wizard/wizard.ts')
    const suggestedName = suggestName(gathered.settings.username, process.env)
    const { openVoiceSetup } = await import('./app/voice/setup.ts')
    const voice = HAS_SOUND ? openVoiceSetup(gathered.settings.configFolder, process.env) : null
    const { configFile, variables } = gathered
    const setup = { input: process.stdin, output: stdout, configFile: configFile!, suggestedName, variables, voice }
    const outcome = await runSetup(setup)
    if (outcome.kind === 'fault') return refuse(outcome.fault)
    if (outcome.kind === 'cancelled') return ExitStatus.interrupted
    gathered = await gatherSettings(asked, process.env)
    if (!gathered.ok) return refuse(gathered)
  }
  return run(gathered.settings)
}

async function run(settings: Settings): Promise<number> {
  const started = await start(settings, VERSION, openLog(settings.debug))
  if (!started.ok) return refuse(started)
  const { chat } = started
  const streams = {
    chat,
    input: process.stdin,
    output: process.stdout,
    signals: process,
    env: process.env,
  }
  const over = await frontEnd(settings, streams)
  chat.emit(started.ready)
  started.begin()
  const status = await over()
  started.release()
  return status
}

/** A tracker and nothing else. */
async function track(given: Given): Promise<number> {
  const { runTracker, TRACKER_PORT } = await import('./app/tracker.ts')
  const { host = '127.0.0.1', port = TRACKER_PORT, json = false, debug = false } = given
  const io = { output: process.stdout, signals: process }
  const status = await runTracker({ host, port, json, version: VERSION, log: openLog(debug), ...io })
  return typeof status === 'number' ? status : refuse(status)
}

/** Two people over one connection, as the older program has it. */
async function two(asked: TwoAsked): Promise<number> {
  const { runTwo } = await import('./app/dialects/two.ts')
  const status = await runTwo(asked, { input: process.stdin, output: process.stdout, signals: process })
  return typeof status === 'number' ? status : refuse(status)
}

/** One transfer, without a front end. */
async function once(asked: TransferAsked): Promise<number> {
  const { stdin: input, stdout, stderr } = process
  const gathered = await gatherSettings(asked, process.env)
  if (!gathered.ok) return refuse(gathered)
  const { prepareOnce } = await import('./app/files/once.ts')
  const reading = new AbortController()
  const interrupt = (): void => {
    reading.abort()
    input.destroy()
  }
  process.on('SIGINT', interrupt)
  const prepared = await prepareOnce(asked, gathered.settings, input, reading.signal)
  process.off('SIGINT', interrupt)
  if (!prepared.ok) return refuse(prepared)
  const { settings, paths, files } = prepared
  const how = files === undefined ? { goesOn: asked.kind === 'receive' } : { files, goesOn: false }
  const started = await start(settings, VERSION, openLog(settings.debug), how)
  if (!started.ok) {
    await prepared.dispose()
    return refuse(started)
  }
  const { chat } = started
  const { runTransfer } = await import('./ui/transfer/run.ts')
  const status = runTransfer({ chat, asked, paths, input, output: stdout, errors: stderr, signals: process })
  chat.emit(started.ready)
  started.begin()
  const ended = await status
  started.release()
  await prepared.dispose()
  return ended
}

/** A room's history out of the data folder, or into it. */
async function transfer(asked: ExportAsked | ImportAsked): Promise<number> {
  const folder = dataFolder(process.env)
  if (folder === null) return refuse(noHome())
  const { runExport, runImport } = await import('./app/history/transfer.ts')
  const options = { dataFolder: folder, output: process.stdout, wallMs: Date.now() }
  const status = asked.kind === 'export' ? await runExport(asked, options) : await runImport(asked, options)
  return typeof status === 'number' ? status : refuse(status)
}

interface Streams {
  readonly chat: Parameters<typeof import('./ui/json/json.ts').runJson>[0]['chat']
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly signals: NodeJS.Process
  readonly env: Parameters<typeof import('./ui/screen/screen.ts').runScreen>[0]['env']
}

const DEBUG_SHOWN = 'Diagnostics go to this terminal, so this is the prompt; --debug <file> leaves the full screen.'

/** Starts the front end asked for; it hears from now on. The answer is called to await its exit status. */
async function frontEnd(settings: Settings, streams: Streams): Promise<() => Promise<number>> {
  if (settings.frontEnd === 'json') {
    const { runJson } = await import('./ui/json/json.ts')
    const status = runJson(streams)
    return () => status
  }
  if (settings.frontEnd === 'auto' && streams.input.isTTY && streams.output.isTTY) {
    const { whyNoScreen } = await import('./ui/screen/environment.ts')
    const why =
      settings.debug === true && process.stderr.isTTY ? DEBUG_SHOWN : whyNoScreen(streams.env, process.platform)
    if (why === null) {
      const { runScreen } = await import('./ui/screen/screen.ts')
      const status = runScreen({ ...streams, theme: settings.theme, keys: settings.keys })
      return () => status
    }
    streams.output.write(`${why}\n`)
  }
  const { runPrompt } = await import('./ui/prompt/prompt.ts')
  const status = runPrompt({ ...streams, theme: settings.theme })
  return () => status
}

function refuse(fault: StartFault): number {
  process.stderr.write(`hearsay: ${fault.message}\n`)
  return fault.exit
}

process.exit(await main())
