import type { Address } from '../base/address.ts'
import type { VoiceMode } from './voice/contract.ts'

/** What a run was asked for, after flag over variable over file over default. Every front end starts from this. */
export interface Settings {
  /** Where to listen; a host name, IPv4 or IPv6. */
  readonly host: string
  /** 0: the first free one in 8080–8999, else the system's choice. */
  readonly port: number
  /** null: TCP port + 1000 once that is known. */
  readonly udpPort: number | null
  readonly connect: readonly Address[]
  /** Where a list of nodes is kept, or is to be. */
  readonly trackers: readonly Address[]
  /** Multicast groups to find the nodes of the local network by; none: not to look for any; null: the usual ones where it listens beyond this machine. */
  readonly multicast: readonly Address[] | null
  /** Links only as given and as they come in. */
  readonly isStatic: boolean
  /** null: `user-<port>` once the port is known. */
  readonly username: string | null
  /** Rooms to join at the start, the first one current; never empty. */
  readonly rooms: readonly string[]
  /** `auto`: the best the terminal can show. */
  readonly frontEnd: 'auto' | 'plain' | 'json'
  /** Nothing is written at all: identity and history live in memory. */
  readonly ephemeral: boolean
  /** How long what was said is kept, and how much of it in each room, as sent; null: all of it. */
  readonly historyDays: number | null
  readonly historyMegabytes: number | null
  /** WAV files in place of what is recorded from, and played on; absolute paths. */
  readonly audioIn: string | null
  readonly audioOut: string | null
  /** A room to be in voice in from the start; null: none. */
  readonly voice: string | null
  /** For this run; null: as was chosen last. */
  readonly voiceMode: VoiceMode | null
  readonly noiseSuppression: boolean | null
  /** Diagnostics: false for none, true for standard error, or a file's path. */
  readonly debug: boolean | string
  /**
   * The folder of the identity (and of config.toml unless `--config` named another file). Empty only where
   * `ephemeral` and no home is known.
   */
  readonly configFolder: string
  /** The folder of what is learnt and kept. Empty as above. */
  readonly dataFolder: string
}
