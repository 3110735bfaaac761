import type { Writable } from 'node:stream'
import { writeConfigFile } from '../../app/config-file.ts'
import { formatConfig, type SetupAnswers } from '../../app/config-write.ts'
import type { StartFault } from '../../app/options.ts'
import { visible } from '../../app/options-quote.ts'
import { type Given, nameCheck } from '../../app/options-values.ts'
import type { Environment } from '../../app/paths.ts'
import type { VoiceSetup } from '../../app/voice/setup.ts'
import { Asker, Back, Cancelled } from './asker.ts'
import { type TerminalInput, takeKeys } from './keys.ts'
import { answersOf, type Draft, QUESTIONS, summary } from './questions.ts'
import { askVoice } from './voice-questions.ts'

export interface Setup {
  /** Both must be terminals. */
  readonly input: TerminalInput
  readonly output: Writable & { readonly isTTY?: boolean }
  /** Where the answers are written; nothing may be there yet. */
  readonly configFile: string
  /** The name unless another is typed; null where none offers itself. */
  readonly suggestedName: string | null
  /** What HEARSAY_… variables say: it counts over what is answered here. */
  readonly variables: Given
  /** Null where this build has no sound. */
  readonly voice: VoiceSetup | null
}

export type SetupOutcome =
  | { readonly kind: 'written' }
  /** Left with Ctrl-C, or with Escape at the first question, or the terminal went away. Nothing was written. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'fault'; readonly fault: StartFault }

/** Asks a newcomer how hearsay is to start, shows what comes of it, and writes config.toml once that is agreed to. */
export async function runSetup(setup: Setup): Promise<SetupOutcome> {
  const { input, output, configFile } = setup
  // Without a terminal, or at its end, the prompts would ask for ever at full speed.
  if (input.isTTY !== true || output.isTTY !== true || input.readableEnded || input.destroyed) {
    return { kind: 'cancelled' }
  }
  const prompts = await import('@clack/prompts')
  const gone = new AbortController()
  const hangUp = () => gone.abort()
  for (const event of OUTPUT_ENDS) output.on(event, hangUp)
  const { keys, isEscaped, stop } = takeKeys(input, hangUp)
  try {
    // What is wider than a terminal breaks the frame: 40 columns are the least.
    prompts.intro('Welcome to hearsay. A few questions.', { output })
    prompts.log.message('Escape: back. Ctrl-C: out.', { output })
    const { answers, hasVoice } = await askUntilAgreed(new Asker(prompts, keys, output, gone.signal, isEscaped), setup)
    const written = writeConfigFile(configFile, formatConfig(answers))
    if (!written.ok) return { kind: 'fault', fault: written }
    if (hasVoice) setup.voice?.keep()
    prompts.outro(`Written to ${visible(configFile)}: change it there whenever you like.`, { output })
    return { kind: 'written' }
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error
    output.write('Nothing was written.\n')
    return { kind: 'cancelled' }
  } finally {
    stop()
    await setup.voice?.close()
    // What was just written to a terminal that has gone fails later: that must not end the process its own way.
    if (!gone.signal.aborted) for (const event of OUTPUT_ENDS) output.off(event, hangUp)
  }
}

const OUTPUT_ENDS = ['close', 'error'] as const

/** The name to suggest: one already given, else the login name where it will do. */
export function suggestName(given: string | null, environment: Environment): string | null {
  if (given !== null) return given
  const login = [environment.USER, environment.LOGNAME, environment.USERNAME].find((name) => name)
  return login === undefined ? null : nameCheck.read(login)
}

interface Agreed {
  readonly answers: SetupAnswers
  /** Devices for voice were chosen. */
  readonly hasVoice: boolean
}

/** One thing that is asked; answers whether to go on, or else to begin again. */
interface Step {
  readonly isWanted: () => boolean
  readonly ask: () => Promise<boolean>
}

async function askUntilAgreed(asker: Asker, { suggestedName, configFile, variables, voice }: Setup): Promise<Agreed> {
  let draft: Draft = { name: suggestedName ?? '', isNamed: false, reach: 'machine', keep: true, peer: '', dialects: [] }
  let hasVoice = false
  // Who keeps nothing would choose devices for nothing.
  const isVoiceWanted = (): boolean => voice !== null && draft.keep
  const questions = QUESTIONS.map((question): Step => {
    const ask = async (): Promise<boolean> => {
      draft = await question(asker, draft)
      return true
    }
    return { isWanted: () => true, ask }
  })
  const askForVoice = async (): Promise<boolean> => {
    hasVoice = await askVoice(asker, voice!)
    return true
  }
  const agree = (): Promise<boolean> => {
    asker.prompts.note(summary(answersOf(draft), configFile, variables), 'What hearsay will do', {
      output: asker.output,
    })
    return asker.ask<boolean>((prompts, streams) =>
      prompts.confirm({ ...streams, message: 'Write that and start?', active: 'Yes', inactive: 'No, ask again' }),
    )
  }
  await askInTurn([...questions, { isWanted: isVoiceWanted, ask: askForVoice }, { isWanted: () => true, ask: agree }])
  return { answers: answersOf(draft), hasVoice: hasVoice && isVoiceWanted() }
}

/** One after the other; Escape goes back to the one before, and from the first one out. */
async function askInTurn(steps: readonly Step[]): Promise<void> {
  for (let at = 0; at < steps.length; ) {
    const step = steps[at]!
    try {
      if (step.isWanted() && !(await step.ask())) at = 0
      else at++
    } catch (error) {
      if (!(error instanceof Back)) throw error
      at = steps.findLastIndex((each, index) => index < at && each.isWanted())
      if (at === -1) throw new Cancelled()
    }
  }
}
