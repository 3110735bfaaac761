import { peopleAround } from '../../app/around.ts'
import type { Chat, PeerView } from '../../app/chat.ts'
import type { AppEvent, Person, VoiceEvent } from '../../app/events.ts'
import { cleanLine } from '../../base/text.ts'
import type { Message, Network, PersonItem } from './model/model.ts'
import type { Teller } from './tell.ts'

/** Who is there is looked up so often at most: in a storm of comings and goings, a room of thousands takes its time. */
const LOOK_MS = 200
const ALONE_MS = 3_000
/** Who is in other rooms need not be known at once, and a room of thousands takes its time. */
const ELSEWHERE_MS = 2_000
/** As many as are read out to somebody, or named in a sentence. */
const ADDRESSES_MAX = 3
const NAMES_MAX = 5

/** Who is in the room, and how many links there are: looked up when something may have changed them. */
export class Surroundings {
  private timer: Timer | null = null
  private lastMs = Number.NEGATIVE_INFINITY
  /** While nobody is connected, how it stands changes by itself. */
  private again: Timer | null = null
  private elsewhere: readonly Person[] = []
  private elsewhereMs = Number.NEGATIVE_INFINITY
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

  /** Who is both one of ours and a peer in an older network is one person, and one of ours. */
  private links(): PeerView[] {
    const all = this.chat.peers()
    const own = new Set(all.flatMap(({ dialect, address }) => (dialect === 'native' ? [address] : [])))
    return all.filter(({ dialect, address }) => dialect === 'native' || !own.has(address))
  }

  private lookAgain(): void {
    this.again = null
    this.look()
  }

  /** What the doctor says of ways to others, and where others find us. */
  private alone(): Pick<Network, 'addresses' | 'secluded' | 'hints'> {
    const remarks = this.chat.doctor()
    const listening = remarks.find(({ about }) => about === 'listening')
    const addresses = (listening?.addresses ?? []).slice(0, ADDRESSES_MAX).map(cleanLine)
    const hints = remarks
      .filter(({ about }) => about === 'lan' || about === 'address' || about === 'tracker')
      .map(({ text, advice }) => cleanLine(advice === undefined ? text : `${text} ${advice}`))
    return { addresses, secluded: cleanLine(listening?.advice ?? ''), hints }
  }

  private tell(): void {
    const { chat, teller } = this
    const self = { id: chat.id, name: cleanLine(chat.name()) }
    const links = this.links()
    const labels = new Map(links.map((peer) => [`@${peer.id}`, `@${teller.name(peer)}`]))
    const room = chat.currentRoom()
    const people = room === null ? [] : this.peopleIn(room)
    for (const { id, name } of people) labels.set(`@${id}`, `@${name}`)
    const names = links.slice(0, NAMES_MAX).map(({ id }) => labels.get(`@${id}`)!.slice(1))
    const alone = links.length === 0 ? this.alone() : { addresses: [], secluded: '', hints: [] }
    const network = { links: links.length, names, ...alone }
    if (links.length === 0) this.again ??= setTimeout(() => this.lookAgain(), ALONE_MS)
    const ignored = chat.ignored.list().map((person) => teller.name(person))
    const elsewhere = this.peopleElsewhere()
    this.take({ kind: 'network', network, people, elsewhere, ignored, self, labels })
  }

  private peopleElsewhere(): readonly Person[] {
    const { chat, teller } = this
    if (performance.now() - this.elsewhereMs < ELSEWHERE_MS) return this.elsewhere
    this.elsewhereMs = performance.now()
    this.elsewhere = peopleAround(chat).map((person) => ({ id: person.id, name: teller.name(person) }))
    return this.elsewhere
  }

  private peopleIn(room: string): PersonItem[] {
    const { chat, teller } = this
    const verified = new Map(chat.peers().map((peer) => [peer.id, peer.verified]))
    if (room.startsWith('@')) {
      const own = { id: chat.id, name: teller.name({ id: chat.id, name: chat.name() }), self: true }
      const other = { id: room.slice(1), name: teller.label(room).slice(1), self: false }
      return [own, other].map((each) => {
        return { ...each, hops: 0, verified: verified.get(each.id) ?? true, network: null, voice: null }
      })
    }
    const natives = chat.users(room).map((user) => ({
      id: user.id,
      name: teller.name(user),
      self: user.self,
      hops: user.hops,
      verified: verified.get(user.id) ?? true,
      network: null,
      voice: user.voice ?? null,
    }))
    const order = (a: PersonItem, b: PersonItem): number =>
      Number(b.self) - Number(a.self) ||
      Number(b.network === null) - Number(a.network === null) ||
      compare(a.name, b.name)
    return [...natives, ...this.strangersIn(room)].sort(order)
  }

  /** Those with older programs whom what is said in the room reaches through us. In voice they are where voice is. */
  private strangersIn(room: string): PersonItem[] {
    const { chat, teller } = this
    const strangers = this.links().filter((peer) => peer.dialect !== 'native' && (peer.room ?? room) === room)
    if (strangers.length === 0) return []
    const { room: voiceRoom, peers } = chat.voice.view()
    const inVoice = new Set(voiceRoom === room ? peers.map(({ id }) => id) : [])
    return strangers.flatMap((peer) => {
      const { id, dialect } = peer
      if (dialect === 'native') return []
      const voice = inVoice.has(id) ? ('on' as const) : null
      return [{ id, name: teller.name(peer), self: false, hops: 1, verified: false, network: dialect, voice }]
    })
  }
}

function compare(one: string, other: string): number {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()]
  return a < b ? -1 : Number(a > b)
}
