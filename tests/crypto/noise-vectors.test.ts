import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { toHex } from '../../src/base/bytes.ts'
import { agreementKeyFromSecret } from '../../src/crypto/agree.ts'
import { HandshakeState } from '../../src/crypto/noise.ts'
import { K, XX } from '../../src/crypto/noise-pattern.ts'
import { hex } from './hex.ts'
import { ALL_PATTERN_NAMES, patternOf } from './noise-patterns.ts'

interface Vector {
  protocol_name: string
  init_prologue: string
  init_psks?: string[]
  init_static?: string
  init_ephemeral: string
  init_remote_static?: string
  resp_prologue: string
  resp_psks?: string[]
  resp_static?: string
  resp_ephemeral?: string
  resp_remote_static?: string
  handshake_hash?: string
  messages: { payload: string; ciphertext: string }[]
  source: string
}

const file = new URL('../vectors/noise-25519-aesgcm-sha256.json', import.meta.url)
const { vectors }: { vectors: Vector[] } = JSON.parse(readFileSync(file, 'utf8'))

function side(vector: Vector, initiator: boolean): HandshakeState {
  const of = initiator ? 'init' : 'resp'
  const staticSecret = vector[`${of}_static`]
  const ephemeralSecret = vector[`${of}_ephemeral`]
  const remoteStatic = vector[`${of}_remote_static`]
  return new HandshakeState({
    pattern: patternOf(nameOf(vector)),
    initiator,
    prologue: hex(vector[`${of}_prologue`]),
    presharedKeys: (vector[`${of}_psks`] ?? []).map(hex),
    ...(staticSecret === undefined ? {} : { staticKey: agreementKeyFromSecret(hex(staticSecret)) }),
    ...(ephemeralSecret === undefined ? {} : { ephemeralSecret: hex(ephemeralSecret) }),
    ...(remoteStatic === undefined ? {} : { remoteStatic: hex(remoteStatic) }),
  })
}

function nameOf(vector: Vector): string {
  return vector.protocol_name.split('_')[1]!
}

/** The static public key that a pattern shows or presumes of one side. */
function publicOf(secret: string | undefined): string | null {
  return secret === undefined ? null : toHex(agreementKeyFromSecret(hex(secret)).publicKey)
}

describe('Noise vectors', () => {
  test('cover every pattern of the specification but the fallbacks', () => {
    expect(vectors.length).toBe(110)
    const covered = new Set(vectors.map((vector) => nameOf(vector).replace(/psk.*/, '')))
    expect([...covered].sort()).toEqual([...ALL_PATTERN_NAMES].sort())
  })

  test('the patterns that hearsay uses are those of the specification', () => {
    expect(XX).toEqual(patternOf('XX'))
    expect(K).toEqual(patternOf('K'))
  })

  test.each(vectors.map((vector, index) => [vector.protocol_name, vector.source, index] as const))(
    '%s of %s: both sides, handshake and transport',
    (_name, _source, index) => {
      const vector = vectors[index]!
      const { messages } = patternOf(nameOf(vector))
      const sides = [side(vector, true), side(vector, false)] as const
      vector.messages.slice(0, messages.length).forEach(({ payload, ciphertext }, turn) => {
        const [writer, reader] = turn % 2 === 0 ? sides : [sides[1], sides[0]]
        const message = writer.writeMessage(hex(payload))
        expect(toHex(message)).toBe(ciphertext)
        expect(toHex(reader.readMessage(message)!)).toBe(payload)
      })
      expect(sides.every((state) => state.finished)).toBe(true)
      expect(sides[0].handshakeHash).toEqual(sides[1].handshakeHash)
      if (vector.handshake_hash !== undefined) expect(toHex(sides[0].handshakeHash)).toBe(vector.handshake_hash)
      const learned = [sides[1].remoteStaticKey, sides[0].remoteStaticKey].map((key) => (key ? toHex(key) : null))
      expect(learned).toEqual([publicOf(vector.init_static), publicOf(vector.resp_static)])

      const ciphers = [sides[0].split(), sides[1].split()] as const
      const oneWay = messages.length === 1
      vector.messages.slice(messages.length).forEach(({ payload, ciphertext }, i) => {
        const byInitiator = oneWay || (messages.length + i) % 2 === 0
        const [writer, reader] = byInitiator ? ciphers : [ciphers[1], ciphers[0]]
        const sealed = writer.send.seal(hex(payload))
        expect(toHex(sealed)).toBe(ciphertext)
        expect(toHex(reader.receive.open(sealed)!)).toBe(payload)
      })
    },
  )
})
