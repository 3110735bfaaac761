import type { Address } from '../../base/address.ts'
import { encodeBase32 } from '../../base/base32.ts'
import { toHex } from '../../base/bytes.ts'
import type { VoiceMemberTelling, VoiceStreamKey, VoiceTelling } from '../../node/voice-outputs.ts'
import type { Log } from '../log.ts'
import type { Tuning } from './contract.ts'
import type { VoiceCommand, VoiceMember, VoiceSettings, VoiceStream } from './messages.ts'
import type { VoiceRunner } from './runner.ts'

export interface VoiceSessionOptions {
  readonly runner: VoiceRunner
  /** Where to listen: the node's own address, a literal one, and the UDP port. */
  readonly listen: Address
  readonly log: Log
  settings(): VoiceSettings
  /** How somebody is to be heard, by their id. */
  tuning(id: string): Tuning
  /** New keys are wanted: told by the node as another session. */
  anew(): void
}

/** Where the voice socket is. */
export interface Begun {
  readonly port: number
  readonly local: readonly Address[]
}

/** Bounds of messages.ts. */
const KEY_AFTER_MS_MAX = 5_000

interface Current {
  readonly room: string
  readonly tag: number
  audio: VoiceStream
  /** A voice process has been given its keys, and no other may be. */
  isSpent: boolean
}

/**
 * What the node tells of a voice room, kept so that a voice process can be told all of it: whenever one begins, and under keys that none has
 * seen before.
 */
export class VoiceSession {
  /** Null until the voice process has opened its port. */
  begun: Begun | null = null
  /** The port that was wanted is somebody else's. */
  isAnyPort = false
  private current: Current | null = null
  private readonly told = new Map<string, VoiceMemberTelling>()

  constructor(private readonly options: VoiceSessionOptions) {}

  get room(): string | null {
    return this.current?.room ?? null
  }

  /** How many there are to talk with. */
  get members(): number {
    return this.told.size
  }

  tell(telling: VoiceTelling): void {
    switch (telling.kind) {
      case 'voice-session':
        this.current = { room: telling.room, tag: telling.tag, audio: streamOf(telling.audio), isSpent: false }
        this.told.clear()
        this.begun = null
        return this.begin()
      case 'voice-member': {
        if (telling.room !== this.room) return
        const id = encodeBase32(telling.member)
        this.told.set(id, telling)
        return this.say({ do: 'member', member: this.memberOf(id, telling) })
      }
      case 'voice-gone': {
        const id = encodeBase32(telling.member)
        return this.told.delete(id) ? this.say({ do: 'gone', id, chime: telling.chime }) : undefined
      }
      case 'voice-key':
        return this.renew(telling.audio, telling.afterMs)
      case 'voice-presence':
    }
  }

  /** A voice process hears: it knows nothing yet. */
  ready(): void {
    if (this.current?.isSpent === true) this.options.anew()
    else this.begin()
  }

  /** There is no voice process for now. */
  lost(): void {
    this.begun = null
  }

  /** Another port than the one that is taken. */
  beginElsewhere(): void {
    this.isAnyPort = true
    this.options.anew()
  }

  applySettings(): void {
    this.say({ do: 'settings', settings: this.options.settings() })
  }

  /** How somebody is to be heard has changed. */
  retell(id: string): void {
    const told = this.told.get(id)
    if (told !== undefined) this.say({ do: 'member', member: this.memberOf(id, told) })
  }

  end(): void {
    this.say({ do: 'end' })
    this.current = null
    this.begun = null
    this.isAnyPort = false
    this.told.clear()
  }

  private begin(): void {
    const { current } = this
    const { runner, listen, settings } = this.options
    if (current === null || current.isSpent || !runner.isReady) return
    current.isSpent = true
    const { room, tag, audio } = current
    const port = this.isAnyPort ? 0 : listen.port
    this.say({ do: 'begin', room, host: listen.host, port, tag, audio, settings: settings() })
    for (const [id, told] of this.told) this.say({ do: 'member', member: this.memberOf(id, told) })
  }

  private renew(audio: VoiceStreamKey, afterMs: number): void {
    if (this.current === null) return
    this.current.audio = streamOf(audio)
    this.say({ do: 'key', audio: this.current.audio, afterMs: Math.round(Math.min(afterMs, KEY_AFTER_MS_MAX)) })
  }

  /** Of the room, and so to nobody who has not begun there: that one is told when it does. */
  private say(command: VoiceCommand): void {
    const { runner, log } = this.options
    if (this.current?.isSpent !== true || runner.send(command)) return
    log('voice-unsent', `The voice process did not take ${command.do}.`)
  }

  private memberOf(id: string, { tag, audio, theirs, ours, endpoints, isNew }: VoiceMemberTelling): VoiceMember {
    const { volumePercent, silenced } = this.options.tuning(id)
    return {
      ...{ id, tag, audio: streamOf(audio), theirs: streamOf(theirs), ours: streamOf(ours) },
      ...{
        endpoints: endpoints.map(({ host, port }) => ({ host, port })),
        volumePercent,
        muted: silenced,
        chime: isNew,
      },
    }
  }
}

function streamOf({ tag, secret }: VoiceStreamKey): VoiceStream {
  return { tag, secret: toHex(secret) }
}
