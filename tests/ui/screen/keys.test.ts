import { describe, expect, test } from 'bun:test'
import { frameOf } from '../../../src/ui/screen/views/frame.ts'
import { ALICE, BOB, CAROL, MINUTE, NOON, note, Stage, said } from './stage.ts'

function stage(): Stage {
  const made = new Stage().enter('dev').enter('general').with([ALICE, BOB, CAROL])
  made.taken()
  return made
}

const line = (text: string) => ({ do: 'line', line: text }) as const
const join = (room: string) => ({ do: 'command', object: { do: 'join', room } }) as const

describe('typing', () => {
  test('Enter says it, and the up key brings it back', () => {
    const at = stage().press('hello{enter}')
    expect(at.taken()).toEqual([line('hello')])
    at.press('/me waves{enter}half')
    expect(at.press('{up}').draft).toBe('/me waves')
    expect(at.press('{up}').draft).toBe('hello')
    expect(at.press('{up}').draft).toBe('hello')
    expect(at.press('{down}{down}').draft).toBe('half')
  })

  test('each room has its own beginnings', () => {
    const at = stage().press('for general')
    at.tell({ kind: 'entered', room: 'dev', label: 'dev' })
    expect(at.draft).toBe('')
    at.press('for dev').tell({ kind: 'entered', room: 'general', label: 'general' })
    expect(at.draft).toBe('for general')
  })

  test('in no room one types all the same, and reads what is answered', () => {
    const at = stage().tell({ kind: 'left', room: 'general' }, { kind: 'left', room: 'dev' })
    at.press('/jo{tab}')
    expect(at.draft).toBe('/join ')
    at.press('dev{enter}')
    expect(at.taken()).toEqual([line('/join dev')])
    expect(at.draft).toBe('')
    const answer = note('There is no such command.\nTry /help.', 'fault')
    at.tell({ kind: 'added', room: null, label: '', entry: answer, isLive: false })
    expect(at.rows.join('\n')).toContain('Try /help.')
    expect(at.rows.at(-2)).toBe(' There is no such command.')
  })

  test('what was begun in no room goes on in the next one, and takes no place of what was begun there', () => {
    const at = stage().tell({ kind: 'left', room: 'general' }).press('half a li')
    at.enter('lobby')
    expect(at.draft).toBe('half a li')
    at.tell({ kind: 'entered', room: 'dev', label: 'dev' })
    expect(at.draft).toBe('')
    const other = stage().press('mine')
    other.tell({ kind: 'entered', room: 'dev', label: 'dev' }, { kind: 'left', room: 'dev' })
    other.press('adrift').tell({ kind: 'entered', room: 'general', label: 'general' })
    expect(other.draft).toBe('mine')
    expect(other.tell({ kind: 'left', room: 'general' }).draft).toBe('adrift')
  })

  test('who looks at what was typed before, and goes elsewhere, finds what was begun', () => {
    const at = stage().press('said{enter}half a li{up}')
    expect(at.draft).toBe('said')
    at.tell({ kind: 'entered', room: 'dev', label: 'dev' }, { kind: 'entered', room: 'general', label: 'general' })
    expect(at.draft).toBe('half a li')
    at.press('{up} and more')
    at.tell({ kind: 'entered', room: 'dev', label: 'dev' }, { kind: 'entered', room: 'general', label: 'general' })
    expect(at.draft).toBe('said and more')
  })

  test('Alt-Enter begins a line; up and down walk in it first', () => {
    const at = stage().press('before{enter}one{alt-enter}two')
    expect(at.press('{up}').draft).toBe('one\ntwo')
    expect(at.press('{up}').draft).toBe('before')
    at.press('{down}{enter}').taken()
  })

  test('a paste of few lines is typed; one of many is asked about', () => {
    const paste = (text: string) =>
      ({ kind: 'input', now: NOON, input: { kind: 'paste', text, isCut: false } }) as const
    const at = stage().tell(paste('one\ntwo\n'))
    expect(at.draft).toBe('one\ntwo')
    const long = Array.from({ length: 6 }, (_, i) => `/line ${i}`).join('\n')
    at.tell(paste(long))
    expect(at.draft).toBe('one\ntwo')
    at.press('x{enter}')
    expect(at.taken()).toEqual([{ do: 'command', object: { do: 'say', text: long } }])
    at.tell(paste(long)).press('{escape}')
    expect(at.model.overlay).toBeNull()
    at.tell(paste(long)).press('e')
    expect(at.draft).toBe(`one\ntwo${long}`)
    expect(at.taken()).toEqual([])
  })

  test('a paste goes where one types: into what Ctrl-K asks, and over the help', () => {
    const paste = (text: string) =>
      ({ kind: 'input', now: NOON, input: { kind: 'paste', text, isCut: false } }) as const
    const at = stage().press('{ctrl-k}').tell(paste('de\nv\x1b\n'))
    expect(at.model.overlay).toMatchObject({ kind: 'jump', typed: { text: 'de v' } })
    expect(at.draft).toBe('')
    at.press('{escape}{f1}').tell(paste('hello'))
    expect(at.model.overlay).toBeNull()
    expect(at.draft).toBe('hello')
  })

  test('while a paste is asked about, another one does not take its place', () => {
    const paste = (text: string) =>
      ({ kind: 'input', now: NOON, input: { kind: 'paste', text, isCut: false } }) as const
    const long = Array.from({ length: 6 }, (_, i) => `line ${i}`).join('\n')
    const at = stage().tell(paste(long), paste('more'))
    expect(at.rows.join('\n')).toContain('waits for an answer')
    at.press('{enter}')
    expect(at.taken()).toEqual([{ do: 'command', object: { do: 'say', text: long } }])
    expect(at.draft).toBe('')
  })

  test('what is pasted holds no control characters', () => {
    const at = stage().tell({
      kind: 'input',
      now: NOON,
      input: { kind: 'paste', text: 'a\x1b[2Jb\x9b\tc', isCut: true },
    })
    expect(at.draft).toBe('a[2Jb    c')
    expect(at.model.alert).toContain('too long')
  })

  test('a question mark shows the keys where nothing is typed, and is typed by the second', () => {
    const at = stage().press('?')
    expect(at.model.overlay).toMatchObject({ kind: 'help' })
    expect(at.press('?').draft).toBe('?')
    expect(at.press('?').draft).toBe('??')
  })

  test('Ctrl-C takes away what is typed, then leaves; Ctrl-D leaves where nothing is', () => {
    const at = stage().press('text{ctrl-c}')
    expect(at.taken()).toEqual([{ do: 'interrupt', isSpared: true }])
    expect(at.draft).toBe('')
    expect(at.press('{ctrl-c}').taken()).toEqual([{ do: 'interrupt', isSpared: false }])
    expect(at.press('ab{left}{ctrl-d}').draft).toBe('a')
    expect(at.press('{ctrl-u}{ctrl-d}').taken()).toEqual([{ do: 'quit' }])
  })
})

