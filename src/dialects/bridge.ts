import { utf8 } from '../base/bytes.ts'
import { bareName, type DialectName, isMarked, markName, NATIVE_MARK } from '../base/dialects.ts'
import { TimerQueue } from '../base/timers.ts'
import { TokenBucket } from '../core/gossip/token-bucket.ts'
import { sha256 } from '../crypto/hash.ts'
import { Echoes } from './echoes.ts'
import type { Words } from './words.ts'

/** One network that is bridged: the native one, that of a dialect, or one link of a dialect whose links are networks of their own. */
export interface Side {
  /** `native`, `framed`, `line 3`. */
  readonly key: string
  readonly network: DialectName | 'native'
}

/** Say these there; the name is as it is to be shown, but toward the native side, whose readers mark it themselves. */
export interface BridgeOutput {
  readonly side: string
  /** The network we heard them on. */
  readonly heardOn: DialectName | 'native'
  readonly words: Words
}

/** How long each waits to whom another goes before: a message's way through the slowest of these networks. A guess. */
export const HOLD_MS = 1_500
/** So many are waited for at most: anybody there may claim to be a bridge, or a hundred, and would hold up everybody's words. */
const TURNS_MAX = 4
/** How long words are remembered by their origin, at least: as long as the originals remember an id. At most twice that. */
const SEEN_MS = 120_000
/** Of each of the two generations in which they are: beyond, the oldest go sooner. */
const SEEN_MAX = 16_384
/** What one side may have said at once and for ever: a lively room, not a flood. */
const BURST_WORDS = 400
const WORD_EVERY_MS = 20
/** Sides at a time: beside the native one and three dialects, as many two-person links as anybody has. */
const SIDES_MAX = 72
/** Words waiting for their turn; beyond, they are said at once, for to say twice is better than not at all. */
const HELD_MAX = 4_096
/** In vain so often, and one is not waited for until it says something there. */
const MISSES_MAX = 3
/** Other bridges remembered on a side. */
const FELLOWS_MAX = 256
/**
 * Where nobody can be known before he speaks, and nothing tells one message from another, one's first words wait: by then another bridge may
 * have said them. Less than others wait for whom they know.
 */
const PROBATION_MS_MIN = 100
const PROBATION_MS_MAX = 1_000
/** So many words of one's own there, and whoever else is there has heard that there are two. */
const PROBATION_WORDS = 3

interface SideState extends Side {
  readonly bucket: TokenBucket
  /** Ids of the other bridges known to be there. */
  fellows: Set<string>
  /** Those who are known not to be there. */
  absent: ReadonlySet<string>
  /** How often each was waited for in vain with words of one network, since it last said such words here. */
  readonly misses: Map<string, number>
  /** Said here by us, as a bridge. */
  said: number
}

/** On which sides words have been heard or said. */
interface Seen {
  readonly sides: Set<string>
}

/**
 * Between the networks that one node takes part in: what is said in one is said once in every other, and never where it came from. Pure: words
 * and time in, words out, `wake` due at `nextWakeMs`.
 *
 * Several bridges between the same networks: words are known by their origin, which stays with them on their way. Of bridges that know of each
 * other on both sides the author's own says them, else the one with the lowest id; the next waits, and says them if nobody has. What comes round
 * to a network of the kind it came from waits too, in case it is that very one. And where a network keeps no ids, words under a marked
 * name are taken for an echo of equal words of a moment ago.
 */
export class Bridge {
  /** What was too much, since the last look. */
  dropped = 0
  private readonly sides = new Map<string, SideState>()
  private young = new Map<string, Seen>()
  private old = new Map<string, Seen>()
  private turnedAtMs = 0
  private held = 0
  private readonly echoes = new Echoes()
  private readonly timers = new TimerQueue<() => void>()
  private outputs: BridgeOutput[] = []

  /** `own`: what we are called as a bridge. */
  constructor(private readonly own: string) {}

  /** False where there are too many. */
  open({ key, network }: Side): boolean {
    if (this.sides.size >= SIDES_MAX) return false
    const bucket = new TokenBucket(BURST_WORDS, WORD_EVERY_MS)
    this.sides.set(key, { key, network, bucket, fellows: new Set(), absent: new Set(), misses: new Map(), said: 0 })
    return true
  }

  close(key: string): void {
    this.sides.delete(key)
  }

  /** The other bridges that are there now, and some that are not. Who puts words there is added by itself. */
  fellows(key: string, ids: Iterable<string>, absent: Iterable<string> = []): void {
    const side = this.sides.get(key)
    if (side === undefined) return
    side.fellows = new Set([...ids].filter((id) => id !== this.own).slice(0, FELLOWS_MAX))
    side.absent = new Set([...absent].slice(0, FELLOWS_MAX))
  }

