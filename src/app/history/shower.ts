import { encodeBase32 } from '../../base/base32.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import { cleanText } from '../../base/text.ts'
import { cleanEmoji } from '../../core/room/told.ts'
import type { EventTelling } from '../../node/outputs.ts'
import type { StoredMessage } from '../../ports/store.ts'
import { readReaction, readRemoval, readTextAbout } from '../../wire/amendment.ts'
import { EventKind } from '../../wire/event.ts'
import type { Answered, AppEvent, MessageEvent, Person } from '../events.ts'
import type { People } from '../people.ts'
import { messageEvent } from '../teller.ts'
import type { History } from './service.ts'

/** Messages that something was said about before they came; the ones longest waited for are given up. */
const AWAITED_MAX = 10_000
/** What a message already showed when it was told, and need not be told again. */
const TOLD_MAX = 10_000

/** Words that were left out for those that stand in the store: beyond, the oldest stay left out. A room that catches up brings as many at once. */
const UNTOLD_MAX = 1_024

/**
 * Tells front ends what is said, as the store has it. A message is told at once as it was said; what comes late, or had something said
 * about it before it came, is told as it stands once it is stored, so that nobody hears what was taken back. An edit, a deletion or a reaction
 * is told if it is what counts: whoever follows the events comes to what the store has, in whatever order things arrived.
 */
export class Shower {
  private readonly awaited = new Set<string>()
  /** By what it is: a text that was edited, a deletion, somebody's reaction. As it was told. */
  private readonly told = new Map<string, string>()
  /** Messages that will be told as they stand, so many as wait for the store: what is done with them before is told with them. */
  private readonly pending = new Set<string>()
  /** What stands in the store for words that somebody else passed on first, and that were not told for that: by id. */
  private readonly untold = new Set<string>()
  /** How many in each room wait for the store to be told: what comes after them waits too, so that nobody's words are told out of turn. */
  private readonly waiting = new Map<string, number>()

  constructor(
    private readonly history: History,
    private readonly people: People,
    private readonly emit: (event: AppEvent) => void,
    private readonly log: (code: string, message: string) => void,
  ) {}

  tell(telling: EventTelling): void {
    if (isAbout(telling.eventKind)) return this.later(telling, (kept) => this.amend(kept))
    const { backlog, id } = telling
    if (backlog || this.awaited.delete(toHex(id)) || this.isWaiting(telling)) {
      this.pending.add(toHex(id))
      return this.later(telling, (kept) => this.asItStands(kept))
    }
    this.message(telling)
  }

  /**
   * Somebody has passed on words that came before by somebody else, and were told. Where those waited for the store and this stands there for both,
   * they were left out: then this is told.
   */
  copy(telling: EventTelling): void {
    // Those that came before are looked at first.
    if (this.isWaiting(telling)) return this.later(telling, (kept) => this.ifUntold(kept))
    this.ifUntold(telling)
  }

  /** Who and what a message answers, as far as it is known. */
  answered(target: Uint8Array): Answered {
    const message = this.history.glance.message(target)
    const id = toHex(target)
    if (message === null) return { id }
    const from = this.people.sayer(message.author, message.name)
    return message.state === 'deleted' || message.state === 'gone' ? { id, from } : { id, from, text: message.text }
  }

  private isWaiting(telling: EventTelling): boolean {
    return this.waiting.has(roomOf(telling))
  }

  private later(telling: EventTelling, then: (telling: EventTelling) => void): void {
    // What the node tells is a view of memory that is used again.
    const kept = { ...telling, body: telling.body.slice() }
    const room = roomOf(telling)
    this.waiting.set(room, (this.waiting.get(room) ?? 0) + 1)
    this.history.settled(() => {
      const left = this.waiting.get(room)! - 1
      if (left > 0) this.waiting.set(room, left)
      else this.waiting.delete(room)
      then(kept)
    })
  }

  private message(telling: EventTelling): void {
    const event = this.eventOf(telling)
    if (event === null) this.log('broken-text', `Event ${toHex(telling.id)} is not UTF-8; it is not shown.`)
    else this.emit(event)
  }

  private eventOf(telling: EventTelling): MessageEvent | null {
    const from = this.person(telling.author, telling.name)
    const room = roomOf(telling)
    if (telling.eventKind !== EventKind.reply) return messageEvent(telling, room, from)
    const reply = readTextAbout(telling.body)
    if (reply === null) return null
    const said = { ...telling, eventKind: EventKind.text, body: new TextEncoder().encode(reply.text) }
    const event = messageEvent(said, room, from)
    return event === null ? null : { ...event, answers: this.answered(reply.target) }
  }

