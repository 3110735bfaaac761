import { toHex } from '../../base/bytes.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import {
  contentTag,
  encodeHolding,
  encodeSeek,
  readCallBack,
  readHolding,
  readSeek,
  TAGS_MAX,
} from '../../wire/holding.ts'
import { PassingKind } from '../../wire/passing.ts'
import type { Talk } from './contract.ts'
import type { Reaching } from './reaching.ts'

/** A question for the same room again, while somebody may have come. */
const SEEK_EVERY_MS = 30_000
/** And where somebody waits for the others to have what he gives. */
const WATCH_EVERY_MS = 1_000
/** Contents asked about at a time by whoever waits: of those that the fewest are known to have, in turn. What comes is told of anyway. */
const WATCHED_MAX = 256
/** Of so many times they are asked about, one is about all of them in turn: what nobody takes is not to hide the others. */
const TURN_OF_ALL = 4
/** Answers about one content to one room: one covers everybody who asked meanwhile. */
const ANSWER_EVERY_MS = 2_000
/** And to all rooms together, of sixteen contents each: everybody in a room hears of each, and whoever asks is to cost them no more than a talkative person. */
const ANSWERS_MAX = 64
const ANSWER_REFILL_MS = 60
/** That nothing is wanted is said again so often, to those who go on asking. */
const REFUSE_EVERY_MS = 30_000
/** People who say they have one content; enough to fetch it from. Forgotten oldest first. */
const HOLDERS_MAX = 8
/** Contents of which that is known. */
const HELD_MAX = 256

/** What somebody here has, or wants. */
export interface Sought {
  readonly root: Uint8Array
  readonly room: string
  readonly whole: boolean
  readonly wants: boolean
  /** We offer it. */
  readonly gives?: boolean
  /** We wait for others to have it. */
  readonly watches?: boolean
  /** So many are known to have what we give. */
  readonly takers?: number
  /** The user does not want it: who offered it, by key, and may hear that. */
  readonly refusedOf?: string
}

/** What somebody says of a content that we offer. */
export type Answer = 'whole' | 'declined'

/** By root, for as long as anybody holds that: a thousand of them are looked through for each answer. */
const tagsKnown = new WeakMap<Uint8Array, string>()

/** A content's tag, in hexadecimal. */
function tagOf(root: Uint8Array): string {
  const known = tagsKnown.get(root)
  if (known !== undefined) return known
  const tag = toHex(contentTag(root))
  tagsKnown.set(root, tag)
  return tag
}

/** Finding who has what: asks rooms, answers those who ask, and says whom to dial. */
export class Seeking {
  private readonly soughtAtMs = new Map<string, number>()
  /** When it was last said that we have something, by room and root; not longer than that matters. */
  private readonly answeredAtMs = new Map<string, number>()
  private readonly refusedAtMs = new Map<string, number>()
  private readonly answers = new TokenBucket(ANSWERS_MAX, ANSWER_REFILL_MS)
  /** Of those that are watched it is gone on with there the next time, by room. */
  private readonly turns = new Map<string, { count: number; all: number; fewest: number }>()
  /** What was said to somebody who is there that we do not want: by room and root. */
  private refusalsSaid: ReadonlySet<string> = new Set()
  /** By root. */
  private readonly holders = new Map<string, Set<string>>()

  constructor(
    private readonly talk: Talk,
    /** What we have or want; with `isMeant` of others than these contents, by root, nothing need be in it. */
    private readonly contents: (isMeant?: (root: Uint8Array) => boolean) => readonly Sought[],
    private readonly reaching: Reaching,
    /** Asks somebody who is linked already. */
    private readonly ask: (key: string) => void,
    private readonly answered: (root: Uint8Array, room: string, key: string, answer: Answer) => void = () => {},
  ) {}

  /** Asks the rooms of what is wanted, where that is due. */
  seek(nowMs: number, isUrgent = false): void {
    for (const [room, wanted] of this.byRoom((each) => each.wants || each.watches === true)) {
      const lastMs = this.soughtAtMs.get(room)
      const everyMs = wanted.some((each) => each.watches) ? WATCH_EVERY_MS : SEEK_EVERY_MS
      if (!isUrgent && lastMs !== undefined && nowMs - lastMs < everyMs) continue
      this.soughtAtMs.set(room, nowMs)
      const due = this.dueOf(room, wanted)
      for (let i = 0; i < due.length; i += TAGS_MAX) {
        const tags = due.slice(i, i + TAGS_MAX).map(({ root }) => contentTag(root))
        this.talk.pass(room, PassingKind.seek, encodeSeek(tags))
      }
    }
  }

  private dueOf(room: string, wanted: readonly Sought[]): readonly Sought[] {
    if (wanted.length <= WATCHED_MAX) return wanted
    const turn = this.turns.get(room) ?? { count: 0, all: 0, fewest: 0 }
    this.turns.set(room, turn)
    const which = ++turn.count % TURN_OF_ALL === 0 ? 'all' : 'fewest'
    const fewest = Math.min(...wanted.map(({ takers = 0 }) => takers))
    const among = which === 'all' ? wanted : wanted.filter(({ takers = 0 }) => takers === fewest)
    const from = turn[which] < among.length ? turn[which] : 0
    turn[which] = from + WATCHED_MAX
    return among.slice(from, turn[which])
  }

  /** Tells a room what we have of it. */
  tell(room: string, contents: readonly Sought[]): void {
    for (let i = 0; i < contents.length; i += TAGS_MAX) {
      const entries = contents.slice(i, i + TAGS_MAX).map(({ root, whole }) => ({ tag: contentTag(root), whole }))
      this.talk.pass(room, PassingKind.holding, encodeHolding({ addresses: this.talk.ownAddresses(), entries }))
    }
  }

