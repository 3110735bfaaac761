import { type Address, formatAddress, parseAddress } from '../base/address.ts'
import { decodeBase32, encodeBase32 } from '../base/base32.ts'
import { toHex, utf8 } from '../base/bytes.ts'
import { normaliseRoom } from '../base/room-name.ts'
import { cleanName } from '../base/text.ts'
import type { Instant } from '../node/context.ts'
import type { DialTelling, NodeTelling, TrackerTelling } from '../node/outputs.ts'
import type { SayFault } from '../node/rooms.ts'
import type { VoiceSteering } from '../node/voice-outputs.ts'
import { type AuthoredKind, EventKind, type SpokenKind } from '../wire/event.ts'
import type { Chat, Fault, GoneView, OtherView, Outcome, PeerView, RoomView, TrackerView, UserView } from './chat.ts'
import type { Remark } from './doctor.ts'
import type { Driver } from './driver.ts'
import type { AppEvent, MessageKind, Person } from './events.ts'
import { NO_MESSAGES } from './history/none.ts'
import { type Kept, Remembering } from './history/remembering.ts'
import type { Messages } from './messages.ts'
import { NetworkViews, type Surroundings } from './network-views.ts'
import { NOWHERE } from './nowhere.ts'
import { People } from './people.ts'
import { SAY_FAULTS } from './say-faults.ts'
import { SpeakingTurns } from './speaking-turns.ts'
import { Teller } from './teller.ts'
import type { Voice } from './voice/contract.ts'
import { isOfVoice, VoiceFront } from './voice/front.ts'
import type { VoiceService } from './voice/service.ts'
import { steeringOf } from './voice/steering.ts'

/** How long leaving waits for dials under way, for what was said to be sent, and for goodbyes. */
const SETTLE_MS_MAX = 10_000
const DELIVER_MS_MAX = 3_000
const GOODBYE_MS_MAX = 1_000

const KINDS: Record<MessageKind, SpokenKind> = {
  text: EventKind.text,
  action: EventKind.action,
  notice: EventKind.notice,
}

/** A node, as far as it says things. */
interface Author {
  say(room: string, kind: AuthoredKind, body: Uint8Array, ref: number, instant: Instant): SayFault | null
  direct(peer: Uint8Array, kind: AuthoredKind, body: Uint8Array, ref: number, instant: Instant): SayFault | null
}

/** What driver and node need of the program they run in. */
export interface HearsayOptions {
  /** Diagnostics that are not the user's business. */
  readonly log: (code: string, message: string) => void
  /** What a diagnosis takes besides. */
  readonly surroundings?: () => Surroundings
  /** Called when leaving begins, the links still being there. */
  readonly leaving?: () => void
  /** Brings in what voice takes; without it there is none. */
  readonly openVoice?: (hearsay: Hearsay, people: People, steering: VoiceSteering) => Promise<VoiceService>
}

/** The one real `Chat`: turns what a command wants into calls on a node, and what the node tells into events. */
export class Hearsay implements Chat {
  readonly id: string
  private driver!: Driver
  private turns!: SpeakingTurns
  private talk!: VoiceFront
  private network!: NetworkViews
  private memory: Remembering | null = null
  private readonly people = new People()
  private readonly teller: Teller
  private readonly listeners = new Set<(event: AppEvent) => void>()
  private readonly joined = new Set<string>()
  private current: string | null = null
  private nextRef = 1
  private readonly saying = new Map<number, (id: Uint8Array) => void>()
  private readonly connecting = new Map<string, ((result: DialTelling) => void)[]>()
  private said = 0
  private closing: Promise<void> | null = null

  constructor(
    private readonly identity: Uint8Array,
    private readonly options: HearsayOptions,
  ) {
    this.id = encodeBase32(identity)
    this.teller = new Teller(this.people, (event) => this.emit(event), options.log)
  }

