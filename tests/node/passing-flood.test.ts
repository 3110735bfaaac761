import { expect, test } from 'bun:test'
import { openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { sealPassing } from '../../src/wire/passing.ts'
import { Lab } from './lab.ts'
import { openPeer, type Peer } from './peer.ts'

/** Those who talk without end, each within what one link is granted, do not have honest neighbours take each other for such. */
test('three at every node, at the full rate that is allowed: no honest link ends, and what honest nodes pass on still arrives', () => {
  const lab = new Lab(5, { verifier: () => ({ verify: () => true }) })
  for (let a = 0; a < 5; a++) for (let b = a + 1; b < 5; b++) lab.link(a, b)
  lab.pass(500)
  const foes = lab.nodes.flatMap((bench, at) =>
    [0, 1, 2].map((k) => openPeer(bench, { seed: 400 + at * 3 + k, host: '192.0.2.200' })),
  )
  let count = 0
  const flood = (foe: Peer): void => {
    const key = foe.identity.signing
    const time = { ms: 1_800_000_000_000 + count++, counter: 0 }
    const sealed = sealPassing(
      { author: key.publicKey, room: openRoomId('general'), time, kind: 9, body: new Uint8Array(4) },
      { publicKey: key.publicKey, sign: () => new Uint8Array(64) },
    )
    foe.send(FrameType.passing, (out) => out.u8(0).bytes(sealed))
    foe.sent.length = 0
  }
  for (let ms = 0; ms < 10_000; ms++) {
    for (const foe of foes) {
      flood(foe)
      foe.heard.length = 0
    }
    lab.pass(1)
    if (ms % 3_000 === 0) lab.nodes[0]!.run((node, now) => node.rename(`name ${ms}`, now))
  }
  expect(lab.reasons).toEqual([])
  lab.pass(1_000)
  const names = lab.nodes.slice(1).map((bench) => bench.node.members('general').map((member) => member.name))
  for (const each of names) expect(each).toContain('name 9000')
}, 60_000)
