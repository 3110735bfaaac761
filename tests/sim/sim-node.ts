import { Driver } from '../../src/app/driver.ts'
import type { Address } from '../../src/base/address.ts'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { type Rng, seededRng } from '../../src/base/rng.ts'
import type { Broadcast } from '../../src/core/gossip/broadcast.ts'
import { HyParView } from '../../src/core/gossip/hyparview.ts'
import { agreementKeyFromSigningSeed } from '../../src/crypto/agree.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import type { HeldFeed, LoadedBundle } from '../../src/node/keeping.ts'
import { Node } from '../../src/node/node.ts'
import type { NodeTelling } from '../../src/node/outputs.ts'
import { EventKind, openRoomId } from '../../src/wire/event.ts'
import type { Host } from './network.ts'
import type { Process } from './process.ts'
import { SimKeeper, SimStore } from './sim-store.ts'
import { VirtualClock } from './time.ts'
import { Shown } from './witness.ts'
import type { World } from './world.ts'

export interface SimNodeOptions {
  /** How far its wall clock is off. */
  readonly skewMs?: number
  /** Made anew for each life; flooding when absent. */
  readonly broadcast?: () => Broadcast
  readonly windowBytesMax?: number
  /** It has a disk, and keeps what is said in its rooms. */
  readonly isKeeping?: boolean
  /** It chooses its neighbours, as the executable does; otherwise links are as the story makes them. */
  readonly isChoosing?: boolean
  /** Nobody can dial it. */
  readonly isTranslated?: boolean
  /** Trackers it is given. */
  readonly trackers?: readonly Address[]
}

const hyparview = (ownKey: string, rng: Rng, nowMs: number): HyParView => new HyParView(ownKey, rng, nowMs)

/** Where simulated nodes listen. */
const PORT = 8080

/** A person's machine: the same node and driver as in the executable, over the world's ports. It keeps its identity when it starts again. */
export class SimNode {
  readonly name: string
  readonly id: Uint8Array
  /** The identity in hexadecimal. */
  readonly key: string
  readonly host: Host
  readonly rooms = new Set<string>()
  /** What it dials from its start on. */
  readonly targets: SimNode[] = []
  /** Counts starts. */
  life = 0
  shown = new Shown()
  /** Everything it told in this life but what was said, newest last: for stories to look at. */
  tellings: NodeTelling[] = []
  private readonly seed: Uint8Array
  private process: Process | null = null
  private running: { driver: Driver; clock: VirtualClock } | null = null
  private nextRef = 1
  /** What was said and is not safe yet, by its reference. */
  private readonly unsafe = new Map<number, string>()
  /** Its disk. */
  readonly store = new SimStore()
  /** What it found on its disk when it was started last. */
  knownAtStart: ReadonlySet<string> = new Set()

  constructor(
    readonly world: World,
    readonly index: number,
    private readonly options: SimNodeOptions,
  ) {
    this.name = `node-${index}`
    this.host = world.network.addHost()
    this.host.isTranslated = options.isTranslated === true
    this.seed = world.rngFor(`identity ${index}`).bytes(32)
    this.id = signingKeyFromSeed(this.seed).publicKey
    this.key = toHex(this.id)
  }

  get address(): Address {
    return { host: this.host.address, port: PORT }
  }

  get isKeeping(): boolean {
    return this.options.isKeeping === true
  }

  get isRunning(): boolean {
    return this.running !== null
  }

  get driver(): Driver {
    if (this.running === null) throw new Error(`${this.name} is not running`)
    return this.running.driver
  }

  get clock(): VirtualClock {
    if (this.running === null) throw new Error(`${this.name} is not running`)
    return this.running.clock
  }

  get node(): Node {
    return this.driver.node
  }