describe('completion', () => {
  test('names: the last to speak first, then the others; again brings the next', () => {
    const at = stage().hear('general', said(CAROL, 'x'), said(BOB, 'y'))
    expect(at.press('{tab}').draft).toBe('Bob: ')
    expect(at.press('{tab}').draft).toBe('Carol: ')
    expect(at.press('{tab}').draft).toBe('Bob: ')
    expect(at.press('{shift-tab}').draft).toBe('Carol: ')
    expect(at.press('{escape}').draft).toBe('')
    expect(at.press('hi b{tab}').draft).toBe('hi Bob ')
    expect(at.press('and @c{tab}').draft).toBe('hi Bob and @Carol ')
  })

  test('commands, rooms, people as arguments, and none where nothing fits', () => {
    const at = stage()
    expect(at.press('/jo{tab}').draft).toBe('/join ')
    expect(at.press('d{tab}').draft).toBe('/join dev ')
    expect(at.press('{ctrl-u}see #ge{tab}').draft).toBe('see #general ')
    expect(at.press('{ctrl-u}/msg ca{tab}').draft).toBe('/msg Carol ')
    expect(at.press('{ctrl-u}/help pe{tab}').draft).toBe('/help peers ')
    expect(at.press('{ctrl-u}zz{tab}').draft).toBe('zz')
  })

  test('a name of two words stands in quotation marks where a command takes it', () => {
    const at = stage().with([ALICE, { ...BOB, name: 'Bob Jones' }])
    expect(at.press('/msg b{tab}').draft).toBe('/msg "Bob Jones" ')
    expect(at.press('{ctrl-u}b{tab}').draft).toBe('Bob Jones: ')
    expect(at.press('{ctrl-u}/msg "bob j{tab}').draft).toBe('/msg "Bob Jones" ')
  })

  test('a path in quotation marks is one word, and what stands behind it another', () => {
    const at = stage().press('/send "./two wo{tab}')
    expect(at.taken()).toMatchObject([{ do: 'paths', typed: '"./two wo', start: 6 }])
    expect(at.press('rds" @b{tab}').draft).toBe('/send "./two words" @Bob ')
    expect(at.press('{ctrl-u}he said "hi b{tab}').draft).toBe('he said "hi Bob ')
  })

  test('paths are looked up by whoever can, and not offered where one typed on', () => {
    const at = stage().press('/send ./pl{tab}')
    const [asked] = at.taken()
    expect(asked).toMatchObject({ do: 'paths', typed: './pl', start: 6 })
    if (asked?.do !== 'paths') throw new Error('not asked')
    const found = { kind: 'paths', before: asked.before, start: 6, found: ['./plan.txt ', './plus/'] } as const
    expect(at.tell(found).draft).toBe('/send ./plan.txt ')
    expect(at.press('{tab}').draft).toBe('/send ./plus/')
    expect(at.press('x').tell(found).draft).toBe('/send ./plus/x')
  })

  test('Tab on a folder that alone fits goes into it, and a slash settles on one of several', () => {
    const at = stage().press('/send ./ho{tab}')
    const answer = (found: readonly string[]): void => {
      const asked = at.taken().at(-1)
      if (asked?.do !== 'paths') throw new Error('not asked')
      at.tell({ kind: 'paths', before: asked.before, start: asked.start, found })
    }
    answer(['./holidays/'])
    expect(at.draft).toBe('/send ./holidays/')
    at.press('{tab}')
    expect(at.effects.at(-1)).toMatchObject({ do: 'paths', typed: './holidays/', start: 6 })
    answer(['./holidays/alps/', './holidays/sea/'])
    expect(at.press('{tab}').draft).toBe('/send ./holidays/sea/')
    expect(at.press('/').draft).toBe('/send ./holidays/sea/')
    at.press('{tab}')
    expect(at.effects.at(-1)).toMatchObject({ do: 'paths', typed: './holidays/sea/' })
    answer(['"./holidays/sea/two words/'])
    at.press('{tab}')
    expect(at.effects.at(-1)).toMatchObject({ do: 'paths', typed: '"./holidays/sea/two words/', start: 6 })
  })
})

