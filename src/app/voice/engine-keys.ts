import { type StreamUse, VoiceSealer } from '../../wire/voice-datagram.ts'
import { streamKey } from './engine-member.ts'
import type { VoiceStream } from './messages.ts'

/** So many a process can hardly be given: the oldest of them were given up long ago. */
const REMEMBERED_MAX = 10_000

/** The keys that this process seals by, each of them once: numbers begin at 0, and none may be sealed twice under one key. */
export class OwnKeys {
  private readonly used = new Set<string>()

  /** Throws where it was asked for the same before, which would betray what was sealed. */
  sealer(stream: VoiceStream, use: StreamUse): VoiceSealer {
    if (this.used.has(stream.secret)) throw new Error('a key of our own was given for a second time')
    if (this.used.size >= REMEMBERED_MAX) this.used.delete(this.used.keys().next().value!)
    this.used.add(stream.secret)
    return new VoiceSealer(streamKey(stream, use))
  }
}
