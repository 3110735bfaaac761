import { type Address, formatAddress } from '../../base/address.ts'
import { type DialectName, markName } from '../../base/dialects.ts'
import type { AcceptPolicy } from '../../core/transfer/offers.ts'
import { Bridge, LISTEN_FIRST_MS } from '../../dialects/bridge.ts'
import { FLOOD_COUNTED_MS, FloodNote } from '../../dialects/flood-note.ts'
import type { MeshMachine } from '../../dialects/mesh/machine.ts'
import type { BridgeTelling, DialledTelling, PeerTelling } from '../../dialects/outputs.ts'
import type { Words } from '../../dialects/words.ts'
import type { EventTelling } from '../../node/outputs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Multicast } from '../../ports/multicast.ts'
import type { Tcp } from '../../ports/tcp.ts'
import type { Outcome, PeerView } from '../chat.ts'
import type { AppEvent, Person } from '../events.ts'
import type { FilesChat } from '../files/files-chat.ts'
import type { DialectAsked } from '../options-values.ts'
import type { ForeignVoice } from '../voice/foreign.ts'
import { withLineFiles } from './both-files.ts'
import { type Fellowship, fellowAddresses, fellowsOn, isHere, isSamePlace } from './fellows.ts'
import { FramedPresence } from './framed-voice.ts'
import { FrontDoor } from './front-door.ts'
import { LineFiles } from './line-files.ts'
import { AskedLinks } from './links.ts'
import { type Machines, type MachinesAsked, makeMachines, meshGroup } from './machines.ts'
import { MeshGroup } from './mesh-group.ts'
import { bridgeId, nativeWords, relayedBody } from './native-words.ts'
import type { Outside } from './outside.ts'
import { type DialectTelling, Sockets } from './sockets.ts'
import { Strangers } from './strangers.ts'

/** How often it is looked who else bridges the same networks, at most. */
const FELLOWS_EVERY_MS = 500
/** How long goodbyes may take, and take at least where datagrams are among them. */
const LEAVE_MS_MIN = 50
const LEAVE_MS_MAX = 1_000
const LEAVE_LOOK_MS = 20

/** What the desk needs of the node and the program around it. */
export interface DeskHost extends Fellowship {
  readonly key: Uint8Array
  name(): string
  joined(): ReadonlySet<string>
  relay(room: string, body: Uint8Array): Promise<unknown>
  /** Offers what stands at a path to a room; answers null, or why not. */
  offer(path: string, room: string): Promise<string | null>
  /** Whether somebody, by the id, is not to be heard. */
  isIgnored(id: string): boolean
  emit(event: AppEvent): void
}

export interface DeskOptions {
  readonly asked: readonly DialectAsked[]
  readonly clock: Clock
  readonly tcp: Tcp
  readonly multicast: Multicast
  /** What is done with files that are sent here. */
  readonly acceptFiles: AcceptPolicy
  readonly downloadFolder: string
  readonly isOurs: (host: string) => Promise<boolean>
  readonly log: (code: string, message: string) => void
}

/** Runs the dialects that are let in, and the bridge between them and our rooms. */
export class DialectDesk implements Outside {
  /** The way to the network for the node: with a door that tells callers apart. */
  readonly tcp: Tcp
  private readonly sockets = new Map<DialectName, Sockets>()
  private strangers: Strangers | null = null
  private bridge: Bridge | null = null
  private host: DeskHost | null = null
  private machines: Machines = {}
  private group: MeshGroup | null = null
  private fellowsAtMs = Number.NEGATIVE_INFINITY
  private readonly loud = new FloodNote()
  private cancelTimer: (() => void) | null = null
  private cancelLoud: (() => void) | null = null
  private isStopped = false
  private framedVoice: FramedPresence | null = null
  private files: LineFiles | null = null
  private readonly links = new AskedLinks({
    machines: () => this.machines,
    peers: () => this.peers(),
    run: (dialect, act) => {
      const machine = this.machines[dialect]!
      return this.sockets.get(dialect)!.run((_, nowMs) => act(machine, nowMs))
    },
  })