  /** Must be called once, before anything else. `kept`: where a history is kept; without one there are no `messages`. */
  attach(driver: Driver, kept: Kept | null = null): void {
    this.driver = driver
    const { people, id } = this
    people.meet(this.identity, driver.node.name)
    this.network = new NetworkViews(driver, people)
    this.turns = new SpeakingTurns(driver)
    const steering = steeringOf(driver)
    this.talk = new VoiceFront({
      ...{ steering, people, currentRoom: () => this.current, emit: (event) => this.emit(event) },
      open: () => this.options.openVoice?.(this, people, steering) ?? Promise.reject(new Error('no voice here')),
    })
    if (kept === null) return
    this.memory = new Remembering(kept, {
      ...{ people, id, log: this.options.log },
      name: () => this.name(),
      currentRoom: () => this.current,
      speak: (room, kind, body) => this.utter(room, kind, body),
      emit: (event) => this.emit(event),
    })
    this.memory.restore((peer, held) => driver.run((node, instant) => node.restore(peer, held, instant)))
  }

  get messages(): Messages {
    return this.memory?.messages ?? NO_MESSAGES
  }

  get voice(): Voice {
    return this.talk
  }

  /** What the user should know of messages that came before this start. */
  tellUnread(): void {
    this.memory?.tellUnread()
  }

  /** For the driver: everything the node tells. */
  hear(telling: NodeTelling): void {
    if (telling.kind === 'said') {
      this.saying.get(telling.ref)?.(telling.id)
      this.saying.delete(telling.ref)
      return
    }
    if (telling.kind === 'dial-result') {
      const key = formatAddress(telling.address)
      const waiting = this.connecting.get(key)
      this.connecting.delete(key)
      if (waiting !== undefined) {
        for (const resolve of waiting) resolve(telling)
        return
      }
    }
    if (telling.kind === 'event' && this.memory !== null) this.memory.tell(telling)
    else if (isOfVoice(telling)) this.talk.hear(telling)
    else this.teller.tell(telling)
    if (telling.kind === 'delivery') this.memory?.delivered(telling)
    if (telling.kind === 'tracker' && telling.state === 'serving' && telling.office === 'elected') {
      void this.announceTracker(telling)
    }
  }

  name(): string {
    return this.driver.node.name
  }

  currentRoom(): string | null {
    return this.current
  }

  rooms(): RoomView[] {
    return [...this.joined].map((room) => {
      const { count, mentions } = this.memory?.messages.unread(room) ?? { count: 0, mentions: 0 }
      const view = { room, current: room === this.current, users: this.users(room).length, unread: count, mentions }
      const voice = this.talk.count(room)
      return voice === 0 ? view : { ...view, voice }
    })
  }

  whoIs(id: string): Person | null {
    const found = this.people.find(id)
    return found.ok ? found.person : null
  }

  peers(): PeerView[] {
    return this.network.peers()
  }

  others(): OtherView[] {
    return this.network.others(this.joined)
  }

  lastGone(): GoneView | null {
    return this.network.lastGone()
  }

  doctor(): Remark[] {
    return this.network.doctor(this.options.surroundings?.() ?? NOWHERE)
  }

  users(room: string): UserView[] {
    if (!this.joined.has(room)) return []
    const others = this.driver.node
      .members(room)
      .map((member) => ({ ...this.person(member.id, member.name), self: false, hops: member.hops }))
    const states = this.talk.stateOf(room, this.id)
    return [{ id: this.id, name: this.name(), self: true, hops: 0 }, ...others].map((user) => {
      const voice = states.get(user.id)
      return voice === undefined ? user : { ...user, voice }
    })
  }

  trackers(): TrackerView[] {
    return this.network.trackers()
  }

