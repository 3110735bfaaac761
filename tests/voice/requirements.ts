import { whyNoSpeech } from './speech.ts'
import { whyNoStoi } from './stoi.ts'

if (whyNoStoi !== null) console.error(`tests/voice was not run: ${whyNoStoi}`)
else if (whyNoSpeech !== null) console.error(`tests/voice was run in part: ${whyNoSpeech}`)

/** Whether STOI can be measured on this machine; if not, why has been said once. */
export const stoiTests = whyNoStoi === null
/** Whether there is speech to measure it on. */
export const speechTests = stoiTests && whyNoSpeech === null
