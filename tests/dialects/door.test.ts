import { describe, expect, test } from 'bun:test'
import { utf8 } from '../../src/base/bytes.ts'
import type { DialectName } from '../../src/base/dialects.ts'
import {
  CALLERS_MAX,
  CALLERS_PER_HOST_MAX,
  DECIDE_MS_MAX,
  Door,
  FRESH_MAX,
  FRESH_MS,
  PAUSE_MS,
  SILENT_MS,
} from '../../src/dialects/door.ts'
import { recognise } from '../../src/dialects/recognise.ts'
import { FILES_MAGIC, MAGIC } from '../../src/wire/magic.ts'

function doorFor(...letIn: DialectName[]): Door {
  return new Door(new Set(letIn))
}

/** What became of whom, in order. */
function verdicts(door: Door): string[] {
  return door.takeVerdicts().map((each) => `${each.caller} ${each.to ?? each.code}`)
}

describe('the door', () => {
  test('hands everybody on with what was said so far, natives too', () => {
    const door = doorFor('mesh', 'tracker')
    door.came(1, 'a', 0)
    door.said(1, utf8('{"i'), 0)
    expect(verdicts(door)).toEqual([])
    door.said(1, utf8('d":"1"'), 5)
    expect(door.takeVerdicts()).toEqual([{ caller: 1, to: 'mesh', first: utf8('{"id":"1"') }])
    door.came(2, 'a', 10)
    door.said(2, Uint8Array.of(0xd7), 10)
    expect(door.takeVerdicts()).toEqual([{ caller: 2, to: 'native', first: Uint8Array.of(0xd7) }])
    // Links for files come to the same port, and begin with another byte.
    for (const magic of [MAGIC, FILES_MAGIC]) expect(recognise(magic.subarray(0, 1)).kind).toBe('native')
    expect(door.nextWakeMs()).toBeNull()
  })

  test('says of a dialect that is off what it is, and of others that they are none', () => {
    const door = doorFor('mesh')
    door.came(1, 'a', 0)
    door.said(1, utf8('[ann] hi\n'), 0)
    door.came(2, 'a', 0)
    door.said(2, utf8('GET / HTTP/1.1\r\n'), 0)
    expect(door.takeVerdicts()).toEqual([
      {
        caller: 1,
        to: null,
        code: 'dialect-off',
        reason: 'speaks line, which is not let in here: --dialect line does that, or `dialect` in the configuration',
      },
      {
        caller: 2,
        to: null,
        code: 'not-hearsay',
        reason: 'is neither hearsay nor one of the programs it descends from',
      },
    ])
  })

  test('takes silence for a line where lines are let in, and else waits to the end', () => {
    const lines = doorFor('line')
    lines.came(1, 'a', 100)
    expect(lines.nextWakeMs()).toBe(100 + SILENT_MS)
    lines.wake(100 + SILENT_MS)
    expect(verdicts(lines)).toEqual(['1 line'])
    const none = doorFor('mesh')
    none.came(1, 'a', 100)
    none.wake(99 + DECIDE_MS_MAX)
    expect(verdicts(none)).toEqual([])
    none.wake(100 + DECIDE_MS_MAX)
    expect(verdicts(none)).toEqual(['1 silent'])
  })

  test('says to whom it waited for in vain what they may be, as far as that is off', () => {
    const reasons = (letIn: DialectName[], says: string): string[] => {
      const door = doorFor(...letIn)
      door.came(1, 'a', 0)
      door.said(1, utf8(says), 0)
      door.wake(DECIDE_MS_MAX)
      return door.takeVerdicts().map((each) => (each.to === null ? each.reason : each.to))
    }
    const silent =
      'said nothing in time, and may be line, whose older program waits for its user: --dialect line lets it in'
    expect(reasons(['mesh'], '')).toEqual([silent])
    expect(reasons(['line'], '')).toEqual(['line'])
    const who = 'did not say in time who it is'
    expect(reasons(['line'], '{')).toEqual([`${who}, and may speak mesh or tracker: --dialect mesh,tracker lets it in`])
    expect(reasons(['mesh'], '{')).toEqual([`${who}, and may speak tracker: --dialect tracker lets it in`])
    expect(reasons(['mesh', 'tracker'], '{')).toEqual([who])
  })

  test('takes a whole object without an end of line for the tracker’s, after a moment', () => {
    const door = doorFor('tracker', 'mesh')
    door.came(1, 'a', 0)
    door.said(1, utf8('{"message":"hi","username":"ann"}'), 50)
    door.wake(49 + PAUSE_MS)
    expect(verdicts(door)).toEqual([])
    door.wake(50 + PAUSE_MS)
    expect(verdicts(door)).toEqual(['1 tracker'])
    door.came(2, 'a', 0)
    door.said(2, utf8('{"type":"join","id":"1"}'), 50)
    door.said(2, utf8('\n'), 60)
    expect(verdicts(door)).toEqual(['2 mesh'])
  })

  test('who begins and never ends is turned away in time', () => {
    const door = doorFor('mesh', 'line')
    door.came(1, 'a', 0)
    for (let ms = 0; ms < DECIDE_MS_MAX; ms += 1_000) door.said(1, utf8(ms === 0 ? '{"x":"' : 'y'), ms)
    door.wake(DECIDE_MS_MAX)
    expect(verdicts(door)).toEqual(['1 silent'])
  })

  test('has room for so many, and for so many of one host: who has waited longest gives way', () => {
    const door = doorFor('line')
    for (let caller = 0; caller <= CALLERS_PER_HOST_MAX; caller++) door.came(caller, 'a', FRESH_MS * caller)
    expect(verdicts(door)).toEqual(['0 crowded-out'])
    for (let i = 0; i < 2 * CALLERS_MAX; i++) door.came(100 + i, `host ${i}`, FRESH_MS * (100 + i))
    expect(verdicts(door).length).toBe(2 * CALLERS_MAX + CALLERS_PER_HOST_MAX - CALLERS_MAX)
  })

  test('makes nobody give way who had no time to be read, unless that would be too many', () => {
    const door = doorFor('tracker')
    for (let caller = 0; caller < FRESH_MAX; caller++) door.came(caller, 'a', 0)
    expect(verdicts(door)).toEqual([])
    door.came(FRESH_MAX, 'b', 0)
    expect(verdicts(door)).toEqual(['0 crowded-out'])
    // A moment later those who said nothing are as many as may be.
    door.came(FRESH_MAX + 1, 'a', FRESH_MS)
    expect(verdicts(door)).toHaveLength(FRESH_MAX - CALLERS_PER_HOST_MAX)
  })
})
