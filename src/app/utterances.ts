import { decodeBase32 } from '../base/base32.ts'
import { toHex } from '../base/bytes.ts'
import type { Instant } from '../node/context.ts'
import type { SayFault } from '../node/rooms.ts'
import { type AuthoredKind, EventKind, type SpokenKind } from '../wire/event.ts'
import type { Outcome } from './chat.ts'
import type { Driver } from './driver.ts'
import type { MessageKind } from './events.ts'
import { SAY_FAULTS } from './say-faults.ts'
import { SpeakingTurns } from './speaking-turns.ts'

export const SPOKEN_KINDS: Record<MessageKind, SpokenKind> = {
  text: EventKind.text,
  action: EventKind.action,
  notice: EventKind.notice,
}

/** A node, as far as it says things. */
interface Author {
  say(room: string, kind: AuthoredKind, body: Uint8Array, ref: number, instant: Instant): SayFault | null
  direct(peer: Uint8Array, kind: AuthoredKind, body: Uint8Array, ref: number, instant: Instant): SayFault | null
}

export type Uttered = Outcome<{ id: string; room: string }>

/** What this user says, from the moment it is said until it is sealed and safe. */
export class Utterances {
  private readonly turns: SpeakingTurns
  private readonly waiting = new Map<number, (id: Uint8Array) => void>()
  private nextRef = 1
  private count = 0

  /** `conversing`: called with whoever is told something alone. */
  constructor(
    private readonly driver: Driver,
    private readonly conversing: (peer: Uint8Array) => void,
  ) {
    this.turns = new SpeakingTurns(driver)
  }

  /** Anything was said in this run. */
  get any(): boolean {
    return this.count > 0
  }

  /** For the driver: what was said under `ref` is safe. */
  sealed(ref: number, id: Uint8Array): void {
    this.waiting.get(ref)?.(id)
    this.waiting.delete(ref)
  }

  /** Says something of any kind where front ends call it so: an open room's name, or `@` and an id. */
  utter(room: string, kind: AuthoredKind, body: Uint8Array): Promise<Uttered> {
    const { driver } = this
    const node: Author = driver.node
    if (!room.startsWith('@')) {
      return this.speak(room, (ref) => driver.run((_, instant) => node.say(room, kind, body, ref, instant)))
    }
    const peer = decodeBase32(room.slice(1))!
    this.conversing(peer)
    return this.speak(room, (ref) => driver.run((_, instant) => node.direct(peer, kind, body, ref, instant)))
  }

  private async speak(room: string, say: (ref: number) => SayFault | null): Promise<Uttered> {
    const turn = this.turns.next()
    if (turn !== null) await turn
    const ref = this.nextRef++
    const sealed = new Promise<Uint8Array>((resolve) => this.waiting.set(ref, resolve))
    const wrong = say(ref)
    if (wrong !== null) {
      this.waiting.delete(ref)
      return { ok: false, code: wrong, message: SAY_FAULTS[wrong] }
    }
    this.count++
    return { ok: true, id: toHex(await sealed), room }
  }
}
