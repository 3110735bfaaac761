import { openStore } from '../../../src/adapters/sqlite-open.ts'
import { OwnFeeds } from '../../../src/app/history/own-feeds.ts'
import { History, type HistoryOptions } from '../../../src/app/history/service.ts'
import type { Store, StoreFault, StoreOperation } from '../../../src/ports/store.ts'
import { openRoomId } from '../../../src/wire/event.ts'
import { identityOf } from '../../node/bench.ts'
import { VirtualClock, VirtualTime } from '../../sim/time.ts'
import type { Given } from './written.ts'

/** A history by itself, over a store that does as a test asks. */

export const OWN = identityOf(1).signing.publicKey
export const GENERAL = openRoomId('general')
const SETTINGS = { name: 'general', peer: null, joined: true, ageMsMax: null, bytesMax: null }

/** A store whose disk can go wrong. */
export class Trying {
  fault: StoreFault['code'] | null = null
  /** It holds nothing in memory either. */
  isBlind = false
  /** Commits until it is full again. */
  left = Number.POSITIVE_INFINITY
  /** What was committed, and how often that was tried. */
  readonly sizes: number[] = []
  tries = 0
  readonly store: Store

  constructor(readonly real: Store) {
    this.store = new Proxy(real, {
      get: (target, field) => {
        if (field === 'commit') return (batch: readonly StoreOperation[]) => this.commit(batch)
        if (field === 'hasRoom') return () => this.fault === null
        if (field === 'hold' && this.isBlind) return () => this.wrong('full')
        const value: unknown = Reflect.get(target, field)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  private commit(batch: readonly StoreOperation[]) {
    this.tries++
    this.real.letGo()
    if (this.fault !== null) return this.wrong(this.fault)
    if (this.left-- <= 0) return this.wrong('full')
    this.sizes.push(batch.length)
    return this.real.commit(batch)
  }

  private wrong(code: StoreFault['code']): StoreFault {
    return { ok: false, code, message: 'as asked', pid: null, cause: null }
  }
}

function memory(): Store {
  const store = openStore(':memory:')
  if ('ok' in store) throw new Error(store.message)
  return store
}

export function start(more: Partial<HistoryOptions> = {}) {
  const time = new VirtualTime()
  const clock = new VirtualClock(time)
  const disk = new Trying(memory())
  const said: string[] = []
  const kept: number[] = []
  const loads: number[] = []
  const floors: (number | undefined)[] = []
  const history = new History({
    ...{ store: disk.store, clock, own: OWN, ownFeeds: new OwnFeeds(null) },
    reopen: () => ({ store: memory(), isLasting: false, message: 'begun anew' }),
    tell: (event, code) => said.push(`${event} ${code}`),
    ...more,
  })
  history.attach({
    kept: (seq) => kept.push(seq),
    loaded: (request, bundles) => loads.push(request, bundles.length),
    dropped: (feeds) => floors.push(...feeds.map(({ floor }) => floor)),
  })
  history.entered(GENERAL, SETTINGS)
  time.pass(100)
  disk.sizes.length = 0
  let seq = 0
  const give = (...given: Given[]) => {
    for (const { keep } of given) history.keep({ ...keep, seq: ++seq })
  }
  return { time, disk, history, said, kept, loads, floors, give }
}
