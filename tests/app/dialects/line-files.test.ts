import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { LineFiles } from '../../../src/app/dialects/line-files.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import type { AcceptPolicy } from '../../../src/core/transfer/offers.ts'

let all: LineFiles[] = []
afterEach(() => {
  for (const each of all) each.stop()
  all = []
})

function setUp(policy: AcceptPolicy = { mode: 'ask', bytesMax: null }) {
  const offered: string[] = []
  const announced: string[] = []
  const files = new LineFiles({
    policy,
    async offer(path) {
      offered.push(path)
      return null
    },
    announce: (link, name, size, isTaken) => announced.push(`${link} ${name} ${size} ${isTaken}`),
    log: () => {},
  })
  all.push(files)
  const send = (link: number, name: string, parts: readonly string[], isWhole = true): void => {
    const size = parts.reduce((sum, part) => sum + part.length, 0)
    files.hear({ kind: 'file', link, state: 'begins', name, size: isWhole ? size : size + 1 })
    for (const part of parts) files.hear({ kind: 'file', link, state: 'bytes', bytes: utf8(part) })
    files.hear({ kind: 'file', link, state: 'ends', whole: isWhole })
  }
  return { files, offered, announced, send }
}

describe('files that line peers send', () => {
  test('are offered under their names, whole, and gone with the run', () => {
    const { files, offered, announced, send } = setUp()
    send(1, '../a.txt', ['one ', 'two'])
    send(2, 'a.txt', ['three'])
    expect(announced).toEqual(['1 a.txt 7 true', '2 a.txt 5 true'])
    expect(offered.map((path) => basename(path))).toEqual(['a.txt', 'a.txt'])
    expect(offered.map((path) => readFileSync(path, 'utf8'))).toEqual(['one two', 'three'])
    files.stop()
    expect(offered.some((path) => existsSync(path))).toBe(false)
  })

  test('that break off are not', () => {
    const { offered, send } = setUp()
    send(1, 'a.txt', ['one'], false)
    expect(offered).toEqual([])
  })

  test('are let go by where none are taken, where one is too large, and where they are too many', () => {
    const none = setUp({ mode: 'none', bytesMax: null })
    none.send(1, 'a.txt', ['one'])
    expect([none.announced, none.offered]).toEqual([['1 a.txt 3 false'], []])
    const few = setUp({ mode: 'ask', bytesMax: 3 })
    few.send(1, 'large', ['four'])
    for (let i = 0; i < 5; i++) few.send(1, `${i}`, ['one'])
    expect(few.announced).toEqual([
      '1 large 4 false',
      ...['0', '1', '2', '3'].map((name) => `1 ${name} 3 true`),
      '1 4 3 false',
    ])
    expect(few.offered).toHaveLength(4)
  })
})
