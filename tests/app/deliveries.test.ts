import { describe, expect, test } from 'bun:test'
import type { AppEvent, DeliveryEvent } from '../../src/app/events.ts'
import { Hearsay } from '../../src/app/hearsay.ts'
import { encodeBase32 } from '../../src/base/base32.ts'
import type { SimNode } from '../sim/sim-node.ts'
import { World } from '../sim/world.ts'

/** What a front end hears of how far its words have come, from whole nodes. */

type Told = Omit<DeliveryEvent, 'event' | 'id'>

function speaking(world: World): { chat: Hearsay; node: SimNode; told: () => Told[] } {
  const node = world.add()
  const chat = new Hearsay(node.id, { log() {} })
  const events: AppEvent[] = []
  chat.subscribe((event) => events.push(event))
  node.start((telling) => chat.hear(telling))
  chat.attach(node.driver)
  // As the witness hears of it.
  node.rooms.add('general')
  chat.join('general')
  const told = () =>
    events.flatMap((event): Told[] => {
      if (event.event !== 'delivery') return []
      const { room, state, reached, of } = event
      return [{ room, state, reached, of }]
    })
  return { chat, node, told }
}

describe('a front end is told', () => {
  test('that a message waits, and that it has reached everyone', async () => {
    const world = new World(1)
    const { chat, node, told } = speaking(world)
    node.say('general', 'anybody?')
    world.pass(1_000)
    expect(told()).toEqual([{ room: 'general', state: 'waiting', reached: 0, of: 0 }])
    const others = world.addAll(2)
    for (const other of others) other.connect(node)
    world.until('it has reached them', () => told().at(-1)?.state === 'everyone' && told().at(-1)?.of === 2, 10_000)
    expect(told().at(-1)).toEqual({ room: 'general', state: 'everyone', reached: 2, of: 2 })
    await world.settle(chat.close(), 20_000)
  })

  test('with the id that the message itself has, and only of its own messages', () => {
    const world = new World(2)
    const { node } = speaking(world)
    const other = speaking(world)
    other.node.connect(node)
    world.pass(3_000)
    const ids: string[] = []
    other.chat.subscribe((event) => {
      if (event.event === 'message' && event.self) ids.push(event.id)
      if (event.event === 'delivery') expect(ids).toContain(event.id)
    })
    node.say('general', 'mine')
    other.node.say('general', 'yours')
    world.pass(3_000)
    expect(ids).toHaveLength(1)
    expect(other.told()).toEqual([{ room: 'general', state: 'everyone', reached: 1, of: 1 }])
  })

  test('of a direct message by whom it is with', () => {
    const world = new World(3)
    const { node, told } = speaking(world)
    const other = speaking(world)
    other.node.connect(node)
    world.pass(3_000)
    node.tell(other.node, 'psst')
    world.pass(3_000)
    expect(told()).toEqual([{ room: `@${encodeBase32(other.node.id)}`, state: 'everyone', reached: 1, of: 1 }])
    expect(other.told()).toEqual([])
  })
})