  heard(key: string, words: Words, nowMs: number): void {
    const side = this.sides.get(key)
    if (side === undefined) return
    if (words.bridge !== null && words.bridge !== this.own && side.fellows.size < FELLOWS_MAX)
      this.speaks(side, words.bridge, words.from)
    const known = this.seen(words.origin, nowMs)
    if (known !== null) {
      known.sides.add(key)
      return
    }
    if (!side.bucket.take(nowMs)) {
      this.dropped++
      return
    }
    const isSuspect = words.isExact ? words.bridge !== null && words.from === 'line' : isMarked(words.name)
    const about = `${bareName(words.name)}\n${words.text}`
    if (isSuspect && this.echoes.absorb(key, about, nowMs)) return
    this.echoes.add(about, nowMs)
    const seen: Seen = { sides: new Set([key]) }
    this.remember(words.origin, seen)
    for (const target of this.sides.values()) if (target !== side) this.pass(side, target, words, seen, nowMs)
  }

  wake(nowMs: number): void {
    for (let due = this.timers.takeDue(nowMs); due !== null; due = this.timers.takeDue(nowMs)) due()
  }

  nextWakeMs(): number | null {
    return this.timers.nextAtMs()
  }

  takeOutputs(): BridgeOutput[] {
    const { outputs } = this
    this.outputs = []
    return outputs
  }

  private pass(side: SideState, target: SideState, words: Words, seen: Seen, nowMs: number): void {
    const comesRound = words.bridge !== null && words.from === target.network ? 1 : 0
    const before = this.before(side, target, words)
    const waitMs = Math.min(TURNS_MAX, before.length + comesRound) * HOLD_MS || this.probationMs(target, words)
    const output = { side: target.key, heardOn: side.network, words: this.named(side, target, words) }
    if (waitMs === 0 || this.held >= HELD_MAX) {
      seen.sides.add(target.key)
      target.said++
      this.outputs.push(output)
      return
    }
    this.held++
    this.timers.set(nowMs + waitMs, () => {
      this.held--
      if (seen.sides.has(target.key) || !this.sides.has(target.key)) return
      seen.sides.add(target.key)
      for (const id of before) this.missed(id, side, target)
      target.said++
      this.outputs.push(output)
    })
  }

  /** How long a beginner waits where he cannot know who else is there: hardly any two as long, and each always as long, so that order stays. */
  private probationMs({ network, said }: SideState, { author }: Words): number {
    if (network !== 'tracker' || said >= PROBATION_WORDS || author === this.own) return 0
    const lot = sha256(utf8(this.own))[0]! / 256
    return PROBATION_MS_MIN + Math.floor(lot * (PROBATION_MS_MAX - PROBATION_MS_MIN))
  }

  /** Those of the others who are on both sides that go before us: whose words they are, who put them here, and the lower ids. */
  private before(side: SideState, target: SideState, { author, bridge }: Words): string[] {
    if (author === this.own) return []
    const known = new Set([...side.fellows, ...this.bridges()])
    return [...known].filter((id) => {
      const isBoth = this.mayBeOn(side, id) && this.mayBeOn(target, id)
      if (!isBoth || (target.misses.get(`${id} ${side.network}`) ?? 0) >= MISSES_MAX) return false
      return id === author || id === bridge || id < this.own
    })
  }

  /**
   * A tracker's peers are ports and no more, and of `framed` one knows those next to one: whoever bridges another network of ours may be there
   * too, until it is waited for in vain.
   */
  private mayBeOn({ fellows, absent, network }: SideState, id: string): boolean {
    if (fellows.has(id)) return true
    const isKnowable = network !== 'tracker' && network !== 'framed'
    if (isKnowable || absent.has(id)) return false
    return this.bridges().has(id)
  }

  /** Whoever is in a network of another kind than ours is one. */
  private bridges(): Set<string> {
    const all = [...this.sides.values()].filter(({ network }) => network !== 'native')
    return new Set(all.flatMap(({ fellows }) => [...fellows]))
  }

  private speaks(side: SideState, id: string, from: string): void {
    side.fellows.add(id)
    side.misses.delete(`${id} ${from}`)
  }

  /** One who was waited for did not say it: perhaps its network is another one, or it is gone. */
  private missed(id: string, { network }: SideState, { misses }: SideState): void {
    const key = `${id} ${network}`
    misses.set(key, (misses.get(key) ?? 0) + 1)
    if (misses.size > FELLOWS_MAX) misses.delete(misses.keys().next().value!)
  }

  private named({ network }: SideState, target: SideState, words: Words): Words {
    if (target.network === 'native') return words
    if (network !== 'native') return { ...words, name: markName(words.name, network) }
    // We are there under our own name, and need no mark to be told from ourselves.
    if (words.author === this.own) return words
    return { ...words, name: markName(words.name, words.from === 'native' ? NATIVE_MARK : words.from) }
  }

  private seen(origin: string, nowMs: number): Seen | null {
    if (nowMs - this.turnedAtMs >= SEEN_MS || this.young.size >= SEEN_MAX) {
      this.old = this.young
      this.young = new Map()
      this.turnedAtMs = nowMs
    }
    return this.young.get(origin) ?? this.old.get(origin) ?? null
  }

  private remember(origin: string, seen: Seen): void {
    this.young.set(origin, seen)
  }
}
