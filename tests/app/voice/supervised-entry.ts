import { rmSync, writeSync } from 'node:fs'
import { parseCommand } from '../../../src/app/voice/messages.ts'
import { VOICE_ARGUMENT } from '../../../src/app/voice/own-program.ts'

/** Stands for a voice process: `supervised-entry.ts MODE --voice-process FOLDER`. */

const [mode, argument, folder] = process.argv.slice(2)
const tell = (message: unknown): void => void process.send!(message)

if (argument !== VOICE_ARGUMENT || folder === undefined) process.exit(9)
if (mode === 'crashes') {
  writeSync(2, 'noise\nassertion failed: \u001b[31mno sound\n')
  process.exit(7)
}
if (mode === 'chatters') writeSync(2, 'assertion failed\nALSA lib pcm.c:8570:(snd_pcm_recover) underrun occurred\n')
if (mode !== 'lingers') {
  process.on('disconnect', () => {
    rmSync(folder, { recursive: true, force: true })
    process.exit(0)
  })
}
process.on('message', (message) => {
  const command = parseCommand(message)
  if (command?.do === 'quiet') while (true);
  if (command?.do === 'devices') {
    tell({ tell: 'devices', inputs: [{ id: folder, name: String(process.pid), isDefault: true }], outputs: [] })
  }
  // What a crash or another version could say.
  if (command?.do === 'loopback')
    for (const odd of [null, 'x', { tell: 'level' }, { tell: 'fault', code: 1 }]) tell(odd)
})
tell({ tell: 'ready' })
setInterval(() => process.connected && tell({ tell: 'alive' }), 20)
