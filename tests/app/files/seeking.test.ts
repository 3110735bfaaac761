import { expect, test } from 'bun:test'
import type { Talk } from '../../../src/app/files/contract.ts'
import type { Reaching } from '../../../src/app/files/reaching.ts'
import { Seeking, type Sought } from '../../../src/app/files/seeking.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { contentTag, encodeSeek, readHolding, readSeek } from '../../../src/wire/holding.ts'
import { PassingKind } from '../../../src/wire/passing.ts'

function root(number: number): Uint8Array {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

const given = (number: number, room: string, takers = 0): Sought => ({
  ...{ root: root(number), room, whole: true, wants: false, gives: true, watches: true, takers },
})

/** What somebody who has these says in rooms. */
function saying(contents: readonly Sought[]) {
  const asked = new Set<string>()
  const answers: (readonly { readonly whole: boolean }[])[] = []
  const talk: Partial<Talk> = {
    own: 'me',
    ownAddresses: () => [],
    isThere: () => true,
    pass(room, kind, body) {
      for (const tag of (kind === PassingKind.seek && readSeek(body)) || []) asked.add(`${room} ${toHex(tag)}`)
      if (kind === PassingKind.holding) answers.push(readHolding(body)!.entries)
    },
  }
  const seeking = new Seeking(
    talk as Talk,
    () => contents,
    {} as Reaching,
    () => {},
  )
  return { seeking, asked, answers }
}

test('whoever waits for others to have what he gives asks about all of it in turn, in every room, whatever nobody takes', () => {
  const contents = ['a', 'b'].flatMap((room, r) =>
    Array.from({ length: 300 }, (_, i) => given(r * 1_000 + i, room, i === 7 ? 0 : 1)),
  )
  const { seeking, asked } = saying(contents)
  for (let second = 0; second < 20; second++) seeking.seek(second * 1_000)
  expect(asked.size).toBe(600)
})

test('whoever asks about one thing after the other is answered as fast as a room can bear', () => {
  const contents = Array.from({ length: 500 }, (_, i) => given(i, 'a'))
  const { seeking, answers } = saying(contents)
  for (let ms = 0; ms < 10_000; ms += 1) {
    seeking.heard('a', 'other', PassingKind.seek, encodeSeek([contentTag(root(ms % 500))]), ms)
  }
  expect(answers.length).toBeGreaterThan(100)
  expect(answers.length).toBeLessThan(64 + 10_000 / 50)
})

test('what has come by one of two offers is said to be here', () => {
  const coming: Sought = { root: root(1), room: 'a', whole: false, wants: true }
  for (const contents of [
    [coming, given(1, 'a')],
    [given(1, 'a'), coming],
  ]) {
    const { seeking, answers } = saying(contents)
    seeking.heard('a', 'other', PassingKind.seek, encodeSeek([contentTag(root(1))]), 0)
    expect(answers).toMatchObject([[{ whole: true }]])
  }
})