  /** Starts the process: listens, joins its rooms, dials its targets, as the executable does. */
  start(hear?: (telling: NodeTelling) => void): void {
    const { world } = this
    this.life++
    this.shown = new Shown()
    this.tellings = []
    this.knownAtStart = new Set(this.store.ids)
    const chance = world.rngFor(`node ${this.index} ${this.life}`)
    const process = world.network.boot(this.host)
    const clock = new VirtualClock(world.time, this.options.skewMs, (run) => process.enter(run))
    const identity = {
      signing: signingKeyFromSeed(this.seed),
      agreement: world.agreements.share(agreementKeyFromSigningSeed(this.seed)),
      linkStatic: world.agreementKey(chance.bytes(32)),
    }
    const node = new Node(
      {
        identity,
        name: this.name,
        agent: 'hearsay/simulated',
        randomBytes: (n) => chance.bytes(n),
        rng: seededRng(chance.bytes(16)),
        verifier: world.verifier,
        identityVerifier: world.verifier,
        agreementKey: world.agreementKey,
        ...(this.options.broadcast === undefined ? {} : { broadcast: this.options.broadcast() }),
        ...(this.options.isKeeping === true ? { isKeeping: true } : {}),
        ...(this.options.isChoosing === true ? { membership: hyparview } : {}),
        ...(this.options.windowBytesMax === undefined ? {} : { windowBytesMax: this.options.windowBytesMax }),
      },
      { nowMs: clock.nowMs(), wallMs: clock.wallMs() },
    )
    const driver = new Driver(
      node,
      clock,
      world.network.tcp(process),
      (telling) => {
        this.hears(telling)
        hear?.(telling)
      },
      (host) => Promise.resolve(host === this.host.address),
    )
    if (this.options.isKeeping === true) {
      const kept = (seq: number): void => driver.run((node, instant) => node.kept(seq, instant))
      const loaded = (request: number, bundles: LoadedBundle[]): void =>
        driver.run((node, instant) => node.loaded(request, bundles, instant))
      const keeper = new SimKeeper(this.store, clock, kept, loaded)
      driver.keepWith({
        keep: (output) => {
          for (const { id } of output.events) world.witness.holds(this, toHex(id))
          keeper.keep(output)
        },
        load: (output) => keeper.load(output),
        disown: (output) => keeper.disown(output),
      })
    }
    this.process = process
    this.running = { driver, clock }
    void driver.listen(this.address)
    node.listening(PORT, PORT + 1000)
    for (const room of this.rooms) driver.run((node, instant) => node.join(room, instant, this.heldOf(room)))
    for (const target of this.targets) this.dial(target)
    const { trackers } = this.options
    if (trackers !== undefined) driver.run((node, instant) => node.track(trackers, this.address, this.name, instant))
  }

  /** Ends the process without a word of its own; `power`: the whole machine, so that nobody hears of it. */
  kill(how: 'process' | 'power' = 'process'): void {
    this.clock.kill()
    this.running = null
    this.process = null
    this.world.network.kill(this.host, how)
  }

  freeze(): void {
    this.process!.freeze()
  }

  thaw(): void {
    this.process!.thaw()
  }

  /** Sets the wall clock, as a person or a time service does. */
  setClock(skewMs: number): void {
    this.clock.skewMs = skewMs
  }

  /** Dials and keeps dialling `other`, now if it runs and from every start on. */
  connect(other: SimNode): void {
    this.targets.push(other)
    if (this.running !== null) this.dial(other)
  }

  join(room: string): void {
    this.rooms.add(room)
    if (this.running !== null) this.driver.run((node, instant) => node.join(room, instant, this.heldOf(room)))
  }

  leave(room: string): void {
    this.driver.run((node, instant) => node.leave(room, instant))
    this.rooms.delete(room)
  }

  say(room: string, text: string): void {
    this.world.witness.says(this.record(text, room, null))
    const ref = this.nextRef++
    this.unsafe.set(ref, text)
    const fault = this.driver.run((node, instant) => node.say(room, EventKind.text, utf8(text), ref, instant))
    if (fault !== null) throw new Error(`${this.name} may not say "${text}" in ${room}: ${fault}`)
  }

  tell(other: SimNode, text: string): void {
    this.world.witness.says(this.record(text, null, other))
    const ref = this.nextRef++
    const fault = this.driver.run((node, instant) => node.direct(other.id, EventKind.text, utf8(text), ref, instant))
    if (fault !== null) throw new Error(`${this.name} may not tell ${other.name} "${text}": ${fault}`)
  }

  /** Texts shown in this life in the room's order. */
  texts(): string[] {
    const { orders } = this.shown
    return [...orders.keys()].sort((a, b) => (orders.get(a)! < orders.get(b)! ? -1 : 1))
  }

  has(text: string): boolean {
    return this.shown.orders.has(text)
  }

  isLinkedTo(other: SimNode): boolean {
    return this.running !== null && this.node.peers().some((link) => link.peerKey === other.key)
  }

  private heldOf(room: string): HeldFeed[] {
    return this.store.held(toHex(openRoomId(room)))
  }

  private safe(ref: number, id: Uint8Array): void {
    const text = this.unsafe.get(ref)
    this.unsafe.delete(ref)
    if (text !== undefined) this.world.witness.acknowledged(text, toHex(id))
  }

  private record(text: string, room: string | null, to: SimNode | null) {
    return {
      text,
      author: this,
      life: this.life,
      room,
      to,
      atMs: this.world.time.nowMs,
      id: null,
      order: null,
      isAcknowledged: false,
      place: null,
      holders: new Set<SimNode>(),
    }
  }

  private dial(other: SimNode): void {
    this.driver.run((node, instant) => node.connect(other.address, instant))
  }

  private hears(telling: NodeTelling): void {
    this.world.witness.hears(this, telling)
    if (telling.kind === 'said') this.safe(telling.ref, telling.id)
    if (telling.kind !== 'event' && telling.kind !== 'said') this.tellings.push(telling)
  }
}
