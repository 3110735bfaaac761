import { expect, test } from 'bun:test'
import { CircuitPort } from '../../../src/app/files/circuit-port.ts'
import type { Desk } from '../../../src/app/files/desk.ts'
import { FileRoom } from '../../../src/app/files/file-room.ts'
import { type Links, Reaching } from '../../../src/app/files/reaching.ts'
import { Hearsay } from '../../../src/app/hearsay.ts'
import { VirtualClock } from '../../sim/time.ts'
import { World } from '../../sim/world.ts'

const ROUND_MS = 1_000

test('whoever is wanted and was away is dialled in the moment in which he is a neighbour again', () => {
  const world = new World(1)
  const [anna, ben] = [world.add(), world.add()]
  const chat = new Hearsay(ben.id, { log() {} })
  const upsMs: number[] = []
  const dialsMs: number[] = []
  ben.start((telling) => {
    if (telling.kind === 'peer' && telling.state === 'up') upsMs.push(world.time.nowMs)
    chat.hear(telling)
  })
  chat.attach(ben.driver)
  const links: Links = {
    isDirect: () => false,
    isDialling: () => false,
    linksTo: () => [],
    dial: () => dialsMs.push(world.time.nowMs),
    call: () => {},
  }
  let reaching!: Reaching
  chat.attachFiles((around) => {
    reaching = new Reaching(
      FileRoom.talkOf(around, () => []),
      (act) => act(links),
    )
    const desk = { note() {}, arrived: (key: string) => reaching.arrived(key, world.time.nowMs) } as unknown as Desk
    return new FileRoom(around, desk, new CircuitPort(new VirtualClock(world.time, 0, (run) => run()), around.circuits))
  })
  anna.start()
  ben.connect(anna)
  world.until('they are linked', () => upsMs.length === 1, 10_000)
  for (let kills = 1; kills <= 5; kills++) {
    reaching.reach(anna.key, 'general', world.time.nowMs)
    anna.kill()
    world.pass(300)
    anna.start()
    while (upsMs.length <= kills) {
      world.pass(ROUND_MS)
      reaching.reach(anna.key, 'general', world.time.nowMs)
    }
    expect(dialsMs).toContain(upsMs.at(-1)!)
    world.pass(10_000)
  }
})
