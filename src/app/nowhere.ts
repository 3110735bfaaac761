import type { Surroundings } from './network-views.ts'

/** Of a node that runs nowhere in particular. */
export const NOWHERE: Surroundings = {
  local: { host: '127.0.0.1', port: 0 },
  interfaces: [],
  isStatic: true,
  groupsGiven: null,
  lan: null,
  mesh: null,
}
