import { openStore } from '../../../src/adapters/sqlite-open.ts'
import type { Outcome } from '../../../src/app/chat.ts'
import type { AppEvent } from '../../../src/app/events.ts'
import type { Reach } from '../../../src/app/history/contract.ts'
import { OwnFeeds } from '../../../src/app/history/own-feeds.ts'
import { Remembering } from '../../../src/app/history/remembering.ts'
import { History } from '../../../src/app/history/service.ts'
import { forgetfulList } from '../../../src/app/ignore-list.ts'
import { Ignoring } from '../../../src/app/ignoring.ts'
import { People } from '../../../src/app/people.ts'
import { RelayedOnce } from '../../../src/app/relayed-once.ts'
import { encodeBase32 } from '../../../src/base/base32.ts'
import { toHex } from '../../../src/base/bytes.ts'
import type { Store } from '../../../src/ports/store.ts'
import { identityOf } from '../../node/bench.ts'
import { VirtualClock, VirtualTime } from '../../sim/time.ts'
import { type Given, Writer } from './written.ts'

export function memoryStore(): Store {
  const store = openStore(':memory:')
  if ('ok' in store) throw new Error(store.message)
  return store
}

/** A chat's history with a store in memory and no network: what is said here is given back as a node would. We are person 1, in `general`. */
export class KeptRoom {
  readonly time = new VirtualTime()
  readonly clock = new VirtualClock(this.time)
  readonly own = identityOf(1).signing.publicKey
  readonly people = new People()
  readonly events: AppEvent[] = []
  readonly history: History
  readonly side: Remembering
  readonly ignoring: Ignoring
  /** Us, as we write. */
  readonly we = new Writer(1, 'general', true)
  current: string | null = 'general'
  reach: Reach | null = null
  private readonly once = new RelayedOnce()
  private seq = 0
  private lastMs = 0

  constructor(store: Store = memoryStore()) {
    this.history = new History({
      ...{ store, clock: this.clock, own: this.own, ownFeeds: new OwnFeeds(null), tell() {} },
      reopen: () => ({ store: memoryStore(), isLasting: false, message: 'anew' }),
    })
    this.history.attach({ kept() {}, loaded() {}, dropped() {} })
    const id = encodeBase32(this.own)
    this.people.meet(this.own, 'Alice')
    this.ignoring = new Ignoring(
      forgetfulList(() => {}),
      this.people,
      id,
    )
    this.side = new Remembering(
      { history: this.history, conversationWith: () => null, reach: () => this.reach },
      {
        ...{ people: this.people, id, name: () => 'Alice', currentRoom: () => this.current, log() {} },
        ignoring: this.ignoring,
        emit: (event) => this.events.push(event),
        speak: (room, kind, body) => Promise.resolve(this.say(room, this.we.give(kind, body, { ms: this.lastMs + 1 }))),
      },
    )
    this.side.joining('general')
  }

  /** As a node would: to be kept, and told; then what is due at once happens. */
  hear(...given: Given[]): void {
    for (const each of given) {
      this.keep(each)
      this.tell(each)
    }
  }

  keep({ keep }: Given): void {
    this.lastMs = Math.max(this.lastMs, keep.time.ms)
    this.history.keep({ ...keep, seq: ++this.seq })
  }

  tell({ telling }: Given): void {
    if (telling.eventKind !== 1) this.once.pass(telling, this.side)
  }

  /** Lets everything be committed. */
  settle(): void {
    this.time.pass(50)
  }

  private say(room: string, given: Given): Outcome<{ id: string; room: string }> {
    this.hear(given)
    this.settle()
    return { ok: true, id: toHex(given.id), room }
  }
}
