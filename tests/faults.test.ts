import { expect, test } from 'bun:test'
import { resolve } from 'node:path'
import { readFaults, tellsNextStep } from './style/faults.ts'

const ROOT = resolve(import.meta.dir, '..')

test('every fault that people read says what to do next', async () => {
  const faults = await readFaults(ROOT)
  expect(faults.length).toBeGreaterThan(150)
  const silent = faults.filter(({ text }) => !tellsNextStep(text))
  expect(silent.map(({ where, text }) => `${where} ${text}`)).toEqual([])
}, 90_000)

test.each([
  'photo.jpg cannot be sent: it is not there.',
  'The disk is full.',
  'There is voice in rooms only.',
  'Nothing is kept of {room}.',
  'not valid TOML: {said}',
])('what only says what happened is found: %s', (text) => {
  expect(tellsNextStep(text)).toBe(false)
})

test.each([
  'photo.jpg cannot be sent: it is not there. Check the path.',
  'You are in no room. /join <room> enters one.',
  'The disk is full: make room and try again.',
  '--port: expected a port from 0 to 65535, got {quoted(text)}',
  '{doing}: {said}. {advice}',
])('what says what to do next is let through: %s', (text) => {
  expect(tellsNextStep(text)).toBe(true)
})
