import { Bridge } from '../../src/dialects/bridge.ts'
import type { Words } from '../../src/dialects/words.ts'

type Network = Words['from']

/** Somebody's words as a bridge hears them, from a tracker's network where nothing else is said; told apart by their first 16 characters. */
export function words(text: string, more: Partial<Words> = {}): Words {
  const origin = Buffer.from(text.padEnd(16).slice(0, 16)).toString('hex')
  const common = { from: 'tracker', isExact: true, bridge: null, author: null, kind: 'text', room: 'general' } as const
  return { ...common, origin, name: 'ann', text, ...more }
}

/** A bridge called so, between those networks. */
export function bridgeBetween(own: string, networks: readonly Network[], readyMs = 0): Bridge {
  const bridge = new Bridge(own, readyMs)
  for (const network of networks) bridge.open({ key: network, network })
  return bridge
}
