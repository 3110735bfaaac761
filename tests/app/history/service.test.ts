import { afterEach, describe, expect, test } from 'bun:test'
import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../../src/adapters/sqlite-open.ts'
import { openHistory } from '../../../src/app/history/open.ts'
import type { StoreFault } from '../../../src/ports/store.ts'
import { GENERAL, start, Trying } from './kept-history.ts'
import { Writer } from './written.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'hearsay-history-'))
  folders.push(made)
  return made
}

describe('gathering', () => {
  test('what others say waits 20 ms for company, and is safe after one commit', () => {
    const { time, disk, kept, give } = start()
    const bob = new Writer(2)
    give(bob.text('a'), bob.text('b'))
    time.pass(19)
    expect(disk.sizes).toEqual([])
    give(bob.text('c'))
    time.pass(1)
    expect(disk.sizes).toEqual([3])
    expect(kept).toEqual([3])
  })

  test('what we say waits for the end of the turn only, and takes the others with it', () => {
    const { time, disk, kept, give } = start()
    give(new Writer(2).text('a'), new Writer(1, 'general', true).text('b'))
    expect(disk.sizes).toEqual([])
    time.pass(0)
    expect(disk.sizes).toEqual([2])
    expect(kept).toEqual([2])
  })

  test('a hundred events do not wait either', () => {
    const { time, disk, give } = start()
    const bob = new Writer(2)
    for (let i = 0; i < 100; i++) give(bob.text(`${i}`))
    time.pass(0)
    expect(disk.sizes).toEqual([100])
  })

  test('who reads sees what was given a moment ago', () => {
    const { history, give, time, kept } = start()
    give(new Writer(2).text('a'))
    expect(history.read.last(GENERAL, 10).map(({ text }) => text)).toEqual(['a'])
    time.pass(0)
    expect(kept).toEqual([1])
  })

  test('what others offer is told of before it is written, once, and not what we offer', () => {
    const { history, disk, give, time } = start()
    const told: string[] = []
    history.offered = (offers) => {
      for (const { place, body, atMs } of offers) told.push(`${place} ${body.length} ${atMs > 0} ${disk.sizes.length}`)
    }
    const bob = new Writer(2)
    give(bob.text('a'), bob.offer(new Uint8Array(7)), new Writer(1, 'general', true).offer(new Uint8Array(8)))
    expect(told).toEqual([])
    time.pass(0)
    expect(disk.sizes).toEqual([3])
    expect(told).toEqual(['general 7 true 0'])
    give(bob.text('b'))
    time.pass(20)
    expect(disk.sizes).toEqual([3, 1])
    expect(told).toHaveLength(1)
  })

  test('bundles come back as they were signed, not before the node has ended what it does', () => {
    const { history, give, loads, time } = start()
    const bob = new Writer(2)
    give(bob.text('a'), bob.text('b'))
    history.load({ kind: 'load', request: 7, feed: bob.feed, from: 1, to: 3, bytesMax: 1_000_000, newestFirst: false })
    expect(loads).toEqual([])
    time.pass(0)
    expect(loads).toEqual([7, 2])
  })

  test('what is dropped on purpose the node hears of', () => {
    const { history, give, floors } = start()
    const bob = new Writer(2)
    give(bob.text('a'), bob.text('b'), bob.text('c'))
    const [, second] = history.read.last(GENERAL, 10)
    history.run({ what: 'drop', room: GENERAL, beforeMs: second!.time.ms, bytesMax: Number.MAX_SAFE_INTEGER })
    expect(floors).toEqual([2])
  })

  test('what was given is there after closing', () => {
    const path = join(folder(), 'history.db')
    const open = () => {
      const store = openStore(path)
      if ('ok' in store) throw new Error(store.message)
      return store
    }
    const { history, give } = start({ store: open() })
    give(new Writer(2).text('a'))
    history.close()
    history.close()
    const store = open()
    expect(store.last(GENERAL, 10).length).toBe(1)
    store.close()
  })
})

