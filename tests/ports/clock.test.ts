import { systemClock } from '../../src/adapters/system-clock.ts'
import { VirtualClock } from '../sim/time.ts'
import { World } from '../sim/world.ts'
import { clockCompliance } from './clock.compliance.ts'

clockCompliance('The real clock', () => ({ clock: systemClock, settle: (promise) => promise }))

clockCompliance('The virtual clock', () => {
  const world = new World(1)
  return { clock: new VirtualClock(world.time), settle: (promise) => world.settle(promise, 60_000) }
})