  constructor(private readonly options: DeskOptions) {
    const letIn = new Set(options.asked.map(({ dialect }) => dialect))
    const door = new FrontDoor(
      options.clock,
      letIn,
      (dialect, connection, first) => {
        const sockets = this.sockets.get(dialect)
        if (sockets !== undefined) return sockets.accept(connection, first)
        // They can only be too early: nothing is announced before `begin`.
        connection.abort()
        return { data() {}, drain() {}, closed() {} }
      },
      options.log,
    )
    this.tcp = door.before(options.tcp)
  }

  /** `asked` beside what is let in: where we listen, and the room of those who have none. */
  begin(host: DeskHost, asked: Omit<MachinesAsked, 'asked' | 'bridge' | 'name' | 'framedVoice'>): void {
    this.host = host
    const bridge = bridgeId(host.key)
    this.bridge = new Bridge(bridge, this.options.clock.nowMs() + LISTEN_FIRST_MS)
    this.bridge.open({ key: 'native', network: 'native' })
    this.strangers = new Strangers(host, () => this.machines, asked.room, this.options.log, this.options.clock)
    const framedVoice = this.hearVoice(host)
    this.machines = makeMachines({ ...asked, asked: this.options.asked, bridge, name: host.name(), framedVoice })
    if (this.machines.framed !== undefined) this.framedVoice = framedVoice
    const { clock, tcp, isOurs } = this.options
    if (this.machines.line !== undefined) this.files = this.takeFiles(host, asked.room)
    for (const machine of Object.values(this.machines)) {
      const { dialect } = machine
      if (dialect !== 'line') this.bridge.open({ key: dialect, network: dialect })
      this.sockets.set(dialect, new Sockets(machine, clock, tcp, isOurs, (telling) => this.told(dialect, telling)))
    }
    if (this.machines.mesh !== undefined) this.group = this.meetMesh(host, asked.interfaces)
    for (const sockets of this.sockets.values()) sockets.run((machine, nowMs) => machine.start(nowMs))
    void this.group?.start()
  }

  heard(telling: EventTelling): void {
    const words = nativeWords(telling)
    // Ours are said by the name that we have now, whatever the feed was told.
    if (words !== null)
      this.pass('native', telling.self && words.author !== null ? { ...words, name: this.host!.name() } : words)
  }

  neighboursChanged(): void {
    if (this.host === null) return
    this.fellowsAtMs = Number.NEGATIVE_INFINITY
    this.strangers?.show()
    this.lookForFellows()
  }

  renamed(name: string): void {
    for (const sockets of this.sockets.values()) sockets.run((machine, nowMs) => machine.renamed(name, nowMs))
  }

  get voice(): ForeignVoice | null {
    return this.framedVoice
  }

  get meshFault(): string | null {
    return this.group?.fault ?? null
  }

  withFiles(own: FilesChat): FilesChat {
    return this.files === null ? own : withLineFiles(own, this.files)
  }

  peers(): PeerView[] {
    return this.strangers?.views() ?? []
  }

  connect(dialect: DialectName, address: Address): Promise<Outcome<{ peer: Person }>> {
    return this.links.connect(dialect, address)
  }

  disconnect(peer: string): Outcome<{ peer: Person }> | null {
    return this.links.disconnect(peer)
  }

  async leave(): Promise<void> {
    for (const sockets of this.sockets.values()) sockets.run((machine, nowMs) => machine.leave(nowMs))
    const { clock } = this.options
    const leftAtMs = clock.nowMs()
    const isDone = (): boolean => {
      const passedMs = clock.nowMs() - leftAtMs
      // A datagram leaves a moment after it was given to the system, and tells nobody when it has.
      if (this.group !== null && passedMs < LEAVE_MS_MIN) return false
      return passedMs >= LEAVE_MS_MAX || [...this.sockets.values()].every(({ isIdle }) => isIdle)
    }
    while (!isDone()) await new Promise<void>((resume) => clock.timer(clock.nowMs() + LEAVE_LOOK_MS, resume))
  }

