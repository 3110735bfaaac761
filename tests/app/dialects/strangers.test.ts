import { expect, test } from 'bun:test'
import { Strangers } from '../../../src/app/dialects/strangers.ts'
import type { AppEvent } from '../../../src/app/events.ts'
import { VirtualTime } from '../../sim/time.ts'

function setUp() {
  const time = new VirtualTime()
  const told: string[] = []
  const emit = (event: AppEvent): void => {
    if (event.event === 'peer') told.push(`${event.state} ${event.name}`)
    if (event.event === 'notice') told.push(event.message)
  }
  const host = { emit, members: () => [], neighbours: () => [] }
  const timer = (atMs: number, fire: () => void) => {
    const set = time.at(atMs, fire)
    return () => time.cancel(set)
  }
  const clock = { nowMs: () => time.nowMs, timer }
  const machines = () => ({})
  const log = () => {}
  const strangers = new Strangers(host, machines, 'general', log, clock)
  const tell = (state: 'up' | 'down', id: string): void => {
    const address = { host: '127.0.0.1', port: 5_000 }
    strangers.told('framed', { kind: 'peer', state, id, name: id, address, dialled: false, link: 1, reason: '' })
  }
  return { time, told, strangers, tell }
}

test('strangers that come are told of at once, and that they go', () => {
  const { told, tell } = setUp()
  tell('up', 'ann')
  tell('down', 'ann')
  expect(told).toEqual(['up ann (framed)', 'down ann (framed)'])
})

test('one who calls and hangs up in a loop does not fill the screen, and who comes meanwhile is told of', () => {
  const { time, told, strangers, tell } = setUp()
  for (let i = 0; i < 1_000; i++) {
    tell('up', 'eve')
    tell('down', 'eve')
  }
  const flood = 'Those with older programs come and go too often to tell of each: /peers lists who is there.'
  expect(told).toHaveLength(201)
  expect(told.slice(-2)).toEqual(['down eve (framed)', flood])
  tell('up', 'ann')
  expect(strangers.views().map(({ name }) => name)).toEqual(['ann (framed)'])
  time.pass(1_100)
  expect(told.slice(201)).toEqual(['up ann (framed)'])
  tell('down', 'ann')
  expect(told.slice(202)).toEqual(['down ann (framed)'])
})
