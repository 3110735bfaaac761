import type { Writable } from 'node:stream'
import { cleanLine } from '../../base/text.ts'
import { ExitStatus } from '../exit.ts'
import type { StartFault } from '../options.ts'
import { dataFolder, type Environment } from '../paths.ts'
import { type ControlAsked, controlSentence } from './control.ts'
import { askControl, type ControlAnswer } from './control-client.ts'
import { controlFolder, socketsIn } from './control-path.ts'

/** Nobody runs more of them, and each is asked. */
const ASKED_MAX = 64

/**
 * `hearsay ptt on` and the like: tells every hearsay of this user that is in voice, and says what came of it. 0 where one did it, else 1 and why
 * not.
 */
export async function runControl(
  { word, how }: ControlAsked,
  environment: Environment,
  output: Writable,
): Promise<number | StartFault> {
  if (process.platform === 'win32')
    return failed('no-control', 'this is not there on Windows yet; /ptt in hearsay does it')
  const folder = controlFolder(environment, dataFolder(environment) ?? '', true)
  const paths = folder === null ? [] : socketsIn(folder).slice(0, ASKED_MAX)
  const request = word === 'ptt' || word === 'mute' || word === 'deafen' ? `${word} ${how}` : word
  const answers = (await Promise.all(paths.map((path) => askControl(path, request)))).filter((each) => each !== null)
  const done = answers.filter((each) => each.ok)
  for (const each of done) output.write(`${controlSentence(each)}\n`)
  if (done.length > 0) return ExitStatus.asked
  const refused = answers.find((each): each is ControlAnswer & { ok: false } => !each.ok)
  if (refused !== undefined) return failed(refused.code, cleanLine(refused.message))
  return failed('nobody-there', 'no hearsay of yours runs that has been in voice; /voice join there begins')
}

function failed(code: string, message: string): StartFault {
  return { ok: false, code, message, exit: ExitStatus.failed }
}
