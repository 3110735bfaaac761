import { describe, expect, test } from 'bun:test'
import { Lab, type Person, SMOOTH } from './engine-lab.ts'

/** What a tone of half the greatest height is heard as, alone; among others the limiter turns it down. */
const CLEAR = 0.4
const NOTHING = 0.003

function hearEachOther(people: readonly Person[], least: number): void {
  for (const each of people) {
    for (const other of people) if (other !== each) expect(each.hears(other)).toBeGreaterThan(least)
    // Where many are turned down together, a little of everything is everywhere.
    expect(each.hears(each)).toBeLessThan(least / 5)
  }
}

describe('people in a voice room', () => {
  test('two hear each other, see who speaks, and learn where they are seen', async () => {
    const lab = new Lab()
    const [a, b] = await lab.room(2)
    b!.silent()
    lab.pass(200)
    a!.forget()
    lab.pass(3_000)
    expect(b!.hears(a!)).toBeGreaterThan(CLEAR)
    expect(a!.loudest).toBe(0)
    expect([a!.speaking, b!.speaking]).toEqual([[], ['1']])
    expect(a!.of('speaking').at(-1)!.self).toBe(true)
    expect(a!.of('seen').at(-1)!.as).toEqual([{ ...a!.endpoint, by: 1 }])
    expect(b!.about(a!)).toMatchObject({
      path: 'direct',
      via: null,
      rttMs: 10,
      hearing: { lost: 0, concealedTicks: 0 },
    })
    expect(a!.about(b!)).toMatchObject({ heard: { lossPercent: 0, concealedTicks: 0 } })
    expect(b!.roughness).toBeLessThan(SMOOTH)
    await lab.close()
  })

  test('three hear one another', async () => {
    const lab = new Lab()
    await lab.room(3)
    lab.pass(2_000)
    hearEachOther(lab.people, 0.3)
    await lab.close()
  })

  test('25 who all speak at once are all heard, by all, without distortion', async () => {
    const lab = new Lab()
    await lab.room(25, { gainDb: -20 })
    for (const person of lab.people) person.forget()
    lab.pass(1_500)
    hearEachOther(lab.people, 0.03)
    for (const { loudest, roughness } of lab.people) {
      expect(loudest).toBeLessThan(0.9)
      expect(roughness).toBeLessThan(SMOOTH)
    }
    await lab.close()
  }, 30_000)

  test('a tenth lost, jitter, and datagrams that come twice: every word is heard, without a click', async () => {
    const lab = new Lab(3, { loss: 0.1, jitterMs: 15, doubled: 0.05 })
    const [a, b] = await lab.room(2)
    b!.silent()
    lab.pass(10_000)
    expect(b!.hears(a!)).toBeGreaterThan(CLEAR)
    const { hearing, heard } = { hearing: b!.about(a!).hearing!, heard: a!.about(b!).heard! }
    expect(hearing.lost / (hearing.lost + hearing.received)).toBeWithin(0.06, 0.14)
    expect(heard.lossPercent).toBeGreaterThan(0)
    expect(a!.statistics.lossPercent).toBeGreaterThan(5)
    expect(hearing.recoveredTicks).toBeGreaterThan(0)
    expect(b!.statistics.drops['replayed']).toBeGreaterThan(0)
    expect(b!.loudest).toBeLessThan(0.6)
    await lab.close()
  })

  test('mute sends nothing at all, and unmute goes on', async () => {
    const lab = new Lab()
    const [a, b] = await lab.room(2)
    lab.pass(1_000)
    a!.set({ muted: true })
    lab.pass(200)
    lab.pass(1_000)
    const { sealed } = a!.statistics
    lab.pass(2_000)
    expect(a!.statistics.sealed).toBe(sealed)
    expect(b!.hears(a!)).toBeLessThan(NOTHING)
    expect([a!.of('speaking').at(-1)!.self, b!.speaking]).toEqual([false, []])
    a!.set({ muted: false })
    lab.pass(1_500)
    expect(b!.hears(a!)).toBeGreaterThan(CLEAR)
    await lab.close()
  })

  test('deafened one hears nobody; by one’s own volume and mute one hears them as one likes', async () => {
    const lab = new Lab()
    const [a, b, c] = await lab.room(3)
    c!.silent()
    a!.engine.member(a!.knows(b!, { volumePercent: 50 }))
    lab.pass(2_000)
    expect(a!.hears(b!)).toBeWithin(0.15, 0.3)
    a!.engine.member(a!.knows(b!, { muted: true }))
    lab.pass(1_500)
    expect(a!.hears(b!)).toBeLessThan(NOTHING)
    expect(c!.hears(b!)).toBeGreaterThan(0.3)
    c!.set({ deafened: true })
    c!.forget()
    lab.pass(1_500)
    c!.forget()
    lab.pass(500)
    expect(c!.loudest).toBe(0)
    c!.set({})
    lab.pass(1_500)
    expect(c!.hears(b!)).toBeGreaterThan(0.3)
    await lab.close()
  })

  test('who comes while another key waits for its time is spoken to under that one at once, and the others as before', async () => {
    const lab = new Lab()
    const [a, b] = await lab.room(2)
    lab.pass(2_000)
    a!.audio = lab.stream()
    a!.engine.key(a!.audio, 1_000)
    const c = await lab.join()
    lab.pass(400)
    // Of what c knows, a has said nothing so far but by the key that waits.
    b!.forget()
    c.forget()
    lab.pass(400)
    expect([b!.hears(a!), c.hears(a!), c.hears(b!)].every((level) => level > 0.3)).toBe(true)
    b!.engine.member(b!.knows(a!))
    b!.forget()
    c.forget()
    lab.pass(1_000)
    expect([b!.hears(a!), c.hears(a!)].every((level) => level > 0.3)).toBe(true)
    expect([b!.about(a!).heard?.lossPercent ?? 0, c.about(a!).hearing?.lossPercent]).toEqual([0, 0])
    expect(Math.max(b!.roughness, c.roughness)).toBeLessThan(SMOOTH)
    await lab.close()
  })

  test('with push-to-talk it is sent while the key is held', async () => {
    const lab = new Lab()
    const [a, b] = await lab.room(2, { mode: 'push' })
    lab.pass(1_000)
    expect(b!.loudest).toBe(0)
    a!.set({ mode: 'push', pressed: true })
    lab.pass(1_200)
    expect(b!.hears(a!)).toBeGreaterThan(CLEAR)
    a!.set({ mode: 'push' })
    lab.pass(1_500)
    expect(b!.hears(a!)).toBeLessThan(NOTHING)
    expect(b!.roughness).toBeLessThan(SMOOTH)
    await lab.close()
  })

  test('who joins and who leaves is heard as a chime, where it is wished', async () => {
    const lab = new Lab()
    const [a, b] = await lab.room(2)
    b!.silent()
    a!.silent()
    b!.set({ chimes: false })
    const c = await lab.join({ muted: true })
    lab.pass(500)
    for (const each of [a!, b!]) each.forget()
    lab.pass(500)
    expect([a!.loudest, b!.loudest]).toEqual([0, 0])
    const streams = { audio: lab.stream(), theirs: lab.stream() }
    for (const each of [a!, b!]) {
      const joining = { ...each.knows(c), ...streams, ours: lab.stream(), id: '9', tag: 9, chime: true }
      each.engine.member(joining)
    }
    lab.pass(500)
    expect(a!.loudest).toBeWithin(0.02, 0.1)
    expect(b!.loudest).toBe(0)
    a!.forget()
    a!.engine.gone(c.id, true)
    lab.pass(500)
    expect(a!.loudest).toBeWithin(0.02, 0.1)
    await lab.close()
  })
})

