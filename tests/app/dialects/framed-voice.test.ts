import { beforeEach, describe, expect, test } from 'bun:test'
import { FramedPresence } from '../../../src/app/dialects/framed-voice.ts'

const UDP = { host: '127.0.0.1', port: 6_001 }

describe('who is in voice in the framed network', () => {
  let told: string[]
  let news: string[]
  let notices: string[]
  let presence: FramedPresence

  beforeEach(() => {
    told = []
    news = []
    notices = []
    presence = new FramedPresence({
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
    presence.joined('127.0.0.1:5001', 'Ann', '#General', UDP, null)
    presence.joined('127.0.0.1:5002', '', 'dev', UDP, null)
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
      for (let i = from; i < to; i++) presence.joined(`127.0.0.1:${5_000 + i}`, `n${i}`, 'general', UDP, null)
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

  test('is nobody any more who came by a link that is gone, but for those whom another one told of too', () => {
    presence.joined('127.0.0.1:5001', 'Ann', 'general', UDP, null, 1)
    presence.joined('127.0.0.1:5002', 'Bob', 'general', UDP, null, 1)
    presence.joined('127.0.0.1:5003', 'Cid', 'general', UDP, null, 2)
    presence.toldToo('127.0.0.1:5002', 2)
    presence.linkEnded(1)
    expect(presence.present('general').map(({ name }) => name)).toEqual(['Bob (framed)', 'Cid (framed)'])
    presence.linkEnded(2)
    expect(presence.present('general')).toEqual([])
    expect(news.filter((each) => each.includes('left'))).toHaveLength(3)
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
    presence.joined('127.0.0.1:5001', 'Ann', 'general', UDP, null)
    presence.joined('127.0.0.1:5001', 'Ann', 'dev', UDP, null)
    expect(presence.present('general')).toEqual([])
    expect(news).toEqual(['Ann (framed) joined general', 'Ann (framed) left general', 'Ann (framed) joined dev'])
  })

  test('is nobody who is heard as one of ours, who hears nowhere in particular, or who is one too many', () => {
    presence.joined('127.0.0.1:5001', 'Nora', 'general', UDP, 'ffff')
    presence.joined('127.0.0.1:5002', 'Tom', 'general', { host: 'somewhere.example', port: 1 }, null)
    presence.joined('x'.repeat(65), 'Long', 'general', UDP, null)
    expect([presence.present('general'), news]).toEqual([[], []])
    for (let port = 1; port <= 100; port++) presence.joined(`127.0.0.1:${port}`, 'Many', 'general', UDP, null)
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