describe('going about', () => {
  test('Alt and a digit, the neighbours, and the one before', () => {
    const at = stage()
    expect(at.press('{alt-1}{alt-9}').taken()).toEqual([join('dev')])
    expect(at.press('{alt-down}{alt-up}').taken()).toEqual([join('dev'), join('dev')])
    expect(at.press('{alt-/}').taken()).toEqual([join('dev')])
    expect(at.press('{alt-2}').taken()).toEqual([])
  })

  test('Alt-a goes to who names one first, then to any news', () => {
    const at = stage().enter('third').enter('general')
    at.hear('dev', said(BOB, 'news')).hear('third', said(BOB, 'Alice!', { mentions: true }))
    at.taken()
    expect(at.press('{alt-a}').taken()).toEqual([join('third')])
    at.tell({ kind: 'entered', room: 'third', label: 'third' })
    at.taken()
    expect(at.press('{alt-a}').taken()).toEqual([join('dev')])
  })

  test('Ctrl-K finds rooms and people by parts of their names', () => {
    const at = stage()
    expect(at.press('{ctrl-k}cr{enter}').taken()).toEqual([join(`@${CAROL.id}`)])
    expect(at.press('{ctrl-k}{down}{up}{enter}').taken()).toEqual([join('dev')])
    expect(at.press('{ctrl-k}nothing{enter}').taken()).toEqual([])
    expect(at.model.overlay).toBeNull()
  })

  test('Ctrl-K and what is about a person know who is elsewhere, too', () => {
    const dan = { id: 'd'.repeat(52), name: 'Dan' }
    const at = stage().with([ALICE, BOB], 1, [], [dan, BOB])
    expect(at.press('{ctrl-k}da{enter}').taken()).toEqual([join(`@${dan.id}`)])
    expect(at.press('/msg da{tab}').draft).toBe('/msg Dan ')
    expect(at.press('{ctrl-u}/msg b{tab}{tab}').draft).toBe('/msg Bob ')
    // Who is not here does not hear what is said here.
    expect(at.press('{ctrl-u}da{tab}').draft).toBe('da')
  })

  test('a click on a room or a person goes there, the wheel scrolls, a drag is copied', () => {
    const mouse = (action: 'press' | 'release' | 'drag' | 'wheel-up', x: number, y: number) =>
      ({ kind: 'input', now: NOON, input: { kind: 'mouse', action, x, y } }) as const
    const at = stage()
    expect(at.tell(mouse('press', 3, 0), mouse('release', 3, 0)).taken()).toEqual([join('dev')])
    expect(at.tell(mouse('press', 70, 2), mouse('release', 70, 2)).taken()).toEqual([join(`@${BOB.id}`)])
    expect(at.tell(mouse('press', 70, 1), mouse('release', 70, 1)).taken()).toEqual([])
    at.hear('general', ...Array.from({ length: 40 }, (_, i) => said(BOB, `line ${i}`)))
    at.taken()
    expect(at.tell(mouse('wheel-up', 30, 5)).model.places[1]?.talk.anchor).not.toBeNull()
    at.tell(mouse('press', 30, 5), mouse('drag', 40, 6), mouse('release', 40, 6))
    expect(at.taken()).toMatchObject([{ do: 'copy', selection: { from: { x: 30, y: 5 }, to: { x: 40, y: 6 } } }])
    expect(at.press('x').model.selection).toBeNull()
  })
})

