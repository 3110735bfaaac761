import type { DeviceView } from '../../app/voice/contract.ts'
import type { VoiceSetup } from '../../app/voice/setup.ts'
import { meter } from '../meter.ts'
import { type Asker, Back } from './asker.ts'

/** Clears the line that the cursor is in. */
const CLEARED = '\r\x1b[K'

/** Asks which devices voice is to use and lets people hear themselves. True where something was chosen. */
export async function askVoice(asker: Asker, voice: VoiceSetup): Promise<boolean> {
  for (;;) {
    const isWanted = await asker.ask<boolean>((prompts, streams) =>
      prompts.select<boolean>({
        ...streams,
        message: 'Try your microphone and headphones now?',
        initialValue: false,
        options: [
          { value: false, label: 'Later', hint: '/voice test does it at any time' },
          { value: true, label: 'Now', hint: 'choose devices, and hear yourself' },
        ],
      }),
    )
    if (!isWanted) return false
    try {
      return await chooseDevices(asker, voice)
    } catch (error) {
      if (!(error instanceof Back)) throw error
    }
  }
}

async function chooseDevices(asker: Asker, voice: VoiceSetup): Promise<boolean> {
  for (;;) {
    const devices = await voice.devices()
    if (!devices.ok) {
      asker.prompts.note(devices.message, 'Voice', { output: asker.output })
      return false
    }
    const input = await askDevice(asker, 'Which microphone?', devices.inputs)
    const output = await askDevice(asker, 'Where do you want to hear the others?', devices.outputs)
    voice.choose(input, output)
    await tryOut(asker, voice)
    const next = await asker.ask<'keep' | 'again' | 'skip'>((prompts, streams) =>
      prompts.select<'keep' | 'again' | 'skip'>({
        ...streams,
        message: 'Did you hear yourself?',
        options: [
          { value: 'keep', label: 'Yes', hint: 'use these' },
          { value: 'again', label: 'No, choose others' },
          { value: 'skip', label: 'Leave it for later' },
        ],
      }),
    )
    if (next !== 'again') return next === 'keep'
  }
}

function askDevice(asker: Asker, message: string, devices: readonly DeviceView[]): Promise<string | null> {
  return asker.ask<string | null>((prompts, streams) =>
    prompts.select<string | null>({
      ...streams,
      message,
      initialValue: null,
      options: [
        { value: null, label: 'The default', hint: devices.find(({ isDefault }) => isDefault)?.name ?? 'none now' },
        ...devices.map(({ id, name }) => ({ value: id, label: name })),
      ],
    }),
  )
}

/** A meter in one line, until a key is pressed or the test is over. */
async function tryOut(asker: Asker, voice: VoiceSetup): Promise<void> {
  const { output } = asker
  output.write('│  The microphone is opened. Any key goes on.\n')
  let advice = ''
  await asker.untilKey((finish) => {
    const test = voice.test({
      begun: (what) => output.write(`│  ${what}\n`),
      level: (peakDb) => output.write(`${CLEARED}│  ${meter(peakDb)} ${Math.round(peakDb)} dB`),
      over(said) {
        advice ||= said
        finish()
      },
    })
    return () => test.end()
  })
  output.write(`${CLEARED}│  ${advice}\n`)
}