describe('the microphone and the headphones', () => {
  test('one that is pulled out is replaced by the default, and taken again when it is back', async () => {
    const lab = new Lab()
    const [a, b] = await lab.room(2)
    const usb = { id: 'usb', name: 'USB', isDefault: false }
    a!.sound.plug(usb)
    a!.set({ input: 'usb', output: 'usb' })
    await lab.settle(1_000)
    expect(b!.hears(a!)).toBeGreaterThan(CLEAR)
    a!.sound.unplug('usb')
    await lab.settle(1_500)
    expect(a!.of('fault').map(({ code }) => code)).toContain('gone')
    expect(a!.of('sound').at(-1)).toMatchObject({ input: true, output: true })
    expect([b!.hears(a!) > CLEAR, a!.hears(b!) > CLEAR]).toEqual([true, true])
    a!.sound.plug(usb)
    await lab.settle(1_500)
    a!.sound.unplug('mic')
    await lab.settle(1_000)
    expect(b!.hears(a!)).toBeGreaterThan(CLEAR)
    expect(b!.roughness).toBeLessThan(SMOOTH)
    await lab.close()
  })

  test('without any the others are still there, and sound comes with the first device', async () => {
    const lab = new Lab()
    const [a, b] = await lab.room(2)
    for (const id of ['mic', 'ear']) a!.sound.unplug(id)
    await lab.settle(5_000)
    expect(a!.of('sound').at(-1)).toMatchObject({ input: false, output: false })
    expect(a!.about(b!).path).toBe('direct')
    expect(a!.of('fault').length).toBeLessThan(5)
    a!.sound.plug({ id: 'usb', name: 'USB', isDefault: true })
    await lab.settle(2_000)
    expect([b!.hears(a!) > CLEAR, a!.hears(b!) > CLEAR]).toEqual([true, true])
    await lab.close()
  })
})