  private asItStands(telling: EventTelling): void {
    this.pending.delete(toHex(telling.id))
    const event = this.eventOf(telling)
    const stored = this.history.glance.message(telling.id)
    if (event === null || stored === null) return this.message(telling)
    if (!equalBytes(stored.id, telling.id)) return this.leaveTo(stored.id)
    const { id, room, at } = event
    if (stored.state === 'deleted') return this.remember(`${id} delete`, '')
    if (stored.state === 'edited') this.remember(`${id} edit`, stored.text)
    const marked = stored.isForked ? { ...event, forked: true } : event
    this.emit(stored.state === 'edited' ? { ...marked, text: stored.text, edited: true } : marked)
    for (const { emoji, authors } of stored.reactions) {
      for (const author of authors) {
        const from = this.people.recall(author, '')
        const self = equalBytes(author, this.history.own)
        this.remember(`${id} ${from.id} ${emoji}`, 'on')
        this.emit({ event: 'reaction', room, id, from, at, self, emoji, on: true, backlog: true })
      }
    }
  }

  /** Somebody else has passed on the same words, by whose name they are told: when they come, unless they were before we started. */
  private leaveTo(id: Uint8Array): void {
    this.untold.add(toHex(id))
    if (this.untold.size > UNTOLD_MAX) this.untold.delete(this.untold.values().next().value!)
  }

  private ifUntold(telling: EventTelling): void {
    if (this.untold.delete(toHex(telling.id))) this.asItStands(telling)
  }

  private remember(what: string, as: string): void {
    this.told.set(what, as)
    if (this.told.size > TOLD_MAX) this.told.delete(this.told.keys().next().value!)
  }

  /** Whether it was told like that; from now on whatever comes is news. */
  private wasTold(what: string, as: string): boolean {
    const before = this.told.get(what)
    this.told.delete(what)
    return before === as
  }

  private amend(telling: EventTelling): void {
    const { eventKind, body } = telling
    if (eventKind === EventKind.edit) {
      const edit = readTextAbout(body)
      const message = this.target(edit?.target)
      const text = cleanText(edit?.text ?? '')
      if (message?.state !== 'edited' || message.text !== text || !this.isBy(message, telling)) return
      const about = this.about(telling, message)
      return this.wasTold(`${about.id} edit`, text) ? undefined : this.emit({ event: 'edit', ...about, text })
    }
    if (eventKind === EventKind.remove) {
      const message = this.target(readRemoval(body) ?? undefined)
      if (message?.state !== 'deleted' || !this.isBy(message, telling)) return
      const about = this.about(telling, message)
      return this.wasTold(`${about.id} delete`, '') ? undefined : this.emit({ event: 'delete', ...about })
    }
    const reaction = readReaction(body)
    const emoji = cleanEmoji(reaction?.emoji ?? '')
    const message = this.target(reaction?.target)
    if (reaction === null || emoji === null || message === null) return
    const chosen = message.reactions.some(
      (each) => each.emoji === emoji && each.authors.some((author) => equalBytes(author, telling.author)),
    )
    if (chosen !== reaction.on || !this.isIn(message, telling)) return
    const about = this.about(telling, message)
    if (this.wasTold(`${about.id} ${about.from.id} ${emoji}`, reaction.on ? 'on' : 'off')) return
    this.emit({ event: 'reaction', ...about, emoji, on: reaction.on })
  }

  private person(id: Uint8Array, name: string): Person {
    const person = this.people.meet(id, name)
    return { id: person.id, name: person.name }
  }

  private target(id: Uint8Array | undefined): StoredMessage | null {
    if (id === undefined || this.pending.has(toHex(id))) return null
    const message = this.history.glance.message(id)
    if (message !== null) return message
    this.awaited.add(toHex(id))
    if (this.awaited.size > AWAITED_MAX) this.awaited.delete(this.awaited.values().next().value!)
    return null
  }

  private isBy(message: StoredMessage, telling: EventTelling): boolean {
    return equalBytes(message.author, telling.author) && this.isIn(message, telling)
  }

  private isIn(message: StoredMessage, telling: EventTelling): boolean {
    return this.history.rooms.placeOf(message.room) === roomOf(telling)
  }

  private about(telling: EventTelling, message: StoredMessage) {
    return {
      room: roomOf(telling),
      id: toHex(message.id),
      from: this.person(telling.author, telling.name),
      at: telling.time.ms,
      self: telling.self,
      ...(telling.backlog ? { backlog: true } : {}),
    }
  }
}

/** As front ends call it. */
function roomOf({ room, peer }: EventTelling): string {
  return room ?? `@${encodeBase32(peer!)}`
}

function isAbout(kind: number): boolean {
  return kind === EventKind.edit || kind === EventKind.remove || kind === EventKind.reaction
}
