import { resolve } from 'node:path'
import { systemClock } from '../../src/adapters/system-clock.ts'
import type {
  VoiceCommand,
  VoiceMember,
  VoiceReport,
  VoiceSettings,
  VoiceStream,
} from '../../src/app/voice/messages.ts'
import type { MemberStatistics } from '../../src/app/voice/reports.ts'
import { VoiceSupervisor } from '../../src/app/voice/supervisor.ts'
import type { Address } from '../../src/base/address.ts'

/** The program in source; what is measured may be the compiled one instead. */
const SOURCE = [process.execPath, resolve(import.meta.dir, '../../src/main.ts')]

const SETTINGS: VoiceSettings = {
  muted: false,
  deafened: false,
  mode: 'voice',
  pressed: false,
  bitrate: 32_000,
  frameMs: 20,
  noiseSuppression: true,
  automaticGain: true,
  gainDb: 0,
  volumePercent: 100,
  chimes: false,
  levels: false,
  input: null,
  output: null,
}

type Told<Name extends VoiceReport['tell']> = Extract<VoiceReport, { tell: Name }>

/** What stands between two, with an end for each: the first side's is 0. */
export interface Between {
  endpoint(side: 0 | 1): Address
  expect(side: 0 | 1, address: Address): void
}

export interface VoiceNodeOptions {
  readonly command?: readonly string[]
  /** The address of its socket; loopback by default. */
  readonly host?: string
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** WAV files in place of devices. */
  readonly files?: { readonly input: string | null; readonly output: string | null }
  readonly settings?: Partial<VoiceSettings>
}

/** A voice process as the main process has it, with a test in its place: signalling is what the test tells. */
export class VoiceNode {
  readonly reports: VoiceReport[] = []
  readonly tag = randomTag()
  audio = stream()
  settings: VoiceSettings
  private port = 0
  private readonly host: string
  private readonly control = new Map<VoiceNode, VoiceStream>()
  private readonly supervisor: VoiceSupervisor
  private readonly waiters = new Set<() => void>()

  constructor(
    readonly id: string,
    private readonly options: VoiceNodeOptions = {},
  ) {
    const { command = SOURCE, environment = process.env, settings = {} } = options
    this.settings = { ...SETTINGS, ...settings }
    this.host = options.host ?? '127.0.0.1'
    this.supervisor = new VoiceSupervisor({
      command,
      environment,
      clock: systemClock,
      log: () => {},
      changed: () => {},
      heard: (report) => {
        this.reports.push(report)
        for (const wake of [...this.waiters]) wake()
      },
    })
  }

  get pid(): number | null {
    return this.supervisor.pid
  }

  /** Starts the process. The room is entered by `begin`. */
  async start(): Promise<void> {
    this.supervisor.start()
    await this.until('ready')
    const { files } = this.options
    if (files !== undefined) this.send({ do: 'files', ...files })
  }

  async begin(): Promise<void> {
    const { settings, tag, audio } = this
    this.send({ do: 'begin', room: 'general', host: this.host, port: 0, tag, audio, settings })
    this.port = (await this.until('begun')).port
  }

  get endpoint(): Address {
    return { host: this.host, port: this.port }
  }

  /** Both are told of each other. */
  meet(other: VoiceNode): void {
    this.send({ do: 'member', member: this.knows(other) })
    other.send({ do: 'member', member: other.knows(this) })
  }

  /** Likewise, where the only way between them is through a relay, of which this is the first side. */
  meetThrough(relay: Between, other: VoiceNode): void {
    relay.expect(0, this.endpoint)
    relay.expect(1, other.endpoint)
    this.send({ do: 'member', member: this.knows(other, relay.endpoint(0)) })
    other.send({ do: 'member', member: other.knows(this, relay.endpoint(1)) })
  }

  set(settings: Partial<VoiceSettings>): void {
    this.settings = { ...this.settings, ...settings }
    this.send({ do: 'settings', settings: this.settings })
  }

  send(command: VoiceCommand): void {
    if (!this.supervisor.send(command)) throw new Error(`the voice process of ${this.id} does not hear`)
  }

  /** What was told of that kind, or will be, for which `met` holds. */
  async until<Name extends VoiceReport['tell']>(
    name: Name,
    met: (report: Told<Name>) => boolean = () => true,
  ): Promise<Told<Name>> {
    for (;;) {
      const fault = this.reports.find((report): report is Told<'fault'> => report.tell === 'fault' && isLasting(report))
      if (fault !== undefined && name !== 'fault') throw new Error(`${this.id}: ${fault.message}`)
      const found = this.reports.find((each): each is Told<Name> => each.tell === name && met(each as Told<Name>))
      if (found !== undefined) return found
      await new Promise<void>((wake) => {
        const once = (): void => {
          this.waiters.delete(once)
          wake()
        }
        this.waiters.add(once)
      })
    }
  }

  /** The next that is told. */
  next<Name extends VoiceReport['tell']>(name: Name): Promise<Told<Name>> {
    const before = this.reports.length
    return this.until(name, (report) => this.reports.indexOf(report) >= before)
  }

  about(other: VoiceNode): MemberStatistics | undefined {
    const last = this.reports.findLast((report): report is Told<'statistics'> => report.tell === 'statistics')
    return last?.statistics.members.find(({ id }) => id === other.id)
  }

  async stop(): Promise<void> {
    await this.supervisor.stop()
  }

  private knows(other: VoiceNode, endpoint = other.endpoint): VoiceMember {
    const { id, tag, audio } = other
    return {
      ...{ id, tag, audio, theirs: other.to(this), ours: this.to(other) },
      ...{ endpoints: [endpoint], volumePercent: 100, muted: false, chime: false },
    }
  }

  private to(other: VoiceNode): VoiceStream {
    const known = this.control.get(other) ?? stream()
    this.control.set(other, known)
    return known
  }
}

/** A device that falls silent is opened again, and a process that is stuck begins anew: both by themselves. */
function isLasting({ code }: Told<'fault'>): boolean {
  return code !== 'silent' && code !== 'gone' && code !== 'stuck'
}

function randomTag(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!
}

function stream(): VoiceStream {
  return { tag: randomTag(), secret: crypto.getRandomValues(new Uint8Array(32)).toHex() }
}
