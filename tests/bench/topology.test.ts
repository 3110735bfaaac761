import { describe, expect, test } from 'bun:test'
import { type Topology, topologyNamed } from './gossip/topology.ts'

/** Steps from node 0 along the tree. */
function depthOf(topology: Topology, node: number): number {
  const parent = topology.parents[node]!
  return parent < 0 ? 0 : 1 + depthOf(topology, parent)
}

describe('topologies of the bench', () => {
  test('a chain links each node to the next, and its last is the far end', () => {
    expect(topologyNamed('chain4')).toEqual({
      name: 'chain4',
      size: 4,
      neighbors: [[1], [0, 2], [1, 3], [2]],
      parents: [-1, 0, 1, 2],
      last: 3,
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

  test('the tree leads from every node to node 0 along links, the last being as far as any', () => {
    const topology = topologyNamed('rr16d3')!
    const depths = topology.neighbors.map((_, node) => depthOf(topology, node))
    for (let node = 1; node < topology.size; node++) {
      expect(topology.neighbors[node]).toContain(topology.parents[node]!)
      // Breadth-first: no neighbour is nearer by more than one step.
      for (const other of topology.neighbors[node]!) expect(Math.abs(depths[other]! - depths[node]!)).toBeLessThan(2)
    }
    expect(depths[topology.last]).toBe(Math.max(...depths))
  })

  test('the same name is the same graph every time', () => {
    expect(topologyNamed('rr16d3')).toEqual(topologyNamed('rr16d3'))
  })

  test.each(['chain1', 'chain', 'rr3d3', 'rr5d3', 'rr8d0', 'star5', ''])('%p is none', (name) => {
    expect(topologyNamed(name)).toBeNull()
  })
})
