import type { Outcome } from '../../../src/app/chat.ts'
import type { AppEvent, NoticeEvent, VoiceEvent } from '../../../src/app/events.ts'
import { People } from '../../../src/app/people.ts'
import { ChoiceStore } from '../../../src/app/voice/choices.ts'
import type { VoiceAnswer } from '../../../src/app/voice/contract.ts'
import { VoiceFront } from '../../../src/app/voice/front.ts'
import type { VoiceCommand, VoiceReport } from '../../../src/app/voice/messages.ts'
import { VoiceRoom } from '../../../src/app/voice/room.ts'
import { type VoiceProcess, VoiceRunner } from '../../../src/app/voice/runner.ts'
import { VoiceService } from '../../../src/app/voice/service.ts'
import { encodeBase32 } from '../../../src/base/base32.ts'
import type { VoiceFault, VoicePresent, VoiceSteering, VoiceTelling } from '../../../src/node/voice-outputs.ts'
import { VirtualClock } from '../../sim/time.ts'
import { World } from '../../sim/world.ts'

/** A voice process that does nothing but take down what it is told, and says what a test wants. */
class FakeProcess implements VoiceProcess {
  /** What the one that runs was told. */
  told: VoiceCommand[] = []
  starts = 0
  stops = 0
  runs = false

  constructor(private readonly lab: VoiceLab) {}

  start(): void {
    if (this.runs) return
    this.runs = true
    this.starts++
    this.told = []
    this.lab.service.processChanged({ is: 'starting' })
  }

  send(command: VoiceCommand): boolean {
    if (this.runs) this.told.push(command)
    return this.runs
  }

  async stop(): Promise<void> {
    this.runs = false
    this.stops++
    await Promise.resolve()
    this.lab.service.processChanged({ is: 'ended' })
  }

  is(name: VoiceCommand['do']): VoiceCommand[] {
    return this.told.filter((command) => command.do === name)
  }

  ready(): void {
    this.lab.service.processChanged({ is: 'running' })
    this.lab.service.heard({ tell: 'ready' })
  }

  crash(): void {
    this.runs = false
    this.lab.service.processChanged({
      is: 'restarting',
      message: 'Voice has crashed (signal SIGKILL) and is coming back.',
    })
    this.start()
  }

  tell(report: VoiceReport): void {
    this.lab.service.heard(report)
  }
}

/** A node's side of voice: gives new keys for each session, and remembers what it was told. */
class FakeSteering implements VoiceSteering {
  room: string | null = null
  readonly asked: string[] = []
  people: VoicePresent[] = []
  fault: VoiceFault | null = null
  private keys = 0

  constructor(private readonly tell: (telling: VoiceTelling) => void) {}

  join(room: string): VoiceFault | null {
    this.asked.push(`join ${room}`)
    if (this.fault !== null) return this.fault
    this.begin(room)
    return null
  }

  reachable(endpoints: Parameters<VoiceSteering['reachable']>[0]): void {
    this.asked.push(`reachable ${endpoints.map(({ host, port }) => `${host}:${port}`).join(' ')}`)
  }

  anew(): void {
    this.asked.push('anew')
    this.begin(this.room!)
  }

  state(muted: boolean, deafened: boolean): void {
    this.asked.push(`state ${muted} ${deafened}`)
  }

  leave(): void {
    this.asked.push('leave')
    this.room = null
  }

  present(): VoicePresent[] {
    return this.people
  }

  key(): { tag: number; secret: Uint8Array } {
    return { tag: ++this.keys, secret: new Uint8Array(32).fill(this.keys) }
  }

  private begin(room: string): void {
    this.room = room
    this.tell({ kind: 'voice-session', room, tag: 1_000 + this.keys, audio: this.key() })
  }
}

/** The main process' side of voice, with everything around it made up. */
export class VoiceLab {
  readonly world = new World(1)
  readonly clock = new VirtualClock(this.world.time)
  readonly events: AppEvent[] = []
  readonly people = new People()
  readonly process = new FakeProcess(this)
  readonly steering = new FakeSteering((telling) => this.front.hear(telling))
  readonly store: ChoiceStore
  readonly service: VoiceService
  readonly front: VoiceFront
  opened = 0

  constructor(
    options: { readonly folder?: string; readonly files?: { input: string | null; output: string | null } } = {},
  ) {
    const { clock, people, steering } = this
    const emit = (event: AppEvent): void => void this.events.push(event)
    const log = (): void => {}
    const { folder = null, files = { input: null, output: null } } = options
    this.store = new ChoiceStore({ folder, isWritten: folder !== null, given: {}, log })
    const runner = new VoiceRunner(this.process)
    const listen = { host: '127.0.0.1', port: 9_000 }
    const room = new VoiceRoom({ ...{ steering, people, clock, runner, listen, log, emit }, store: this.store })
    const find = (peer: string) => people.find(peer)
    this.service = new VoiceService({ ...{ clock, runner, room, files, emit, find }, store: this.store })
    this.front = new VoiceFront({
      ...{ steering, people, currentRoom: () => 'general', emit },
      open: async () => {
        this.opened++
        return this.service
      },
    })
  }

  /** In voice in a room, with a process that has begun. */
  async joined(room: string | null = null): Promise<Outcome<VoiceAnswer>> {
    const answer = this.front.join(room)
    await this.turn()
    this.process.ready()
    this.begun()
    return answer
  }

  begun(port = 9_000): void {
    this.process.tell({ tell: 'begun', room: this.steering.room!, port, local: [{ host: '127.0.0.1', port }] })
  }

  /** Somebody comes into voice, as the node tells it. */
  meet(name: string, seed: number, muted = false): string {
    const member = new Uint8Array(32).fill(seed)
    const room = this.steering.room ?? 'general'
    const flags = { muted, deafened: false, name }
    this.steering.people.push({ member, sinceMs: 0, ...flags })
    this.front.hear({ kind: 'voice-presence', room, state: 'joined', member, isNew: true, ...flags })
    if (this.steering.room !== null) this.tellMember(member)
    return encodeBase32(member)
  }

  tellMember(member: Uint8Array): void {
    const keys = { audio: this.steering.key(), theirs: this.steering.key(), ours: this.steering.key() }
    const endpoints = [{ host: '127.0.0.1', port: 9_001 }]
    const room = this.steering.room!
    this.front.hear({
      kind: 'voice-member',
      room,
      member,
      tag: member[0]!,
      ...keys,
      endpoints,
      muted: false,
      isNew: true,
    })
  }

  get voiceEvents(): VoiceEvent[] {
    return this.events.filter((event): event is VoiceEvent => event.event === 'voice')
  }

  get notices(): NoticeEvent[] {
    return this.events.filter((event): event is NoticeEvent => event.event === 'notice')
  }

  /** Lets what waits for promises happen. */
  async turn(): Promise<void> {
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }

  async pass(ms: number): Promise<void> {
    this.world.time.pass(ms)
    await this.turn()
  }
}