  /** Says that we do not want what somebody offers. */
  decline(room: string, root: Uint8Array): void {
    const entry = { tag: contentTag(root), whole: false, declined: true } as const
    this.talk.pass(room, PassingKind.holding, encodeHolding({ addresses: [], entries: [entry] }))
  }

  /** Whoever offered something to us alone, and was away when we did not want it, or while we were, hears that once both are there. */
  remind(): void {
    const said = new Set<string>()
    for (const { refusedOf, room, root } of this.contents()) {
      if (refusedOf === undefined || !room.startsWith('@') || !this.talk.isThere(refusedOf)) continue
      const refusal = `${room} ${toHex(root)}`
      said.add(refusal)
      if (!this.refusalsSaid.has(refusal)) this.decline(room, root)
    }
    this.refusalsSaid = said
  }

  /** A passing event of another, about files. Answers the roots its author has, of those we want. */
  heard(room: string, from: string, kind: number, body: Uint8Array, nowMs: number): void {
    if (from === this.talk.own) return
    if (kind === PassingKind.seek) this.asked(room, from, body, nowMs)
    else if (kind === PassingKind.holding) this.told(room, from, body, nowMs)
    else if (kind === PassingKind.callBack) this.calledBack(room, from, body, nowMs)
  }

  /** Those who say that they have something; who was heard last is at the end. */
  holdersOf(root: Uint8Array): readonly string[] {
    return [...(this.holders.get(toHex(root)) ?? [])]
  }

  private asked(room: string, from: string, body: Uint8Array, nowMs: number): void {
    const tags = new Set(readSeek(body)?.map(toHex))
    const isAsked = (root: Uint8Array): boolean => tags.has(tagOf(root))
    const asked = this.contents(isAsked).filter((each) => each.room === room && isAsked(each.root))
    this.refuse(room, from, asked, nowMs)
    for (const [about, atMs] of this.answeredAtMs) {
      if (nowMs - atMs < ANSWER_EVERY_MS) break
      this.answeredAtMs.delete(about)
    }
    const here = new Map<string, Sought>()
    for (const each of asked) {
      const about = `${room} ${tagOf(each.root)}`
      // Of two offers of the same, one may have brought it.
      if (each.refusedOf === undefined && !this.answeredAtMs.has(about) && here.get(about)?.whole !== true)
        here.set(about, each)
    }
    if (here.size === 0 || !this.answers.take(nowMs)) return
    for (const about of here.keys()) this.answeredAtMs.set(about, nowMs)
    this.tell(room, [...here.values()])
  }

  /** Whoever offers something and asks who has it learns that we do not want it. */
  private refuse(room: string, from: string, asked: readonly Sought[], nowMs: number): void {
    const refused = asked.filter(({ refusedOf }) => refusedOf === from)
    const lastMs = this.refusedAtMs.get(room)
    if (refused.length === 0 || (lastMs !== undefined && nowMs - lastMs < REFUSE_EVERY_MS)) return
    this.refusedAtMs.set(room, nowMs)
    for (const { root } of refused.slice(0, TAGS_MAX)) this.decline(room, root)
  }

  private told(room: string, from: string, body: Uint8Array, nowMs: number): void {
    const holding = readHolding(body)
    if (holding === null) return
    const said = new Map(holding.entries.map((entry) => [toHex(entry.tag), entry]))
    let isWanted = false
    const contents = this.contents((root) => said.has(tagOf(root)))
    const offered = contents.filter(({ refusedOf, root }) => {
      return refusedOf === from && said.get(tagOf(root))?.whole === true
    })
    if (room.startsWith('@')) this.refuse(room, from, offered, nowMs)
    for (const { root, room: where, wants, gives } of contents) {
      const entry = where === room ? said.get(tagOf(root)) : undefined
      if (entry === undefined) continue
      const answer = entry.declined === true ? 'declined' : entry.whole ? 'whole' : null
      if (gives === true && answer !== null) this.answered(root, room, from, answer)
      if (!wants || entry.declined === true) continue
      isWanted = true
      this.note(toHex(root), from)
    }
    if (!isWanted) return
    this.ask(from)
    this.reaching.told(from, holding.addresses)
    this.reaching.dial(from, nowMs)
  }

  /** Somebody cannot dial us: only who may want something that is here is dialled. */
  private calledBack(room: string, from: string, body: Uint8Array, nowMs: number): void {
    const asked = readCallBack(body)
    if (asked === null || toHex(asked.to) !== this.talk.own) return
    if (!this.contents().some((each) => each.room === room)) return
    this.reaching.told(from, asked.addresses)
    this.reaching.dial(from, nowMs)
  }

  private note(root: string, key: string): void {
    const holders = this.holders.get(root) ?? new Set()
    this.holders.delete(root)
    if (this.holders.size >= HELD_MAX) this.holders.delete(this.holders.keys().next().value!)
    this.holders.set(root, holders)
    holders.delete(key)
    if (holders.size >= HOLDERS_MAX) holders.delete(holders.values().next().value!)
    holders.add(key)
  }

  private byRoom(fits: (each: Sought) => boolean): Map<string, Sought[]> {
    const rooms = new Map<string, Sought[]>()
    for (const each of this.contents()) {
      if (!fits(each)) continue
      const wanted = rooms.get(each.room)
      if (wanted === undefined) rooms.set(each.room, [each])
      else wanted.push(each)
    }
    return rooms
  }
}
