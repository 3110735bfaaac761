import { beforeEach, describe, expect, test } from 'bun:test'
import { FramedPresence } from '../../../src/app/dialects/framed-voice.ts'
import { VirtualTime } from '../../sim/time.ts'

const UDP = { host: '127.0.0.1', port: 6_001 }

describe('who is in voice in the framed network', () => {
  let told: string[]
  let news: string[]
  let notices: string[]
  let presence: FramedPresence
  let time: VirtualTime

  beforeEach(() => {
    told = []
    news = []
    notices = []
    time = new VirtualTime()
    presence = new FramedPresence({
      clock: virtualClock(time),
      own: () => '127.0.0.1:5000',
      tell: (room, port) => told.push(`${room} ${port}`),
      isOurs: (bridge) => bridge === 'ffff',
      crowded: (message) => notices.push(message),
    })
    presence.watch((room, change) =>
      news.push(change === null ? `called anew in ${room}` : `${change.person.name} ${change.what} ${room}`),
    )
  })

  test('is told with a marked name, by the room, and once more when they go', () => {
    presence.joined('127.0.0.1:5001', 'Ann', '#General', UDP, null, 0)
    presence.joined('127.0.0.1:5002', '', 'dev', UDP, null, 0)
    expect(presence.present('general')).toMatchObject([{ name: 'Ann (framed)', there: '127.0.0.1:5001', ...UDP }])
    presence.left('127.0.0.1:5001', 'dev')
    expect(presence.present('general')).toHaveLength(1)
    presence.left('127.0.0.1:5001', null)
    expect(presence.present('general')).toEqual([])
    expect(news).toEqual([
      'Ann (framed) joined general',
      '127.0.0.1:5002 (framed) joined dev',
      'Ann (framed) left general',
    ])
  })

  test('is told once where there are so many that not all are passed on, or heard', () => {
    const join = (from: number, to: number): void => {
      for (let i = from; i < to; i++) presence.joined(`127.0.0.1:${5_000 + i}`, `n${i}`, 'general', UDP, null, 0)
    }
    join(1, 17)
    expect(notices).toEqual([])
    join(17, 33)
    expect(notices).toEqual([
      'More than 16 people of the framed network are in voice: you hear them all, others of this room only the first 16.',
    ])
    join(33, 40)
    expect(presence.present('general')).toHaveLength(32)
    expect(notices).toHaveLength(2)
    expect(notices[1]).toStartWith('Of the framed network 32 people can be in voice here at a time')
    for (let i = 1; i < 33; i++) presence.left(`127.0.0.1:${5_000 + i}`, null)
    join(1, 18)
    expect(notices).toHaveLength(3)
  })

  const names = (): string[] => presence.present('general').map(({ name }) => name)

  test('is nobody any more two minutes after the last link that told of them', () => {
    presence.linkBegan(1, '10.0.0.2:5000')
    presence.linkBegan(2, '10.0.0.3:5000')
    presence.joined('127.0.0.1:5001', 'Ann', 'general', UDP, null, 1)
    presence.joined('127.0.0.1:5002', 'Bob', 'general', UDP, null, 1)
    presence.joined('127.0.0.1:5003', 'Cid', 'general', UDP, null, 2)
    presence.toldToo('127.0.0.1:5002', 2)
    presence.linkEnded(1)
    time.pass(119_000)
    expect(names()).toEqual(['Ann (framed)', 'Bob (framed)', 'Cid (framed)'])
    time.pass(1_000)
    expect(names()).toEqual(['Bob (framed)', 'Cid (framed)'])
    presence.linkEnded(2)
    time.pass(120_000)
    expect(names()).toEqual([])
    expect(news.filter((each) => each.includes('left'))).toHaveLength(3)
  })

  test('stays when the neighbour behind whom they are is linked again, or another link tells of them', () => {
    presence.linkBegan(1, '10.0.0.2:5000')
    presence.joined('127.0.0.1:5001', 'Ann', 'general', UDP, null, 1)
    presence.linkEnded(1)
    time.pass(60_000)
    presence.linkBegan(2, '10.0.0.3:5000')
    presence.linkBegan(3, '10.0.0.2:5000')
    time.pass(600_000)
    expect(names()).toEqual(['Ann (framed)'])
    presence.linkEnded(3)
    presence.toldToo('127.0.0.1:5001', 2)
    time.pass(600_000)
    expect(names()).toEqual(['Ann (framed)'])
    // Whose new link came before the end of the former.
    presence.linkBegan(4, '10.0.0.3:5000')
    presence.linkEnded(2)
    time.pass(600_000)
    expect(names()).toEqual(['Ann (framed)'])
    expect(news).toEqual(['Ann (framed) joined general'])
  })

  test('and whom no link tells of any more, gives way to who comes', () => {
    for (let i = 0; i < 32; i++) presence.joined(`127.0.0.1:${6_000 + i}`, `n${i}`, 'general', UDP, null, i % 4)
    presence.linkEnded(3)
    presence.joined('127.0.0.1:5001', 'Ann', 'general', UDP, null, 0)
    expect(names()).toContain('Ann (framed)')
    expect(names()).not.toContain('n3 (framed)')
    expect(names()).toHaveLength(32)
  })

  test('is one of another link, though one link makes up as many as there are places', () => {
    presence.joined('127.0.0.1:5001', 'Ann', 'general', UDP, null, 1)
    for (let i = 0; i < 40; i++) presence.joined(`127.0.0.1:${6_000 + i}`, `n${i}`, 'general', UDP, null, 2)
    presence.joined('127.0.0.1:5002', 'Bob', 'general', UDP, null, 3)
    const names = presence.present('general').map(({ name }) => name)
    expect(names).toContain('Ann (framed)')
    expect(names).toContain('Bob (framed)')
    expect(names).toHaveLength(32)
  })

  test('is in one room at a time', () => {
    presence.joined('127.0.0.1:5001', 'Ann', 'general', UDP, null, 0)
    presence.joined('127.0.0.1:5001', 'Ann', 'dev', UDP, null, 0)
    expect(presence.present('general')).toEqual([])
    expect(news).toEqual(['Ann (framed) joined general', 'Ann (framed) left general', 'Ann (framed) joined dev'])
  })

  test('is nobody who is heard as one of ours, who hears nowhere in particular, or who is one too many', () => {
    presence.joined('127.0.0.1:5001', 'Nora', 'general', UDP, 'ffff', 0)
    presence.joined('127.0.0.1:5002', 'Tom', 'general', { host: 'somewhere.example', port: 1 }, null, 0)
    presence.joined('x'.repeat(65), 'Long', 'general', UDP, null, 0)
    expect([presence.present('general'), news]).toEqual([[], []])
    for (let port = 1; port <= 100; port++) presence.joined(`127.0.0.1:${port}`, 'Many', 'general', UDP, null, 0)
    expect(presence.present('general').length).toBeLessThanOrEqual(32)
  })

  test('hears that we are there, where, again when somebody new may not know, and that we are not any more', () => {
    presence.again()
    presence.entered('general', 9_000)
    presence.again()
    presence.entered('dev', 9_000)
    presence.entered(null, 0)
    presence.again()
    expect(told).toEqual(['general 9000', 'general 9000', 'general null', 'dev 9000', 'dev null'])
  })
})

function virtualClock(time: VirtualTime) {
  return {
    nowMs: () => time.nowMs,
    timer: (atMs: number, fire: () => void) => {
      const timer = time.at(atMs, fire)
      return () => time.cancel(timer)
    },
  }
}
