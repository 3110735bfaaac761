import { type Address, formatAddress, parseAddress } from '../base/address.ts'
import { encodeBase32 } from '../base/base32.ts'
import { toHex, utf8 } from '../base/bytes.ts'
import type { DialectName } from '../base/dialects.ts'
import { normaliseRoom } from '../base/room-name.ts'
import { cleanName } from '../base/text.ts'
import type { DialTelling, EventTelling, NodeTelling, TrackerTelling } from '../node/outputs.ts'
import type { VoiceSteering } from '../node/voice-outputs.ts'
import { EventKind } from '../wire/event.ts'
import type { Chat, Fault, GoneView, OtherView, Outcome, PeerView, RoomView, TrackerView, UserView } from './chat.ts'
import { BAD_NAME, badRoom, dialectOff, hungUp, TOO_MANY_ADDRESSES } from './common-faults.ts'
import type { Outside } from './dialects/outside.ts'
import type { Remark } from './doctor.ts'
import type { Driver } from './driver.ts'
import type { AppEvent, MessageKind, Person } from './events.ts'
import { type FileRoom, type FileSurrounds, NO_FILES } from './files/file-room.ts'
import type { FilesChat } from './files/files-chat.ts'
import { NO_MESSAGES } from './history/none.ts'
import { type Kept, Remembering } from './history/remembering.ts'
import { forgetfulList, type IgnoreList } from './ignore-list.ts'
import { Ignoring } from './ignoring.ts'
import type { Messages } from './messages.ts'
import { NetworkViews, type Surroundings } from './network-views.ts'
import { NOWHERE } from './nowhere.ts'
import { People } from './people.ts'
import { RelayedOnce } from './relayed-once.ts'
import { Teller } from './teller.ts'
import { SPOKEN_KINDS, Utterances, type Uttered } from './utterances.ts'
import type { Voice } from './voice/contract.ts'
import { isOfVoice, VoiceFront } from './voice/front.ts'
import type { VoiceService } from './voice/service.ts'
import { steeringOf } from './voice/steering.ts'

/** How long leaving waits for dials under way, for what was said to be sent, and for goodbyes. */
const SETTLE_MS_MAX = 10_000
const DELIVER_MS_MAX = 3_000
const GOODBYE_MS_MAX = 1_000

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
  /** What goes on in networks of other protocols. */
  readonly outside?: Outside
  readonly ignoreList?: IgnoreList
}

/** The one real `Chat`: turns what a command wants into calls on a node, and what the node tells into events. */
export class Hearsay implements Chat {
  readonly id: string
  readonly ignored: Ignoring
  private driver!: Driver
  private utterances!: Utterances
  private talk!: VoiceFront
  private network!: NetworkViews
  private memory: Remembering | null = null
  private fileRoom: FileRoom | null = null
  private readonly people = new People()
  private readonly relayedOnce = new RelayedOnce()
  private readonly teller: Teller
  private readonly listeners = new Set<(event: AppEvent) => void>()
  readonly joined = new Set<string>()
  private current: string | null = null
  private readonly connecting = new Map<string, ((result: DialTelling) => void)[]>()
  private closing: Promise<void> | null = null

  constructor(
    private readonly identity: Uint8Array,
    private readonly options: HearsayOptions,
  ) {
    this.id = encodeBase32(identity)
    this.ignored = new Ignoring(options.ignoreList ?? forgetfulList(options.log), this.people, this.id)
    this.teller = new Teller(this.people, (event) => this.emit(event), options.log)
  }