  async connect(address: Address): Promise<Outcome<{ peer: Person }>> {
    const held = this.driver.node.heldBy(address)
    const link = held === null ? undefined : this.driver.node.peers().find((peer) => peer.peerKey === held)
    if (link !== undefined) return { ok: true, peer: this.person(link.peer, link.hello?.name ?? '') }
    const key = formatAddress(address)
    const result = new Promise<DialTelling>((resolve) => {
      this.connecting.set(key, [...(this.connecting.get(key) ?? []), resolve])
    })
    if (!this.driver.run((node, instant) => node.connect(address, instant))) {
      return fault('too-many-addresses', 'Too many addresses are being kept: /disconnect one first.')
    }
    const telling = await result
    if (telling.peer !== null) return { ok: true, peer: this.person(telling.peer, '') }
    if (telling.code === 'hung-up') return fault('hung-up', `${key} is not dialled any more, as asked.`)
    return fault(telling.code, this.teller.dialSentence(telling))
  }

  /** Begins to keep a link to an address given at the start: how it goes is told as events. */
  keep(address: Address): void {
    if (this.driver.run((node, instant) => node.connect(address, instant))) return
    const message = `${formatAddress(address)} is one address too many: it is not dialled.`
    this.emit({ event: 'error', code: 'too-many-addresses', message })
  }

  disconnect(peer: string): Outcome<{ peer: Person }> {
    const address = parseAddress(peer)
    const found = this.people.find(peer)
    const byAddress =
      address === null ? undefined : this.peers().find((view) => view.address === formatAddress(address))
    const id = byAddress !== undefined ? this.people.find(byAddress.id) : found
    const key = id.ok ? toHex(id.bytes) : null
    const done = this.driver.run((node, instant) => node.disconnect(key, address, instant))
    if (done) return { ok: true, peer: id.ok ? only(id.person) : { id: '', name: peer } }
    return id.ok ? fault('not-connected', `${id.person.name} is not connected directly. /peers lists who is.`) : id
  }

  async say(room: string | null, kind: MessageKind, text: string): Promise<Outcome<{ id: string; room: string }>> {
    const target = room ?? this.current
    if (target === null) return fault('no-room', 'You are in no room: /join one first.')
    if (target.startsWith('@')) return this.direct(target, text, kind)
    const name = normaliseRoom(target)
    if (name === null) return fault('bad-room', `${target} cannot be a room's name.`)
    return this.utter(name, KINDS[kind], utf8(text))
  }

  async direct(peer: string, text: string, kind: MessageKind = 'text'): Promise<Outcome<{ id: string; room: string }>> {
    const found = this.people.find(peer)
    if (!found.ok) return found
    if (found.person.id === this.id) return fault('self', 'That is you. /msg somebody else.')
    return this.utter(`@${found.person.id}`, KINDS[kind], utf8(text))
  }

  join(room: string): Outcome<{ room: string }> {
    if (room.startsWith('@')) {
      const found = this.people.find(room)
      return found.ok ? this.enter(`@${found.person.id}`) : found
    }
    const name = normaliseRoom(room)
    if (name === null)
      return fault('bad-room', `${room} cannot be a room's name: 1 to 32 visible characters without spaces.`)
    if (this.joined.has(name)) return this.enter(name)
    this.joined.add(name)
    const held = this.memory?.joining(name) ?? []
    this.emit({ event: 'room', room: name, state: 'joined' })
    const outcome = this.enter(name)
    if (this.driver.run((node, instant) => node.join(name, instant, held))) return outcome
    this.joined.delete(name)
    return fault('too-many-rooms', 'Too many rooms are joined: /leave one first.')
  }

  leave(room: string): Outcome<{ room: string; current: string | null }> {
    const name = normaliseRoom(room)
    if (name === null || !this.joined.has(name))
      return fault('not-joined', `${room} is not joined. /rooms lists what is.`)
    this.talk.leftRoom(name)
    this.driver.run((node, instant) => node.leave(name, instant))
    this.joined.delete(name)
    this.memory?.left(name)
    this.emit({ event: 'room', room: name, state: 'left' })
    if (this.current === name) {
      this.current = [...this.joined].at(-1) ?? null
      if (this.current !== null) this.emit({ event: 'room', room: this.current, state: 'current' })
    }
    return { ok: true, room: name, current: this.current }
  }