describe('what one says elsewhere', () => {
  test('is seen where one is, and is no news', () => {
    const at = stage().hear(`@${BOB.id}`, said(ALICE, 'psst\nBob'))
    expect(at.rows.join('\n')).toMatch(/· To[\s\S]*psst Bob/)
    expect(at.model.places.map(({ unread }) => unread)).toEqual([0, 0, 0])
    expect(at.taken()).toEqual([])
  })
})

describe('telling', () => {
  const away = { kind: 'input', now: NOON, input: { kind: 'focus', focused: false } } as const
  const back = { kind: 'input', now: NOON, input: { kind: 'focus', focused: true } } as const

  test('who is meant is rung for while the terminal is not in focus, and only then', () => {
    const at = stage().hear('general', said(BOB, 'Alice: hi', { mentions: true }))
    expect(at.taken()).toEqual([{ do: 'read', room: 'general' }])
    at.tell(away).hear('general', said(BOB, 'talk'), said(BOB, 'Alice: hi', { mentions: true }))
    expect(at.taken()).toEqual([{ do: 'ring', title: 'Bob in general', body: 'Alice: hi' }])
    at.hear(`@${BOB.id}`, said(BOB, 'psst'))
    expect(at.taken()).toEqual([{ do: 'ring', title: 'Bob', body: 'psst' }])
    expect(at.model.places.map(({ unread, mentions }) => [unread, mentions])).toEqual([
      [0, 0],
      [2, 1],
      [1, 0],
    ])
    expect(at.rows.join('\n')).toContain(' new ')
    expect(at.tell(back).taken()).toEqual([{ do: 'read', room: 'general' }])
    expect(at.model.places[1]?.unread).toBe(0)
  })

  test('where the terminal does not tell of its focus, who has pressed no key for a minute is away', () => {
    const at = stage()
      .tell({ kind: 'tick', now: NOON + 2 * MINUTE })
      .hear('general', said(BOB, 'Alice', { mentions: true }))
    expect(at.taken()).toMatchObject([{ do: 'ring' }])
    at.press('x').hear('general', said(BOB, 'Alice', { mentions: true }))
    expect(at.taken()).toEqual([
      { do: 'read', room: 'general' },
      { do: 'read', room: 'general' },
    ])
  })

  test('the title of the window counts what is for us, and no other news', () => {
    const at = new Stage().enter('general').enter('dev').with([ALICE, BOB])
    const title = (): string => frameOf(at.model).title
    expect(title()).toBe('hearsay · dev')
    at.hear('general', said(BOB, 'news'), said(BOB, 'Alice: you', { mentions: true }))
    expect(title()).toBe('(1) hearsay · dev')
    at.hear(`@${BOB.id}`, said(BOB, 'psst'), said(BOB, 'there?'))
    expect(title()).toBe('(3) hearsay · dev')
    at.enter('general')
    expect(title()).toBe('(2) hearsay · general')
  })

  test('what is old rings nobody', () => {
    const at = stage().tell(away)
    at.tell({
      kind: 'added',
      room: 'general',
      label: 'general',
      entry: said(BOB, 'Alice', { mentions: true }),
      isLive: false,
    })
    expect(at.taken()).toEqual([])
  })
})