describe('how far ours have come', () => {
  const noted = (history: ReturnType<typeof start>['history']) =>
    history.read.last(GENERAL, 10).map(({ reach }) => reach)

  test('goes with the next commit, or in one of its own after half a minute, however often it changed', () => {
    const { time, disk, history, give } = start()
    const alice = new Writer(1, 'general', true)
    const [a, b] = [alice.text('a'), alice.text('b')]
    give(a)
    time.pass(0)
    for (let reached = 0; reached < 5; reached++) history.reached(a.id, { reached, members: 5 })
    time.pass(29_000)
    expect(history.read.last(GENERAL, 10)[0]!.reach).toBeNull()
    expect(disk.sizes).toEqual([1])
    give(b)
    time.pass(0)
    expect(disk.sizes).toEqual([1, 2])
    expect(noted(history)).toEqual([{ reached: 4, members: 5 }, null])
    history.reached(a.id, { reached: 5, members: 5 })
    history.reached(b.id, { reached: 1, members: 5 })
    time.pass(30_000)
    expect(disk.sizes).toEqual([1, 2, 2])
    expect(noted(history)).toEqual([
      { reached: 5, members: 5 },
      { reached: 1, members: 5 },
    ])
    history.reached(a.id, { reached: 3, members: 3 })
    time.pass(30_000)
    expect(noted(history)[0]).toEqual({ reached: 5, members: 5 })
  })

  test('waits for room on the disk, and is written at the end', () => {
    const { time, disk, history, give } = start()
    const said = new Writer(1, 'general', true).text('a')
    give(said)
    time.pass(0)
    disk.fault = 'full'
    give(new Writer(2).text('b'))
    time.pass(100)
    history.reached(said.id, { reached: 1, members: 1 })
    time.pass(60_000)
    disk.fault = null
    time.pass(5_000)
    let end: unknown = null
    disk.real.close = () => {
      end = disk.real.message(said.id)?.reach
    }
    history.close()
    expect(end).toEqual({ reached: 1, members: 1 })
  })
})

describe('a damaged file', () => {
  test('is put out of the way while running, and what was just given is in the new one', () => {
    const { time, disk, said, kept, give, history } = start()
    give(new Writer(2).text('before'))
    time.pass(100)
    disk.fault = 'damaged'
    give(new Writer(3).text('after'))
    time.pass(100)
    expect(said).toEqual(['error history-damaged'])
    expect(kept).toEqual([1, 2])
    expect(history.read.last(GENERAL, 10).map(({ text }) => text)).toEqual(['after'])
    expect(history.read.rooms()[0]?.settings.name).toBe('general')
  })

  test('found while reading, too', () => {
    const { time, said, history } = start()
    history.faulty({ ok: false, code: 'damaged', message: 'found', pid: null, cause: null })
    time.pass(0)
    expect(said).toEqual(['error history-damaged'])
    expect(history.read.last(GENERAL, 10)).toEqual([])
  })

  test('a fault of reading that passes is told, and so is its end', () => {
    const { time, said, history } = start()
    history.faulty({ ok: false, code: 'failed', message: 'no answer', pid: null, cause: null })
    time.pass(100)
    expect(said).toEqual(['error history-failed'])
    time.pass(5_000)
    expect(said).toEqual(['error history-failed', 'notice history-kept'])
  })
})

