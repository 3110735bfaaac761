import { encodeBase32 } from '../../base/base32.ts'
import { equalBytes } from '../../base/bytes.ts'
import type { HeldFeed } from '../../node/keeping.ts'
import type { DeliveryTelling, EventTelling } from '../../node/outputs.ts'
import { openRoomId } from '../../wire/event.ts'
import type { Outcome } from '../chat.ts'
import type { AppEvent } from '../events.ts'
import type { Ignoring } from '../ignoring.ts'
import type { Messages } from '../messages.ts'
import type { People } from '../people.ts'
import type { Reach, Speak } from './contract.ts'
import { MessageDesk } from './desk.ts'
import { HeardMessages } from './heard.ts'
import type { History } from './service.ts'
import { Shower } from './shower.ts'

/** Messages whose authors are known by name from the start. */
const MET_MAX = 100
/** And in a conversation in which we have written nothing. */
const CONVERSATION_LOOK_BACK = 20

/** A history, and what of the node's only its maker can tell. */
export interface Kept {
  readonly history: History
  /** The id of the conversation with somebody; null for who cannot be written to. */
  readonly conversationWith: (peer: Uint8Array) => Uint8Array | null
  /** How far an event of ours has come; null where that is not known. */
  readonly reach?: (id: Uint8Array) => Reach | null
  /** Called when leaving, before the history is given back. */
  readonly ended?: () => void
}

/** What the history needs of the chat that it serves. */
export interface Surrounds {
  readonly people: People
  /** Our own id, base32. */
  readonly id: string
  readonly name: () => string
  readonly currentRoom: () => string | null
  readonly ignoring: Ignoring
  readonly speak: Speak<Outcome<{ id: string; room: string }>>
  readonly emit: (event: AppEvent) => void
  readonly log: (code: string, message: string) => void
}

/** The chat's side of history: what is told goes through it, rooms are entered and left in it, and messages are found in it. */
export class Remembering {
  readonly messages: Messages
  private readonly history: History
  private readonly shower: Shower

  constructor(
    private readonly kept: Kept,
    private readonly around: Surrounds,
  ) {
    const { history, reach } = kept
    this.history = history
    const desk = new MessageDesk({ ...around, history, ...(reach === undefined ? {} : { reach }) })
    this.messages = new HeardMessages(desk, around.ignoring)
    this.shower = new Shower(history, around.people, around.emit, around.log)
  }

  tell(telling: EventTelling): void {
    this.shower.tell(telling)
  }

  /** As of the shower's. */
  copy(telling: EventTelling): void {
    this.shower.copy(telling)
  }

  /** Whether a message is known to have been taken back. */
  wasDeleted(id: Uint8Array): boolean {
    return this.history.read.message(id)?.state === 'deleted'
  }

  /** As of the history's `offered`. */
  hearOffers(hear: History['offered']): void {
    this.history.offered = hear
  }

  delivered({ id, reached, of }: DeliveryTelling): void {
    this.history.reached(id, { reached, members: of })
  }

  /** To be called before the node joins; answers what it goes on from. */
  joining(room: string): HeldFeed[] {
    const id = openRoomId(room)
    this.enter(id, room, null, true)
    // So that they can be named, and written to, before they are heard again.
    for (const { author, name } of this.history.read.last(id, MET_MAX)) this.around.people.meet(author, name)
    return this.history.held(id)
  }

  left(room: string): void {
    this.enter(openRoomId(room), room, null, false)
  }

  /** To be called before anything is said to somebody. */
  conversing(peer: Uint8Array): void {
    const room = this.kept.conversationWith(peer)
    const { id, name } = this.around.people.meet(peer, '')
    // Of whom no name is known the beginning of the id stands for one.
    if (room !== null) this.enter(room, name === id.slice(0, 8) ? '' : name, peer, true)
  }

  /** Gives every conversation there ever was to the node, and tells which of them have something new. */
  restore(give: (peer: Uint8Array, held: HeldFeed[]) => void): void {
    for (const { room, settings } of this.history.rooms.list()) {
      const { peer } = settings
      if (peer === null) continue
      this.around.people.meet(peer, settings.name === '' ? this.lastNameOf(room, peer) : settings.name)
      give(peer, this.history.held(room))
    }
  }

  /** What somebody called himself when he wrote to us last. */
  private lastNameOf(room: Uint8Array, peer: Uint8Array): string {
    const said = this.history.read.last(room, CONVERSATION_LOOK_BACK)
    return said.findLast(({ author, name }) => name !== '' && equalBytes(author, peer))?.name ?? ''
  }

  /** Says once, at the start, who has written directly in the meantime. */
  tellUnread(): void {
    const { people, emit } = this.around
    for (const { settings } of this.history.rooms.list()) {
      if (settings.peer === null) continue
      const room = `@${encodeBase32(settings.peer)}`
      const { count } = this.messages.unread(room)
      if (count === 0) continue
      const { name } = people.meet(settings.peer, '')
      const [what, them] = count === 1 ? ['A direct message', 'it'] : [`${count} direct messages`, 'them']
      const message = `${what} of ${name} not read yet: /query ${name} shows ${them}.`
      emit({ event: 'notice', code: 'unread', message, room, unread: count })
    }
  }

  close(): void {
    this.kept.ended?.()
    this.history.close()
  }

  private enter(room: Uint8Array, name: string, peer: Uint8Array | null, joined: boolean): void {
    this.history.entered(room, { name, peer, joined, ageMsMax: null, bytesMax: null })
  }
}
