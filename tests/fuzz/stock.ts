import { utf8 } from '../../src/base/bytes.ts'
import type { HlcTime } from '../../src/base/hlc.ts'
import type { Rng } from '../../src/base/rng.ts'
import { agreementKeyFromSecret, agreementPublicFromIdentity } from '../../src/crypto/agree.ts'
import { conversationId, sealTo } from '../../src/crypto/seal.ts'
import type { NodeIdentity } from '../../src/node/context.ts'
import { EventKind, encodeDirect, openRoomId } from '../../src/wire/event.ts'
import { encodePresence, PassingKind, sealPassing } from '../../src/wire/passing.ts'
import { encodeSignal, GRANT_SEALED_BYTES, type VoiceSignal } from '../../src/wire/voice-signal.ts'
import { Author, type Made } from '../node/author.ts'

/** A feed, and what its author has signed of it: one history, pieces of another, and numbers left out. */
export interface Material {
  readonly author: Author
  readonly bundles: readonly Made[]
  /** How far it has been sent. */
  at: number
}

export const TEXTS = ['hi', 'x'.repeat(300), '\u001b[31mred', '\u202eevil', '', 'é\u0301\u0301', '\ufffd']
const ROOMS = ['general', 'general', 'dev', 'elsewhere'].map(openRoomId)
const BUNDLES = 30

/** Everything that attackers have to show, rightly signed: by people who are real, or who they made up. */
export class Stock {
  readonly feeds: Material[]
  readonly passings: Uint8Array[]

  constructor(
    private readonly rng: Rng,
    private readonly epoch: number,
    private readonly wallMs: number,
    private readonly victim: NodeIdentity,
    private readonly people: readonly NodeIdentity[],
  ) {
    this.feeds = people.map((person, at) => (at === 0 ? this.direct(person) : this.open(person, at)))
    this.passings = Array.from({ length: 20 }, () => this.passing())
  }

  pick<T>(list: readonly T[]): T {
    return list[this.rng.below(list.length)]!
  }

  private open(person: NodeIdentity, at: number): Material {
    const author = new Author(person.signing, ROOMS[at % ROOMS.length]!, this.epoch)
    return { author, bundles: this.history(author, (mine) => mine.say(...this.said())), at: 0 }
  }

  private direct(person: NodeIdentity): Material {
    const room = conversationId(person.agreement, this.victim.agreement.publicKey)!
    const author = new Author(person.signing, room, this.epoch)
    return { author, bundles: this.history(author, (mine) => mine.say(this.sealed(person, mine.feedId))), at: 0 }
  }

  private history(author: Author, say: (author: Author) => Made): Made[] {
    const bundles: Made[] = []
    for (let i = 0; i < BUNDLES; i++) {
      if (this.rng.below(15) === 0) author.next += this.rng.below(3)
      if (this.rng.below(15) === 0) {
        const other = author.fork()
        bundles.push(say(other), say(other))
      }
      bundles.push(say(author))
    }
    return bundles
  }

  private said(): { kind: number; body: Uint8Array; time: HlcTime }[] {
    const { rng } = this
    let ms = this.wallMs + rng.below(600_000) - 300_000
    return Array.from({ length: 1 + rng.below(3) }, () => {
      ms += rng.below(20) === 0 ? rng.below(2 ** 31) * 100 : rng.below(50)
      const known = [EventKind.profile, EventKind.text, EventKind.text, EventKind.action]
      const kind = rng.below(10) === 0 ? rng.below(128) : this.pick(known)
      return { kind, body: utf8(`${this.pick(TEXTS)}${rng.below(1_000)}`), time: { ms, counter: rng.below(4) } }
    })
  }

  private sealed(from: NodeIdentity, context: Uint8Array): { kind: number; body: Uint8Array } {
    const recipient = agreementPublicFromIdentity(this.victim.signing.publicKey)!
    const inner = encodeDirect({ kind: EventKind.text, name: 'Mallory', text: `psst ${this.rng.below(1_000)}` })
    const keys = { sender: from.agreement, recipient, ephemeralSecret: this.rng.bytes(32), context }
    return { kind: EventKind.sealed, body: sealTo(keys, inner) }
  }

  /** Of a few sessions, and asking and granting whomever it hits. */
  private signal(): VoiceSignal {
    const { rng } = this
    if (rng.below(8) === 0) return { kind: 'left' }
    const session = agreementKeyFromSecret(new Uint8Array(32).fill(rng.below(4))).publicKey
    const flags = { muted: rng.below(2) === 0, deafened: rng.below(2) === 0 }
    const numbers = { ageTenths: rng.below(1_000), generation: 1 + rng.below(5), revision: rng.below(3) }
    const lacks = Array.from({ length: rng.below(4) }, () => ({ tag: rng.u32(), floor: rng.below(4) }))
    const grants = Array.from({ length: rng.below(4) }, () => {
      return { tag: rng.u32(), admission: 1 + rng.below(9), sealed: rng.bytes(GRANT_SEALED_BYTES) }
    })
    return { kind: 'here', session, ...flags, ...numbers, endpoints: rng.bytes(rng.below(100)), lacks, grants }
  }

  private passing(): Uint8Array {
    const { rng } = this
    const { signing } = this.pick(this.people)
    const time = { ms: this.wallMs + rng.below(120_000) - 60_000, counter: rng.below(3) }
    const known = rng.below(2) === 0 ? PassingKind.presence : PassingKind.voice
    const kind = rng.below(5) === 0 ? rng.below(256) : known
    const presence = encodePresence({ state: rng.below(3) === 0 ? 'left' : 'here', name: this.pick(TEXTS) })
    const body = kind === PassingKind.voice ? encodeSignal(this.signal()) : presence
    return sealPassing({ author: signing.publicKey, room: this.pick(ROOMS), time, kind, body }, signing)
  }
}