  stop(): void {
    this.isStopped = true
    this.cancelTimer?.()
    this.cancelLoud?.()
    this.framedVoice?.stop()
    this.strangers?.stop()
    this.group?.stop()
    for (const sockets of this.sockets.values()) sockets.stop()
    this.files?.stop()
  }

  private told(dialect: DialectName, telling: DialectTelling): void {
    switch (telling.kind) {
      case 'words':
        return this.pass(telling.link === null ? dialect : `${dialect} ${telling.link}`, telling.words)
      case 'bridge':
        return this.met(telling)
      case 'peer':
        return this.peer(dialect, telling)
      case 'multicast':
        return this.group?.send(telling.datagram)
      case 'trouble':
        this.options.log(telling.code, telling.message)
        if (telling.user) this.host!.emit({ event: 'notice', code: telling.code, message: telling.message })
        return
      case 'dialled':
        return this.dialled(dialect, telling)
      case 'file':
        this.files?.hear(telling)
    }
  }

  private hearVoice(host: DeskHost): FramedPresence {
    return new FramedPresence({
      clock: this.options.clock,
      own: () => this.machines.framed?.ownId ?? '',
      tell: (room, udpPort) => {
        this.sockets.get('framed')?.run((_, nowMs) => this.machines.framed?.voiceState(room, udpPort, nowMs))
      },
      isOurs: (bridge) => [...host.members()].some((key) => bridgeId(key) === bridge),
      crowded: (message) => host.emit({ event: 'notice', code: 'voice-crowd', message }),
    })
  }

  private pass(side: string, words: Words): void {
    const { bridge, host } = this
    if (bridge === null || host === null || !host.joined().has(words.room)) return
    this.lookForFellows()
    bridge.heard(side, words, this.options.clock.nowMs())
    this.settle()
  }

  private settle(): void {
    const { bridge } = this
    if (bridge === null || this.isStopped) return
    for (const { side, heardOn, words } of bridge.takeOutputs()) {
      if (side === 'native') this.relay(words, heardOn as DialectName)
      else {
        const [dialect, link] = side.split(' ')
        const sockets = this.sockets.get(dialect as DialectName)
        sockets?.run((machine, nowMs) => machine.say(words, link === undefined ? null : Number(link), nowMs))
      }
    }
    this.tellLoud()
    this.cancelTimer?.()
    const atMs = bridge.nextWakeMs()
    this.cancelTimer =
      atMs === null
        ? null
        : this.options.clock.timer(atMs, () => {
            bridge.wake(this.options.clock.nowMs())
            this.settle()
          })
  }

  private relay(words: Words, dialect: DialectName): void {
    const body = relayedBody(words, dialect)
    if (body !== null) void this.host!.relay(words.room, body)
  }

  /** Who else bridges what changes as people come and go. */
  private lookForFellows(): void {
    const nowMs = this.options.clock.nowMs()
    const { bridge, host, machines } = this
    if (bridge === null || host === null) return
    if (nowMs - this.fellowsAtMs >= FELLOWS_EVERY_MS) {
      this.fellowsAtMs = nowMs
      const addresses = fellowAddresses(machines, host)
      for (const { id, address } of addresses) this.introduce(id, address)
      this.endLines(addresses.map(({ address }) => address))
      for (const { side, there, absent, perhaps } of fellowsOn(machines, host)) {
        bridge.fellows(side, there, absent, perhaps, nowMs)
      }
    }
    if (machines.tracker !== undefined) bridge.unsure('tracker', machines.tracker.turn(nowMs))
  }

  /** Whoever is known from elsewhere to be at a port on the tracker's list hears from us, whose list we may not be on yet. */
  private introduce(id: string, address: Address): void {
    if (!isHere(address.host)) return
    this.sockets.get('tracker')?.run((_, nowMs) => this.machines.tracker!.introduce(id, address.port, nowMs))
  }

  private met({ id, sinceMs, claimed }: BridgeTelling): void {
    this.bridge?.introduced(id, sinceMs, this.options.clock.nowMs())
    if (claimed === null || !isHere(claimed.host)) return
    this.sockets.get('tracker')?.run((_, nowMs) => this.machines.tracker!.claimed(claimed.port, nowMs))
  }

