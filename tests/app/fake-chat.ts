import type {
  Chat,
  Fault,
  GoneView,
  OtherView,
  Outcome,
  PeerView,
  RoomView,
  TrackerView,
  UserView,
} from '../../src/app/chat.ts'
import type { Remark } from '../../src/app/doctor.ts'
import type { AppEvent, MessageKind, Person } from '../../src/app/events.ts'
import type { Ignored } from '../../src/app/ignoring.ts'
import type { Address } from '../../src/base/address.ts'
import { formatAddress } from '../../src/base/address.ts'
import { FakeFiles } from './fake-files.ts'
import { FakeMessages } from './fake-messages.ts'
import { FakeVoice } from './fake-voice.ts'

export const ALICE: Person = { id: 'alice2'.padEnd(52, 'a'), name: 'Alice' }
export const BOB: Person = { id: 'bob234'.padEnd(52, 'b'), name: 'Bob' }
export const CAROL: Person = { id: 'carol5'.padEnd(52, 'c'), name: 'Carol' }
export const MALLORY: Person = { id: 'mallory'.padEnd(52, 'm'), name: 'Аlice' } // the first letter is Cyrillic

function fault(code: string, message: string): Fault {
  return { ok: false, code, message }
}

/**
 * A chat with nobody behind it. `Bob` answers at b.example:1, nobody does anywhere else, and slow.example:1 only answers
 * once `answerSlowly` is called (or the chat closes).
 */
export class FakeChat implements Chat {
  readonly id = ALICE.id
  /** What was asked of it, in order, as one line each. */
  readonly asked: string[] = []
  readonly messages = new FakeMessages(this.asked)
  readonly files = new FakeFiles(this.asked)
  readonly voice = new FakeVoice(this.asked)
  readonly ignored: Ignored = {
    list: () => [...this.unheard],
    add: (peer) => {
      const person = [BOB, CAROL].find(({ name }) => name === peer)
      if (person === undefined) return fault('no-such-peer', `Nobody called ${peer} has been seen here.`)
      this.unheard.add(person)
      return { ok: true, person }
    },
    remove: (peer) => {
      const person = [...this.unheard].find(({ name }) => name === peer)
      if (person === undefined) return fault('not-ignored', `${peer} is not ignored.`)
      this.unheard.delete(person)
      return { ok: true, person }
    },
  }
  private readonly unheard = new Set<Person>()
  closed = 0
  /** Until this resolves, nothing that was said is safe. */
  safe: Promise<void> = Promise.resolve()
  /** Until this resolves, `close` does not. */
  flushed: Promise<void> = Promise.resolve()
  answerSlowly: () => void = () => {}
  far: OtherView[] = []
  gone: GoneView | null = null
  remarks: Remark[] = []
  /** How it stands with trackers. */
  tracked: TrackerView[] = []
  private me = ALICE.name
  private current: string | null = 'general'
  private readonly joined = new Map<string, Person[]>([['general', []]])
  private readonly links: PeerView[] = []
  private readonly listeners = new Set<(event: AppEvent) => void>()
  private count = 0

  /** Makes it happen, as if the network had said so. */
  emit(event: AppEvent): void {
    for (const hear of this.listeners) hear(event)
  }

  get heardBy(): number {
    return this.listeners.size
  }

  /** Somebody comes into a room. */
  admit(room: string, person: Person): void {
    this.joined.get(room)?.push(person)
    this.emit({ event: 'member', room, state: 'joined', hops: 1, ...person })
  }

  /** Somebody leaves a room. */
  dismiss(room: string, person: Person): void {
    const there = this.joined.get(room)
    const at = there?.findIndex(({ id }) => id === person.id) ?? -1
    if (at >= 0) there!.splice(at, 1)
    this.emit({ event: 'member', room, state: 'left', hops: 1, ...person })
  }

  /** Somebody else says something. */
  hear(from: Person, text: string, more: Partial<Extract<AppEvent, { event: 'message' }>> = {}): void {
    this.message(from, more.room ?? 'general', more.kind ?? 'text', text, more.at ?? Date.now())
  }

  name(): string {
    return this.me
  }

  currentRoom(): string | null {
    return this.current
  }

  rooms(): RoomView[] {
    return [...this.joined].map(([room, people]) => ({
      room,
      current: room === this.current,
      users: people.length + 1,
      unread: this.messages.unread(room).count,
      mentions: this.messages.unread(room).mentions,
    }))
  }