  /** Must be called once, before anything else. `kept`: where a history is kept; without one there are no `messages`. */
  attach(driver: Driver, kept: Kept | null = null): void {
    this.driver = driver
    const { people, id } = this
    people.meet(this.identity, driver.node.name)
    this.network = new NetworkViews(driver, people)
    this.utterances = new Utterances(driver, (peer) => this.memory?.conversing(peer))
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
      ignoring: this.ignored,
      speak: (room, kind, body) => this.utterances.utter(room, kind, body),
      emit: (event) => this.emit(event),
    })
    this.memory.restore((peer, held) => driver.run((node, instant) => node.restore(peer, held, instant)))
  }

  /** Lets files be offered and taken. `make` is given what they need of the chat. */
  attachFiles(make: (around: FileSurrounds) => FileRoom): FileRoom {
    const { driver, people } = this
    this.fileRoom = make({
      ...{ people, own: this.identity, currentRoom: () => this.current },
      speak: (room, kind, body) => this.utterances.utter(room, kind, body),
      offersKept: (hear) => this.memory?.hearOffers(hear),
      wasDeleted: (id) => this.memory?.wasDeleted(id) ?? false,
      isIgnored: (key) => this.ignored.has(encodeBase32(key)),
      pass: (room, kind, body) => driver.run((node, instant) => node.aboutFiles.say(room, kind, body, instant)),
      addressOf: (key) => driver.node.aboutFiles.addressOf(key),
      circuits: (act) => driver.run((node, instant) => act(node.circuits, instant)),
      emit: (event) => this.emit(event),
    })
    return this.fileRoom
  }

  get files(): FilesChat {
    const own = this.fileRoom ?? NO_FILES
    return this.ignored.files(this.options.outside?.withFiles(own) ?? own)
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
      this.utterances.sealed(telling.ref, telling.id)
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
    if (telling.kind === 'event') this.said(telling)
    else if (telling.kind === 'files') this.fileRoom?.passed(telling)
    else if (telling.kind === 'circuit') this.fileRoom?.circuit(telling)
    else if (isOfVoice(telling)) this.talk.hear(telling)
    else this.teller.tell(telling)
    if (telling.kind === 'peer') this.fileRoom?.neighbour(telling)
    if (telling.kind === 'peer') this.options.outside?.neighboursChanged()
    if (telling.kind === 'delivery') this.memory?.delivered(telling)
    if (telling.kind === 'tracker' && telling.state === 'serving' && telling.office === 'elected') {
      void this.announceTracker(telling)
    }
  }

  private said(telling: EventTelling): void {
    // Who spoke before we were there told their name then: the rooms know it.
    const name = telling.name === '' ? this.people.recall(telling.author, '').name : telling.name
    this.options.outside?.heard({ ...telling, name })
    this.fileRoom?.said(telling)
    const isOffer = telling.eventKind === EventKind.file
    if (!isOffer) this.relayedOnce.pass(telling, this.memory ?? this.teller)
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
    return [...this.network.peers(), ...(this.options.outside?.peers() ?? [])]
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

  async connect(address: Address, dialect: DialectName | null = null): Promise<Outcome<{ peer: Person }>> {
    if (dialect !== null) return this.options.outside?.connect(dialect, address) ?? dialectOff(dialect)
    const held = this.driver.node.heldBy(address)
    const link = held === null ? undefined : this.driver.node.peers().find((peer) => peer.peerKey === held)
    if (link !== undefined) return { ok: true, peer: this.person(link.peer, link.hello?.name ?? '') }
    const key = formatAddress(address)
    const result = new Promise<DialTelling>((resolve) => {
      this.connecting.set(key, [...(this.connecting.get(key) ?? []), resolve])
    })
    if (!this.driver.run((node, instant) => node.connect(address, instant))) return TOO_MANY_ADDRESSES
    const telling = await result
    if (telling.peer !== null) return { ok: true, peer: this.person(telling.peer, '') }
    if (telling.code === 'hung-up') return hungUp(key)
    return fault(telling.code, this.teller.dialSentence(telling))
  }

  /** Begins to keep a link to an address given at the start: how it goes is told as events. */
  keep(address: Address): void {
    if (this.driver.run((node, instant) => node.connect(address, instant))) return
    const message = `${formatAddress(address)} is one address too many: it is not dialled. Leave one out, or /disconnect another.`
    this.emit({ event: 'error', code: 'too-many-addresses', message })
  }

  disconnect(peer: string): Outcome<{ peer: Person }> {
    const stranger = this.options.outside?.disconnect(peer) ?? null
    if (stranger !== null) return stranger
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

  async say(room: string | null, kind: MessageKind, text: string): Promise<Uttered> {
    const target = room ?? this.current
    if (target === null) return fault('no-room', 'You are in no room: /join one first.')
    if (target.startsWith('@')) return this.direct(target, text, kind)
    const name = normaliseRoom(target)
    if (name === null) return badRoom(target)
    return this.utterances.utter(name, SPOKEN_KINDS[kind], utf8(text))
  }

  async direct(peer: string, text: string, kind: MessageKind = 'text'): Promise<Uttered> {
    const found = this.people.find(peer)
    if (!found.ok) return found
    if (found.person.id === this.id) return fault('self', 'That is you. /msg somebody else.')
    return this.utterances.utter(`@${found.person.id}`, SPOKEN_KINDS[kind], utf8(text))
  }

  /** Says in an open room what was said elsewhere; `body` as `Relayed` has it. */
  relay(room: string, body: Uint8Array): Promise<Uttered> {
    return this.utterances.utter(room, EventKind.relayed, body)
  }

  join(room: string): Outcome<{ room: string }> {
    if (room.startsWith('@')) {
      const found = this.people.find(room)
      return found.ok ? this.enter(`@${found.person.id}`) : found
    }
    const name = normaliseRoom(room)
    if (name === null) return badRoom(room)
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
    if (clean === '' || clean !== name.trim().replace(/\s+/g, ' ')) return BAD_NAME
    this.driver.run((node, instant) => node.rename(clean, instant))
    this.people.meet(this.identity, clean)
    this.options.outside?.renamed(clean)
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
    const shown = this.ignored.shown(event)
    if (shown !== null) for (const listener of this.listeners) listener(shown)
  }

  private async leaveNetwork(): Promise<void> {
    const { driver, utterances } = this
    const { node } = driver
    const silence = this.talk.close()
    if (utterances.any) await driver.until(() => node.settling === 0, SETTLE_MS_MAX)
    // What was said is sealed and safe before the neighbours are left, to whom it is to go.
    driver.run((_, instant) => node.flush(instant))
    await driver.until(() => !node.hasUnkept, DELIVER_MS_MAX)
    this.options.leaving?.()
    const left = this.options.outside?.leave()
    driver.run((_, instant) => node.leaveNetwork(instant))
    await driver.until(() => driver.idle && (!utterances.any || node.ownDelivered), DELIVER_MS_MAX)
    driver.run((_, instant) => node.sayGoodbye(instant))
    await driver.until(() => driver.unconnected, GOODBYE_MS_MAX)
    await left
    this.fileRoom?.close()
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
    const what = where === lost ? `${lost} now` : `now, at ${where} (${lost} is gone)`
    await this.say(room, 'action', `is the tracker ${what}`)
  }

  private enter(room: string): Outcome<{ room: string }> {
    if (this.current !== room) {
      this.current = room
      this.emit({ event: 'room', room, state: 'current' })
    }
    return { ok: true, room }
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
