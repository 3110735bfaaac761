import { describe, expect, test } from 'bun:test'
import { describeTopology, type Topology, topologyNamed, victimsOf } from './gossip/topology.ts'

/** Steps from node 0 along the tree. */
function depthOf(topology: Topology, node: number): number {
  const parent = topology.parents[node]!
  return parent < 0 ? 0 : 1 + depthOf(topology, parent)
}

describe('topologies of the bench', () => {
  test('a chain links each node to the next, and the tree runs along it', () => {
    expect(topologyNamed('chain4')).toEqual({
      name: 'chain4',
      size: 4,
      neighbors: [[1], [0, 2], [1, 3], [2]],
      parents: [-1, 0, 1, 2],
    })
  })

  test.each(['rr8d3', 'rr16d3', 'rr12d4'])(
    '%s gives every node as many neighbours, each once and both ways',
    (name) => {
      const topology = topologyNamed(name)!
      const degree = Number(name.at(-1))
      for (let node = 0; node < topology.size; node++) {
        const neighbors = topology.neighbors[node]!
        expect(new Set(neighbors).size).toBe(degree)
        expect(neighbors).not.toContain(node)
        for (const other of neighbors) expect(topology.neighbors[other]).toContain(node)
      }
    },
  )

  test('the tree leads from every node to node 0 along links and by no detour', () => {
    const topology = topologyNamed('rr16d3')!
    const depths = topology.neighbors.map((_, node) => depthOf(topology, node))
    for (let node = 1; node < topology.size; node++) {
      expect(topology.neighbors[node]).toContain(topology.parents[node]!)
      // Breadth-first: no neighbour is nearer by more than one step.
      for (const other of topology.neighbors[node]!) expect(Math.abs(depths[other]! - depths[node]!)).toBeLessThan(2)
    }
  })

  test('the same name is the same graph every time', () => {
    expect(topologyNamed('rr16d3')).toEqual(topologyNamed('rr16d3'))
  })

  test.each(['chain1', 'chain', 'rr3d3', 'rr5d3', 'rr8d0', 'star5', ''])('%p is none', (name) => {
    expect(topologyNamed(name)).toBeNull()
  })

  test('are told in words', () => {
    expect(describeTopology(topologyNamed('chain3')!)).toBe('chain of 3')
    expect(describeTopology(topologyNamed('rr16d3')!)).toBe('16 processes of degree 3')
  })
})

describe('victims of the kill test', () => {
  /** The nodes node 0 can still talk with. */
  function survivorsOf(topology: Topology, dead: readonly number[]): Set<number> {
    const found = new Set([0])
    for (const node of found) {
      for (const next of topology.neighbors[node]!) if (!dead.includes(next)) found.add(next)
    }
    return found
  }

  test.each(['rr8d3', 'rr16d3', 'rr12d4'])('of %s leave the others connected, and never are the publisher', (name) => {
    const topology = topologyNamed(name)!
    const victims = victimsOf(topology, topology.size / 4, 1)
    expect(new Set(victims).size).toBe(topology.size / 4)
    expect(victims).not.toContain(0)
    expect(survivorsOf(topology, victims).size).toBe(topology.size - victims.length)
    expect(victimsOf(topology, topology.size / 4, 1)).toEqual(victims)
  })

  test('are others for another seed', () => {
    const topology = topologyNamed('rr16d3')!
    const seeds = [1, 2, 3].map((seed) => victimsOf(topology, 4, seed).sort().join())
    expect(new Set(seeds).size).toBe(3)
  })

  test('of a chain can only be taken from its far end', () => {
    expect(victimsOf(topologyNamed('chain4')!, 1, 5)).toEqual([3])
  })

  test('are fewer than asked for where no more can go', () => {
    expect(victimsOf(topologyNamed('chain3')!, 3, 1).length).toBeLessThan(3)
  })
})