  /** A line to somebody who hears everything from us anyway would bring it all once more, with nothing to tell that it is the same. */
  private endLines(fellows: readonly Address[]): void {
    const { line } = this.machines
    if (line === undefined) return
    for (const { wanted } of line.links.values()) {
      if (wanted === null || !fellows.some((each) => isSamePlace(each, wanted.address))) continue
      this.sockets.get('line')!.run((_, nowMs) => line.letGo(wanted.address, nowMs))
      const where = `line@${formatAddress(wanted.address)}`
      const message = `${where} is a hearsay that you share other networks with: the line is ended, or all would be said twice.`
      this.host!.emit({ event: 'notice', code: 'line-fellow', message })
    }
  }

  private tellLoud(): void {
    const { bridge } = this
    const { clock, log } = this.options
    if (bridge === null || bridge.dropped === 0 || !this.loud.isDue(clock.nowMs())) return
    this.cancelLoud = clock.timer(clock.nowMs() + FLOOD_COUNTED_MS, () => {
      const message = `More was said than is passed on between networks. Messages dropped: ${bridge.dropped}. Ask for them once it is quieter.`
      log('bridge-flood', message)
      this.host!.emit({ event: 'notice', code: 'bridge-flood', message })
      bridge.dropped = 0
    })
  }

  private peer(dialect: DialectName, telling: PeerTelling): void {
    const { state, link } = telling
    if (dialect === 'line' && state === 'up') this.bridge!.open({ key: `line ${link}`, network: 'line' })
    // Who comes later than we have not heard it.
    if (dialect === 'framed' && state === 'up') this.options.clock.defer(() => this.framedVoice?.again())
    if (dialect === 'line' && state === 'down') this.bridge!.close(`line ${link}`)
    this.strangers?.told(dialect, telling)
    this.fellowsAtMs = Number.NEGATIVE_INFINITY
    this.options.clock.defer(() => this.lookForFellows())
  }

  /** Who asked is answered; of an address given at the start people are told when it goes wrong. */
  private dialled(dialect: DialectName, telling: DialledTelling): void {
    const isAnswered = this.links.dialled(dialect, telling)
    if (isAnswered || telling.peer !== null || !telling.isNew) return
    const where = `${dialect}@${formatAddress(telling.address)}`
    const message = `${where} ${telling.reason}. It is tried again with growing pauses.`
    this.host!.emit({ event: 'notice', code: `${dialect}-dial`, message })
  }

  private takeFiles(host: DeskHost, room: string): LineFiles {
    const { acceptFiles: policy, downloadFolder: folder, clock, log } = this.options
    return new LineFiles({
      ...{ policy, folder, clock, log, room },
      personOf: (link) => {
        const name = this.machines.line?.links.get(link)?.name ?? ''
        return { id: `line:${name}`, name: markName(name, 'line') }
      },
      isIgnored: (id) => host.isIgnored(id),
      offer: (path) => host.offer(path, room),
      announce: (link, name, size, fate) => {
        this.sockets.get('line')?.run((_, nowMs) => this.machines.line!.fileNotice(link, name, size, fate, nowMs))
      },
      emit: (event) => host.emit(event),
    })
  }

  private meetMesh(host: DeskHost, interfaces: MachinesAsked['interfaces']): MeshGroup {
    const { asked, clock, multicast, log } = this.options
    const mesh = (act: (machine: MeshMachine, nowMs: number) => void): void => {
      this.sockets.get('mesh')?.run((_, nowMs) => act(this.machines.mesh!, nowMs))
    }
    return new MeshGroup({
      ...{ clock, multicast, log, interfaces, group: meshGroup(asked) },
      heard: (datagram, from) => mesh((machine, nowMs) => machine.datagram(datagram, from, nowMs)),
      announce: () => mesh((machine, nowMs) => machine.announceNow(nowMs)),
      notice: (code, message) => host.emit({ event: 'notice', code, message }),
    })
  }
}