  whoIs(id: string): Person | null {
    return [ALICE, BOB, CAROL, MALLORY].find((person) => person.id === id) ?? null
  }

  peers(): PeerView[] {
    return [...this.links]
  }

  others(): OtherView[] {
    return this.far
  }

  lastGone(): GoneView | null {
    return this.gone
  }

  doctor(): Remark[] {
    return this.remarks
  }

  users(room: string): UserView[] {
    const others = (this.joined.get(room) ?? []).map((person) => ({ ...person, self: false, hops: 1 }))
    return [{ id: this.id, name: this.me, self: true, hops: 0 }, ...others]
  }

  trackers(): TrackerView[] {
    return [...this.tracked]
  }

  async connect(address: Address): Promise<Outcome<{ peer: Person }>> {
    const where = formatAddress(address)
    this.asked.push(`connect ${where}`)
    if (where === 'slow.example:1') await new Promise<void>((resolve) => (this.answerSlowly = resolve))
    else if (where !== 'b.example:1')
      return fault('connection-refused', `Nobody listens at ${where}. It is tried again.`)
    const rest = { address: where, via: 'dialled', dialled: true, dialect: 'native', verified: true } as const
    if (this.links.every((link) => link.id !== BOB.id)) {
      this.links.push({ ...BOB, ...rest, rttMs: 3.5 })
      this.emit({ event: 'peer', state: 'up', ...BOB, ...rest })
    }
    return { ok: true, peer: BOB }
  }

  disconnect(peer: string): Outcome<{ peer: Person }> {
    this.asked.push(`disconnect ${peer}`)
    return peer === 'Bob' ? { ok: true, peer: BOB } : fault('no-such-peer', `Nobody called ${peer} is here.`)
  }

  say(room: string | null, kind: MessageKind, text: string): Promise<Outcome<{ id: string; room: string }>> {
    this.asked.push(`${kind} ${room ?? '(here)'} ${text}`)
    const place = room ?? this.current
    if (place === null) return Promise.resolve(fault('no-room', 'You are in no room.'))
    return this.speak(place, kind, text)
  }

  direct(peer: string, text: string): Promise<Outcome<{ id: string; room: string }>> {
    this.asked.push(`direct ${peer} ${text}`)
    if (peer !== 'Bob') return Promise.resolve(fault('no-such-peer', `Nobody called ${peer} is here.`))
    return this.speak(`@${BOB.id}`, 'text', text)
  }

  join(room: string): Outcome<{ room: string }> {
    this.asked.push(`join ${room}`)
    const place = room === '@Bob' ? `@${BOB.id}` : room
    if (!place.startsWith('@') && !this.joined.has(place)) {
      this.joined.set(place, [])
      this.emit({ event: 'room', room: place, state: 'joined' })
    }
    this.current = place
    this.emit({ event: 'room', room: place, state: 'current' })
    return { ok: true, room: place }
  }

  leave(room: string): Outcome<{ room: string; current: string | null }> {
    this.asked.push(`leave ${room}`)
    if (!this.joined.delete(room)) return fault('not-joined', `${room} is not joined.`)
    if (this.current === room) this.current = [...this.joined.keys()].at(-1) ?? null
    this.emit({ event: 'room', room, state: 'left' })
    return { ok: true, room, current: this.current }
  }

  rename(name: string): Outcome<{ name: string }> {
    this.asked.push(`rename ${name}`)
    if (name.length > 32) return fault('bad-name', 'A name has 1 to 32 characters.')
    this.me = name
    return { ok: true, name }
  }

  subscribe(hear: (event: AppEvent) => void): () => void {
    this.listeners.add(hear)
    return () => this.listeners.delete(hear)
  }

  async close(): Promise<void> {
    this.closed++
    this.answerSlowly()
    await this.flushed
  }

  private async speak(room: string, kind: MessageKind, text: string): Promise<Outcome<{ id: string; room: string }>> {
    const id = `m${++this.count}`
    await this.safe
    this.message({ id: this.id, name: this.me }, room, kind, text, Date.now(), id)
    return { ok: true, id, room }
  }

  private message(
    from: Person,
    room: string,
    kind: MessageKind,
    text: string,
    at: number,
    id = `m${++this.count}`,
  ): void {
    const self = from.id === this.id
    const order = String(this.count).padStart(8, '0')
    this.emit({ event: 'message', id, room, from, text, at, self, kind, hops: self ? 0 : 1, order })
  }
}