describe('our own feeds', () => {
  const faulty = (fault: StoreFault) => {
    throw new Error(fault.message)
  }

  function run(
    home: string,
    act: (all: ReturnType<typeof start>, fault: (code: StoreFault['code'] | null) => void) => void,
  ) {
    const opened = openHistory(home, faulty)
    expect(opened.notice).toBeNull()
    const trying = new Trying(opened.store)
    const all = start({ store: trying.store, ownFeeds: opened.ownFeeds })
    act(all, (code) => {
      trying.fault = code
    })
    all.history.close()
  }

  const own = (all: ReturnType<typeof start>) => all.history.held(GENERAL).map((feed) => [feed.own, feed.next])

  test('go on after a restart where the store has them', () => {
    const home = folder()
    const alice = new Writer(1, 'general', true)
    run(home, (all) => all.give(alice.text('a')))
    run(home, (all) => expect(own(all)).toEqual([[true, 2]]))
  })

  test('begin anew after something of ours has left that could not be stored', () => {
    const home = folder()
    const alice = new Writer(1, 'general', true)
    run(home, (all, fault) => {
      all.give(alice.text('a'))
      all.time.pass(100)
      fault('full')
      all.give(alice.text('lost'))
      all.time.pass(100)
    })
    run(home, (all) => expect(own(all)).toEqual([[false, 2]]))
    // And not the time after that either, though nothing went wrong meanwhile.
    const again = new Writer(1, 'general', true, 2)
    run(home, (all) => all.give(again.text('b')))
    run(home, (all) =>
      expect(own(all).sort()).toEqual([
        [false, 2],
        [true, 2],
      ]),
    )
  })

  test('go on where the disk had room again in time', () => {
    const home = folder()
    const alice = new Writer(1, 'general', true)
    run(home, (all, fault) => {
      all.give(alice.text('a'))
      all.time.pass(100)
      fault('full')
      all.give(alice.text('b'))
      all.time.pass(100)
      fault(null)
      all.time.pass(5_000)
    })
    run(home, (all) => expect(own(all)).toEqual([[true, 3]]))
  })

  test('begin anew where the whole folder came back from a copy, or was copied elsewhere', () => {
    const home = folder()
    run(home, (all) => all.give(new Writer(1, 'general', true).text('a')))
    const [back, elsewhere] = [folder(), folder()]
    for (const to of [back, elsewhere]) cpSync(home, to, { recursive: true, preserveTimestamps: true })
    run(elsewhere, (all) => expect(own(all)).toEqual([[false, 2]]))
    run(home, (all) => expect(own(all)).toEqual([[true, 2]]))
    rmSync(home, { recursive: true })
    renameSync(back, home)
    run(home, (all) => expect(own(all)).toEqual([[false, 2]]))
  })

  test('begin anew where others have more, also at the next start', () => {
    const home = folder()
    const alice = new Writer(1, 'general', true)
    run(home, (all) => {
      all.give(alice.text('a'))
      all.time.pass(100)
      all.history.disown({ kind: 'disown', feed: alice.feed })
      expect(own(all)).toEqual([[false, 2]])
      // What had been said before it was known is committed after.
      all.give(alice.text('b'))
      all.time.pass(100)
    })
    run(home, (all) => expect(own(all)).toEqual([[false, 3]]))
  })

  test('begin anew where the database alone came back from a copy', () => {
    const home = folder()
    run(home, (all) => all.give(new Writer(1, 'general', true).text('a')))
    rmSync(join(home, 'history.db.own'))
    run(home, (all) => expect(own(all)).toEqual([[false, 2]]))
  })
})

describe('conversations', () => {
  test('are known by the other, from what they write, and after a restart', () => {
    const path = join(folder(), 'history.db')
    const first = openStore(path)
    if ('ok' in first) throw new Error(first.message)
    const { history, give, time } = start({ store: first })
    const bob = new Writer(2, 'nobody joined this')
    give(bob.text('psst'))
    time.pass(100)
    expect(history.rooms.placeOf(bob.feed.room)).toStartWith('@')
    history.close()
    const second = openStore(path)
    if ('ok' in second) throw new Error(second.message)
    const again = start({ store: second })
    const place = again.history.rooms.placeOf(bob.feed.room)
    expect(place).toBe(history.rooms.placeOf(bob.feed.room))
    expect(again.history.rooms.idOf(place!)).toEqual(bob.feed.room)
    again.history.close()
  })
})
