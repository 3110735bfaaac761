import type { Chat } from '../../app/chat.ts'
import type { AppEvent, VoiceEvent } from '../../app/events.ts'
import { cleanLine } from '../../base/text.ts'
import type { Message, PersonItem } from './model/model.ts'
import type { Teller } from './tell.ts'

/** Who is there is looked up so often at most: in a storm of comings and goings, a room of thousands takes its time. */
const LOOK_MS = 200
const ALONE_MS = 3_000

/** Who is in the room, and how many links there are: looked up when something may have changed them. */
export class Surroundings {
  private timer: Timer | null = null
  private lastMs = Number.NEGATIVE_INFINITY
  /** While nobody is connected, how it stands changes by itself. */
  private again: Timer | null = null
  /** How we stood in voice, when that was told last. */
  private ownVoice = ''

  constructor(
    private readonly chat: Chat,
    private readonly teller: Teller,
    private readonly take: (message: Message) => void,
  ) {}

  hear(event: AppEvent): void {
    if (['ready', 'peer', 'member', 'room'].includes(event.event)) this.look()
    else if (event.event === 'voice') this.hearVoice(event)
  }

  /** Once a second it tells what is measured, which is none of ours. */
  private hearVoice({ room, state, deafened, change }: VoiceEvent): void {
    const own = `${room} ${state} ${deafened}`
    if (change !== undefined || own !== this.ownVoice) this.look()
    this.ownVoice = own
  }

  /** Soon, and not too often. */
  look(): void {
    if (this.timer !== null) return
    const waitMs = Math.max(0, this.lastMs + LOOK_MS - performance.now())
    this.timer = setTimeout(() => {
      this.lookNow()
    }, waitMs)
  }

  /** Somebody waits for it. */
  lookNow(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.lastMs = performance.now()
    this.tell()
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    if (this.again !== null) clearTimeout(this.again)
    this.again = null
  }

  private lookAgain(): void {
    this.again = null
    this.look()
  }

  /** What the doctor says of ways to others, but for what there is to be said of links that are not there. */
  private hints(): string[] {
    return this.chat
      .doctor()
      .filter(({ about }) => about !== 'reachable' && about !== 'network')
      .map(({ text, advice }) => cleanLine(advice === undefined ? text : `${text} ${advice}`))
  }

  private tell(): void {
    const { chat, teller } = this
    const self = { id: chat.id, name: cleanLine(chat.name()) }
    const links = chat.peers()
    const labels = new Map(links.map(({ id, name }) => [`@${id}`, `@${teller.name({ id, name })}`]))
    const room = chat.currentRoom()
    const people = room === null ? [] : this.peopleIn(room)
    for (const { id, name } of people) labels.set(`@${id}`, `@${name}`)
    const network = { links: links.length, hints: links.length > 0 ? [] : this.hints() }
    if (links.length === 0) this.again ??= setTimeout(() => this.lookAgain(), ALONE_MS)
    this.take({ kind: 'network', network, people, self, labels })
  }

  private peopleIn(room: string): PersonItem[] {
    const { chat, teller } = this
    const verified = new Map(chat.peers().map((peer) => [peer.id, peer.verified]))
    if (room.startsWith('@')) {
      const own = { id: chat.id, name: teller.name({ id: chat.id, name: chat.name() }), self: true }
      const other = { id: room.slice(1), name: teller.label(room).slice(1), self: false }
      return [own, other].map((each) => ({ ...each, hops: 0, verified: verified.get(each.id) ?? true, voice: null }))
    }
    const people = chat.users(room).map((user) => ({
      id: user.id,
      name: teller.name(user),
      self: user.self,
      hops: user.hops,
      verified: verified.get(user.id) ?? true,
      voice: user.voice ?? null,
    }))
    return people.sort((a, b) => Number(b.self) - Number(a.self) || compare(a.name, b.name))
  }
}

function compare(one: string, other: string): number {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()]
  return a < b ? -1 : Number(a > b)
}
