import { ByteReader, toHex } from '../../src/base/bytes.ts'
import type { HlcTime } from '../../src/base/hlc.ts'
import { type AgreementKey, agreementKeyFromSecret } from '../../src/crypto/agree.ts'
import type { NodeIdentity } from '../../src/node/context.ts'
import { openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { PassingKind, readPassing, sealPassing } from '../../src/wire/passing.ts'
import { decodeSignal, encodeSignal, type VoiceHere, type VoiceSignal } from '../../src/wire/voice-signal.ts'
import { sealEndpoints, sessionTag, VoicePair } from '../../src/wire/voice-signal-keys.ts'
import { Bench, identityOf } from './bench.ts'
import { openPeer, type Peer } from './peer.ts'

const ROOM = openRoomId('general')
export const ENDPOINT = { host: '192.0.2.9', port: 5_000 }

/** A secret that a number stands for. */
export function secretOf(number: number): Uint8Array {
  const secret = new Uint8Array(32)
  new DataView(secret.buffer).setUint32(0, number)
  return secret
}

/** What the node said of voice since the last time, oldest first. */
export function saidBy(bench: Bench, peer: Peer): VoiceSignal[] {
  const own = toHex(bench.node.id)
  const said = peer.heardOf(FrameType.passing).flatMap((body) => {
    const passing = readPassing(new ByteReader(body))
    if (passing === null || passing.kind !== PassingKind.voice || toHex(passing.author) !== own) return []
    return decodeSignal(passing.body) ?? []
  })
  peer.heard.length = 0
  return said
}

export function heresOf(signals: readonly VoiceSignal[]): VoiceHere[] {
  return signals.filter((signal) => signal.kind === 'here')
}

export interface Scene {
  readonly bench: Bench
  readonly peer: Peer
}

/** A node with one neighbour, in a room. */
export function scene(bench = new Bench()): Scene {
  bench.run((node, now) => node.join('general', now))
  const peer = openPeer(bench)
  bench.pass(2_000)
  peer.heard.length = 0
  return { bench, peer }
}

/** The node joins voice, and can be reached. */
export function intoVoice(bench: Bench): void {
  bench.run((node, now) => node.voiceAt(now).join('general'))
  bench.run((node, now) => node.voiceAt(now).reachable([ENDPOINT]))
}

/** Somebody in voice, spoken for by hand: says whatever a test wants, rightly signed. */
export class Hand {
  readonly identity: NodeIdentity
  key: AgreementKey
  secret = secretOf(1)
  private count = 0

  constructor(
    readonly scene: Scene,
    seed = 7,
    session = 1_000 + seed,
  ) {
    this.identity = identityOf(seed)
    this.key = agreementKeyFromSecret(secretOf(session))
  }

  get id(): Uint8Array {
    return this.identity.signing.publicKey
  }

  get tag(): number {
    return sessionTag(ROOM, this.id, this.key.publicKey)
  }

  time(): HlcTime {
    return { ms: this.scene.bench.wallMs, counter: this.count++ }
  }

  here(over: Partial<VoiceHere> = {}): VoiceHere {
    const { generation = 1, revision = 0 } = over
    const flags = { muted: false, deafened: false, ageTenths: 0 }
    const endpoints = sealEndpoints(this.secret, revision, [{ host: '198.51.100.7', port: 6_000 }])
    const numbers = { generation, revision }
    return {
      kind: 'here',
      session: this.key.publicKey,
      ...flags,
      ...numbers,
      endpoints,
      lacks: [],
      grants: [],
      ...over,
    }
  }

  sealed(signal: VoiceSignal, time = this.time(), room = ROOM): Uint8Array {
    return this.signed(encodeSignal(signal), time, room)
  }

  signed(body: Uint8Array, time = this.time(), room = ROOM): Uint8Array {
    return sealPassing({ author: this.id, room, time, kind: PassingKind.voice, body }, this.identity.signing)
  }

  /** Has the neighbour bring it. */
  bring(sealed: Uint8Array, peer = this.scene.peer): void {
    peer.send(FrameType.passing, (out) => out.u8(0).bytes(sealed))
    peer.sent.length = 0
  }

  say(over: Partial<VoiceHere> = {}): void {
    this.bring(this.sealed(this.here(over)))
  }

  leave(): void {
    this.bring(this.sealed({ kind: 'left' }))
  }

  pair(node: VoiceHere): VoicePair {
    const other = { author: this.scene.bench.node.id, session: node.session }
    return VoicePair.agree(this.key, ROOM, { author: this.id, session: this.key.publicKey }, other)!
  }

  /** Says a state with a grant for the node's session. */
  grant(node: VoiceHere, admission: number, over: Partial<VoiceHere> = {}): void {
    const tag = sessionTag(ROOM, this.scene.bench.node.id, node.session)
    const sealed = this.pair(node)
      .outgoing(admission)
      .seal(over.generation ?? 1, this.secret)
    this.say({ ...over, grants: [{ tag, admission, sealed }] })
  }

  /** The audio secret that the node grants us there, with the admission; null where it grants none. */
  granted(node: VoiceHere): { readonly secret: Uint8Array; readonly admission: number } | null {
    const grant = node.grants.find(({ tag }) => tag === this.tag)
    const secret =
      grant === undefined ? null : this.pair(node).incoming(grant.admission).open(node.generation, grant.sealed)
    return secret === null ? null : { secret, admission: grant!.admission }
  }
}
