import { beforeEach, describe, expect, test } from 'bun:test'
import { FramedPresence } from '../../../src/app/dialects/framed-voice.ts'

const UDP = { host: '127.0.0.1', port: 6_001 }

describe('who is in voice in the framed network', () => {
  let told: string[]
  let news: string[]
  let presence: FramedPresence

  beforeEach(() => {
    told = []
    news = []
    presence = new FramedPresence({
      own: '127.0.0.1:5000',
      tell: (room, port) => told.push(`${room} ${port}`),
      isOurs: (bridge) => bridge === 'ffff',
    })
    presence.watch((room, { what, person }) => news.push(`${person.name} ${what} ${room}`))
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
