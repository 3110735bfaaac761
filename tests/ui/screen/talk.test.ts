import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { MessageEntry } from '../../../src/ui/screen/model/entry.ts'
import { add, EMPTY_TALK, ENTRIES_MAX, withReaction } from '../../../src/ui/screen/model/talk.ts'
import { ALICE, BOB, CAROL, note, Stage, said } from './stage.ts'

/** A history to page in, of which no more is made than is asked for. */
class Archive {
  asked = 0
  most = 0
  constructor(readonly size: number) {}

  at(index: number): MessageEntry {
    const order = String(index).padStart(9, '0')
    return said(index % 7 === 0 ? BOB : CAROL, `message ${index}`, { id: `a${order}`, order })
  }

  range(from: number, to: number): MessageEntry[] {
    return Array.from({ length: Math.max(0, to - from) }, (_, i) => this.at(from + i))
  }

  /** Answers what the stage asks for, as the chat would. */
  serve(stage: Stage): void {
    for (const effect of stage.taken()) {
      if (effect.do === 'open') {
        const from = Math.max(0, this.size - 200)
        stage.tell({
          kind: 'opened',
          room: effect.room,
          label: effect.room,
          entries: this.range(from, this.size),
          hasOlder: from > 0,
          unreadFrom: null,
          unread: 0,
          mentions: 0,
        })
      }
      if (effect.do !== 'page') continue
      this.asked++
      const index = Number(effect.id.slice(1))
      const before = effect.where === 'before'
      const from = before ? Math.max(0, index - 200) : index + 1
      const to = before ? index : Math.min(this.size, index + 201)
      const more = before ? from > 0 : to < this.size
      stage.tell({ kind: 'paged', room: effect.room, where: effect.where, entries: this.range(from, to), more })
    }
    this.most = Math.max(this.most, ...stage.model.places.map(({ talk }) => talk.entries.length))
  }
}

function texts(stage: Stage): string[] {
  return stage.rows.flatMap((row) => /message \d+|line \d+|more \d+/.exec(row)?.[0] ?? [])
}

