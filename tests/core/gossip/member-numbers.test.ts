import { describe, expect, test } from 'bun:test'
import { NumberedMembers, NumberingMembers } from '../../../src/core/gossip/member-numbers.ts'

describe('numbers for members', () => {
  test('mean the same at both ends, however often numbering begins anew', () => {
    const [ours, theirs] = [new NumberingMembers(3), new NumberedMembers(3)]
    const told: string[] = []
    const tell = (tag: string): void => {
      if (!ours.has(tag) && !ours.hasRoomFor(1)) ours.beginAnew()
      const number = ours.numberOf(tag)
      const { anew, tags } = ours.takeNews()
      expect(theirs.name(anew, tags)).toBe(true)
      told.push(theirs.tagOf(number))
    }
    const tags = ['a', 'b', 'a', 'c', 'd', 'a', 'd', 'e', 'f', 'b']
    for (const tag of tags) tell(tag)
    expect(told).toEqual(tags)
    expect(theirs.count).toBeLessThanOrEqual(3)
  })

  test('are told once each, in the order of their numbers', () => {
    const ours = new NumberingMembers(9)
    expect(['x', 'y', 'x', 'z'].map((tag) => ours.numberOf(tag))).toEqual([0, 1, 0, 2])
    expect(ours.takeNews()).toEqual({ anew: false, tags: ['x', 'y', 'z'] })
    expect(ours.numberOf('y')).toBe(1)
    expect(ours.takeNews()).toEqual({ anew: false, tags: [] })
  })

  test('are as many as there may be: more names are refused', () => {
    const theirs = new NumberedMembers(2)
    expect(theirs.name(false, ['a', 'b'])).toBe(true)
    expect(theirs.name(false, ['c'])).toBe(false)
    expect(theirs.name(true, ['c'])).toBe(true)
    expect(theirs.count).toBe(1)
    expect(theirs.name(true, ['a', 'b', 'c'])).toBe(false)
  })
})
