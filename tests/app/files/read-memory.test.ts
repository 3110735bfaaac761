import { expect, test } from 'bun:test'
import { ReadMemory } from '../../../src/app/files/read-memory.ts'
import { LEAF_BYTES } from '../../../src/wire/content.ts'
import { RUN_LEAVES_MAX } from '../../../src/wire/transfer.ts'

test('memory that was lent is lent again when it has been given back, and to nobody before', () => {
  const memory = new ReadMemory()
  const [one, other] = [memory.lend(1), memory.lend(2)]
  expect(one).toHaveLength(RUN_LEAVES_MAX * LEAF_BYTES)
  expect(other.buffer).not.toBe(one.buffer)
  memory.giveBack(1)
  memory.giveBack(1)
  expect(memory.lend(3).buffer).toBe(one.buffer)
  expect([one.buffer, other.buffer]).not.toContain(memory.lend(4).buffer)
})

test('of very much that was lent at once little is kept', () => {
  const memory = new ReadMemory()
  const lent = new Set(Array.from({ length: 100 }, (_, ticket) => memory.lend(ticket).buffer))
  for (let ticket = 0; ticket < 100; ticket++) memory.giveBack(ticket)
  const again = Array.from({ length: 100 }, (_, ticket) => memory.lend(ticket).buffer)
  expect(again.filter((buffer) => lent.has(buffer))).toHaveLength(8)
})