  rename(name: string): Outcome<{ name: string }> {
    const clean = cleanName(name)
    if (clean === '' || clean !== name.trim().replace(/\s+/g, ' ')) {
      return fault('bad-name', 'A name is 1 to 32 characters that can be seen, on one line, and at most 128 bytes.')
    }
    this.driver.run((node, instant) => node.rename(clean, instant))
    this.people.meet(this.identity, clean)
    return { ok: true, name: clean }
  }

  subscribe(hear: (event: AppEvent) => void): () => void {
    this.listeners.add(hear)
    return () => this.listeners.delete(hear)
  }

  close(): Promise<void> {
    this.closing ??= this.leaveNetwork()
    return this.closing
  }

  /** For `ready` and for what the program itself has to say. */
  emit(event: AppEvent): void {
    for (const listener of this.listeners) listener(event)
  }

  private async leaveNetwork(): Promise<void> {
    const { driver } = this
    const { node } = driver
    const silence = this.talk.close()
    if (this.said > 0) await driver.until(() => node.settling === 0, SETTLE_MS_MAX)
    // What was said is sealed and safe before the neighbours are left, to whom it is to go.
    driver.run((_, instant) => node.flush(instant))
    await driver.until(() => !node.hasUnkept, DELIVER_MS_MAX)
    this.options.leaving?.()
    driver.run((_, instant) => node.leaveNetwork(instant))
    await driver.until(() => driver.idle && (this.said === 0 || node.ownDelivered), DELIVER_MS_MAX)
    driver.run((_, instant) => node.sayGoodbye(instant))
    await driver.until(() => driver.unconnected, GOODBYE_MS_MAX)
    driver.stop()
    this.memory?.close()
    await silence
  }

  /** Whoever takes over from a tracker says so where he is, so that people know whom the others find each other by. */
  private async announceTracker({ given, address }: TrackerTelling): Promise<void> {
    const here = this.current
    const room = here === null || here.startsWith('@') ? [...this.joined].at(-1) : here
    const where = formatAddress(address)
    if (room === undefined) return
    const lost = formatAddress(given)
    await this.say(
      room,
      'action',
      where === lost ? `is the tracker ${lost} now` : `is the tracker now, at ${where} (${lost} is gone)`,
    )
  }

  private enter(room: string): Outcome<{ room: string }> {
    if (this.current !== room) {
      this.current = room
      this.emit({ event: 'room', room, state: 'current' })
    }
    return { ok: true, room }
  }

  /** Says something of any kind where front ends call it so: an open room's name, or `@` and an id. */
  private utter(room: string, kind: AuthoredKind, body: Uint8Array): Promise<Outcome<{ id: string; room: string }>> {
    const { driver } = this
    const node: Author = driver.node
    if (!room.startsWith('@')) {
      return this.speak(room, (ref) => driver.run((_, instant) => node.say(room, kind, body, ref, instant)))
    }
    const peer = decodeBase32(room.slice(1))!
    this.memory?.conversing(peer)
    return this.speak(room, (ref) => driver.run((_, instant) => node.direct(peer, kind, body, ref, instant)))
  }

  private async speak(
    room: string,
    say: (ref: number) => SayFault | null,
  ): Promise<Outcome<{ id: string; room: string }>> {
    const turn = this.turns.next()
    if (turn !== null) await turn
    const ref = this.nextRef++
    const sealed = new Promise<Uint8Array>((resolve) => this.saying.set(ref, resolve))
    const wrong = say(ref)
    if (wrong !== null) {
      this.saying.delete(ref)
      return fault(wrong, SAY_FAULTS[wrong])
    }
    this.said++
    return { ok: true, id: toHex(await sealed), room }
  }

  private person(id: Uint8Array, name: string): Person {
    return only(this.people.meet(id, name))
  }
}

/** Without what is ours alone: this goes out as JSON. */
function only(person: Person): Person {
  return { id: person.id, name: person.name }
}

function fault(code: string, message: string): Fault {
  return { ok: false, code, message }
}
