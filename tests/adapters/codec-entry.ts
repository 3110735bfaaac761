import { openOpus } from '../../src/adapters/opus.ts'
import { openRnnoise } from '../../src/adapters/rnnoise.ts'
import { decoderOf, encodeAll, Listener } from '../ports/codec-ends.ts'
import { likeness, voiceSound } from '../ports/voice-sound.ts'

/** Sends a voice through both, as the voice process does, and prints how like it is what comes out. */
const codec = await openOpus()
const suppressor = await openRnnoise()
if (!codec.ok) throw codec.cause
if (!suppressor.ok) throw suppressor.cause
const sound = voiceSound(96_000)
const clean = sound.slice()
for (let at = 0; at < clean.length; at += 480) suppressor.suppress(clean.subarray(at, at + 480))
const encoder = codec.encoder({ lossPercent: 10 })
const listener = new Listener(decoderOf(codec))
for (const payload of encodeAll(encoder, clean, 960).payloads) listener.decode(payload, 960)
console.log(likeness(sound, listener.heard(), encoder.delaySamples + suppressor.delaySamples))
