import { afterEach, describe, expect, jest, test } from 'bun:test'
import { LineEditing } from './line-editing.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
  jest.useRealTimers()
})

/** A line being edited, in which Tab appends `+` and Shift-Tab `-`, once `answer` lets it. */
class Editing extends LineEditing {
  readonly asked: string[] = []
  answer: () => Promise<unknown> = async () => {}

  constructor() {
    super({
      complete: async ({ text }, by) => {
        this.asked.push(text)
        await this.answer()
        const completed = text + (by === 1 ? '+' : '-')
        return { text: completed, cursor: completed.length }
      },
    })
    closing.push(() => this.close())
  }
}

describe('several keys that come in one read', () => {
  test.each([
    ['send Do\t\r', 'send Do+'],
    ['send Do\t\t', 'send Do++'],
    ['send Do\t\x1b[Z\t\r', 'send Do+-+'],
    ['\t\r', '+'],
  ])('%j: what is typed behind a Tab is done once that has completed', async (read, line) => {
    const editing = await new Editing().type(read, read.endsWith('\r') ? '' : '\r')
    expect(editing.lines).toEqual([line])
  })

  test.each(['a\tb', 'a\tb\t\r', 'a\t\rb\t', 'a\rb\t'])(
    '%j is a paste without marks: no Tab of it completes',
    async (read) => {
      const editing = await new Editing().type(read)
      expect(editing.asked).toEqual([])
    },
  )
})

describe('keys that come while a completion takes its time', () => {
  test('wait for it, pasted ones too, and stay in their order', async () => {
    const editing = new Editing()
    const paths = Promise.withResolvers<void>()
    editing.answer = () => paths.promise
    await editing.type('a\t', 'b', '\x1b[200~c\nd\x1b[201~', '\t', 'e\r')
    expect([editing.lines, editing.asked]).toEqual([[], ['a']])
    paths.resolve()
    await editing.type('')
    expect(editing.lines).toEqual(['a+bc\nd+e'])
  })

  test('wait no longer than a second, or than fits: then they win, and the line is as typed', async () => {
    const editing = new Editing()
    editing.answer = () => new Promise(() => {})
    await editing.type('a\t', 'x'.repeat(300), '\r')
    expect(editing.lines).toEqual([`a${'x'.repeat(300)}`])
    jest.useFakeTimers()
    editing.answer = () => new Promise(() => {})
    await editing.type('b\t', 'c\t', 'd\r')
    expect(editing.lines.length).toBe(1)
    jest.advanceTimersByTime(1000)
    await editing.type('')
    expect(editing.lines.slice(1)).toEqual(['bcd'])
  })

  test('wait no more after Ctrl-C', async () => {
    const editing = new Editing()
    editing.answer = () => new Promise(() => {})
    await editing.type('a\t', 'b', '\x03', 'c\r')
    expect(editing.lines).toEqual(['c'])
  })
})
