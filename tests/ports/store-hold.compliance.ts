import { afterEach, describe, expect, test } from 'bun:test'
import type { Store, StoreOperation } from '../../src/ports/store.ts'
import { kept } from './store.compliance.ts'
import { asFork, DEV, GENERAL, idOf, message, textsOf, Writer } from './store-writer.ts'

/** Everything that can be read. */
function readings(store: Store): unknown {
  const rooms = store.rooms()
  return {
    rooms,
    feeds: store.feeds().map((feed) => [feed, store.bundles(feed.key, 1, 1_000, 1e9), store.forks(feed.key)]),
    messages: rooms.map(({ room }) => [store.last(room, 1_000), [...store.export(room)].flat()]),
    unread: rooms.map(({ room }) => store.unread(room, new Writer(1).feed.author, ['ann'])),
    found: ['message', 'amended', 'ann', 'other'].map((words) => store.search({ words, limit: 50 })),
  }
}

/** Something of everything, in some batches; much of it about what came before. */
function story(): StoreOperation[][] {
  const [ann, bob, dev] = [new Writer(1), new Writer(2), new Writer(3, DEV)]
  const said = Array.from({ length: 30 }, (_, i) => ann.say(`message ${i}`))
  const [first, second, third] = said.map(idOf)
  const other = bob.fork()
  const bobs = bob.bundle({ tells: message('hello ann', first) })
  const upTo = { time: said[9]!.time, author: ann.feed.author, number: said[9]!.first, id: idOf(said[9]!) }
  return [
    [ann.call('ann'), ...said.slice(0, 20), dev.say('elsewhere')],
    [ann.bundle({ tells: { what: 'edit', target: second!, text: 'amended' } }), ...said.slice(20), bobs],
    [asFork(other.say('in another life')), { what: 'reach', id: first!, reached: 2, members: 3 }],
    [ann.bundle({ tells: { what: 'delete', target: third! } }), { what: 'read', room: GENERAL, upTo }],
    [bob.bundle({ tells: { what: 'reaction', target: second!, emoji: '👍', on: true } }), bob.call('bob')],
    [{ what: 'drop', room: DEV, beforeMs: 2 ** 47, bytesMax: 0 }, dev.say('elsewhere again')],
  ]
}

/** What every store must do with what it is to hold without writing it. `makeStore` as of `storeCompliance`. */
export function holdCompliance(name: string, makeStore: () => Store): void {
  const open: Store[] = []
  const fresh = (): Store => {
    const store = makeStore()
    open.push(store)
    return store
  }
  afterEach(() => {
    for (const store of open.splice(0)) store.close()
  })

  describe(`${name} holds what is not written`, () => {
    test('so that it is read as if it were, and lets go of it as if it had never been', () => {
      const batches = story()
      for (let committed = 0; committed < batches.length; committed++) {
        const [store, twin] = [fresh(), fresh()]
        for (const batch of batches.slice(0, committed)) for (const each of [store, twin]) kept(each, ...batch)
        const before = readings(store)
        for (const batch of batches.slice(committed)) {
          const held = store.hold(batch)
          expect(held).toEqual(twin.commit(batch))
          expect(readings(store)).toEqual(readings(twin))
        }
        store.letGo()
        expect(readings(store)).toEqual(before)
        kept(store, ...batches.slice(committed).flat())
        expect(readings(store)).toEqual(readings(twin))
        expect(store.check()).toBe(true)
      }
    })

    test('until the next commit, which is without it', () => {
      const store = fresh()
      const [ann, bob] = [new Writer(1), new Writer(2)]
      const held = ann.say('held')
      expect(store.hold([held])).toMatchObject({ ok: true })
      kept(store, bob.say('committed'))
      expect(textsOf(store.last(GENERAL, 5))).toEqual(['committed'])
      kept(store, held)
      expect(store.last(GENERAL, 5).length).toBe(2)
      store.letGo()
      expect(store.last(GENERAL, 5).length).toBe(2)
    })

    test('and has room where there is', () => {
      expect(fresh().hasRoom()).toBe(true)
    })
  })
}