describe('a talk', () => {
  test('is in order, whatever the order in which things come, and remarks stay where they were made', () => {
    const order = fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { maxLength: 40 })
    fc.assert(
      fc.property(order, (numbers) => {
        let talk = EMPTY_TALK
        for (const number of numbers) {
          const place = String(number).padStart(4, '0')
          talk = add(talk, said(BOB, 'x', { id: place, order: place }), true)
          talk = add(talk, said(BOB, 'again', { id: place, order: place }), true)
        }
        const ids = talk.entries.map(({ id }) => id)
        expect(ids).toEqual([...ids].sort())
        expect(ids).toHaveLength(numbers.length)
      }),
    )
    const remark = note('joined')
    let talk = add(add(EMPTY_TALK, said(BOB, 'one', { id: '1', order: '1' }), true), remark, true)
    talk = add(
      add(talk, said(BOB, 'three', { id: '3', order: '3' }), true),
      said(BOB, 'two', { id: '2', order: '2' }),
      true,
    )
    expect(talk.entries.map(({ id }) => id)).toEqual(['1', remark.id, '2', '3'])
  })

  test('reactions come, are counted once a person, and go', () => {
    const carol = { id: CAROL.id, name: 'Carol' }
    const once = withReaction(withReaction(said(BOB, 'x'), '👍', carol, true), '👍', carol, true)
    expect(once.reactions).toEqual([{ emoji: '👍', by: [carol] }])
    expect(withReaction(once, '👍', carol, false).reactions).toEqual([])
  })

  test('a million messages scrolled from end to end take no more room than a few screens', () => {
    const archive = new Archive(1_000_000)
    const stage = new Stage({ columns: 80, rows: 24 }).enter('general', archive.range(999_800, 1_000_000), {
      hasOlder: true,
    })
    stage.with([ALICE])
    // Page by page at both ends, and by leaps between them: every page of the archive is asked for.
    for (let pages = 0; stage.model.places[0]!.talk.hasOlder; pages++) {
      if (pages > 20_000) throw new Error('the beginning is never reached')
      stage.press(pages % 50 === 0 ? '{pageup}' : '{ctrl-home}')
      archive.serve(stage)
    }
    stage.press('{ctrl-home}')
    expect(texts(stage)[0]).toBe('message 0')
    expect(archive.asked).toBeGreaterThan(4_000)
    expect(archive.most).toBeLessThanOrEqual(ENTRIES_MAX)
    let last = -1
    for (let pages = 0; pages < 300; pages++) {
      stage.press('{pagedown}')
      archive.serve(stage)
      const numbers = texts(stage).map((text) => Number(text.slice('message '.length)))
      // A page down begins with the row that was the last.
      if (pages > 1) expect(numbers[0]).toBeLessThanOrEqual(last + 1)
      for (let index = 1; index < numbers.length; index++) expect(numbers[index]).toBe(numbers[index - 1]! + 1)
      last = numbers.at(-1)!
    }
    expect(archive.most).toBeLessThanOrEqual(ENTRIES_MAX)
    stage.press('{ctrl-end}')
    archive.serve(stage)
    expect(texts(stage).at(-1)).toBe('message 999999')
    expect(stage.model.places[0]?.talk.anchor).toBeNull()
  }, 60_000)

  test('a page that brings nothing new is not asked for again', () => {
    const stage = new Stage().enter('general', [said(BOB, 'first', { state: 'deleted' }), said(BOB, 'line 1')], {
      hasOlder: true,
    })
    stage.press('{pageup}')
    expect(stage.taken()).toEqual([{ do: 'page', room: 'general', where: 'before', id: 'id2' }])
    stage.tell({
      kind: 'paged',
      room: 'general',
      where: 'before',
      entries: [said(BOB, 'first', { id: 'id1' })],
      more: true,
    })
    expect(stage.press('{pageup}').taken()).toEqual([])
  })

  test('what comes while one looks back is counted, and moves nothing', () => {
    const stage = new Stage().enter('general').with([ALICE])
    for (let index = 0; index < 100; index++) stage.hear('general', said(BOB, `line ${index}`))
    stage.press('{pageup}{pageup}')
    const before = texts(stage)
    for (let index = 0; index < 1_000; index++) stage.hear('general', said(BOB, `more ${index}`))
    expect(texts(stage)).toEqual(before)
    expect(stage.rows.at(-2)).toContain('↓ 1000 new')
    expect(stage.model.places[0]!.talk.entries.length).toBeLessThanOrEqual(ENTRIES_MAX)
    stage.press('{escape}')
    expect(stage.taken().some((effect) => effect.do === 'open')).toBe(true)
  })

  test('whoever says something looks at the end again', () => {
    const stage = new Stage().enter('general').with([ALICE])
    for (let index = 0; index < 100; index++) stage.hear('general', said(BOB, `line ${index}`))
    stage.press('{pageup}hello{enter}')
    expect(texts(stage).at(-1)).toBe('line 99')
  })

  test('a resize keeps what is looked at in the lowest row', () => {
    const stage = new Stage().enter('general').with([ALICE])
    for (let index = 0; index < 200; index++)
      stage.hear('general', said(index % 2 === 0 ? BOB : CAROL, `line ${index} ${'word '.repeat(index % 20)}`))
    stage.press('{pageup}{pageup}{pageup}')
    const anchor = stage.model.places[0]!.talk.anchor!.id
    for (const size of [
      { columns: 40, rows: 10 },
      { columns: 200, rows: 60 },
      { columns: 80, rows: 24 },
    ]) {
      stage.tell({ kind: 'resized', size })
      expect(stage.model.places[0]!.talk.anchor!.id).toBe(anchor)
      expect(stage.rows).toHaveLength(size.rows)
    }
  })
})

test('what is told before there is a room stands in the first one, and not in the way of the status', () => {
  const stage = new Stage().tell({
    kind: 'added',
    room: null,
    label: '',
    entry: note('You are somebody else for now.'),
    isLive: false,
  })
  expect(stage.rows.at(-2)).toContain('You are somebody else for now.')
  stage.enter('general').enter('dev')
  expect(stage.rows.at(-2)).toStartWith(' dev')
  expect(stage.rows.join('\n')).not.toContain('somebody else')
  stage.enter('general')
  expect(stage.rows.join('\n')).toContain('· You are somebody else for now.')
})
