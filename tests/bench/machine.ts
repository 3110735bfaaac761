/** What this machine is and how steady it is at the moment: without it no other figure means much. */
import { createCipheriv, generateKeyPairSync, hash, randomBytes, sign, verify } from 'node:crypto'
import { cpus, totalmem } from 'node:os'
import { type Sample, summarise } from './statistics.ts'

export interface Noise {
  /** MiB of SHA-256 a second. */
  readonly alone: Sample
  /** The same in each of two processes at once. */
  readonly together: Sample
}

const BLOCK_BYTES = 1024 * 1024
const CHILD_MS_MAX = 60_000

export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 1e9)
  return `${cpus().length} × ${model}, ${memory} GB, ${process.platform} ${process.arch}, Bun ${Bun.version}`
}

/** Fixed work over and over: how much its speed varies is how much any figure of the same run may. */
function workSamples(count: number, sampleMs: number): number[] {
  const block = new Uint8Array(BLOCK_BYTES).fill(3)
  return Array.from({ length: count }, () => {
    const startedAtMs = performance.now()
    let blocks = 0
    while (performance.now() - startedAtMs < sampleMs) {
      hash('sha256', block, 'buffer')
      blocks++
    }
    return (blocks * 1000) / (performance.now() - startedAtMs)
  })
}

export async function measureNoise(count: number, sampleMs: number): Promise<Noise> {
  const alone = summarise(workSamples(count, sampleMs))!
  const pair = await Promise.all([1, 2].map(() => samplesOfChild(count, sampleMs)))
  return { alone, together: summarise(pair.flat())! }
}

async function samplesOfChild(count: number, sampleMs: number): Promise<number[]> {
  const child = Bun.spawn([process.execPath, import.meta.path, String(count), String(sampleMs)], {
    stdin: 'ignore',
    stderr: 'inherit',
    timeout: CHILD_MS_MAX,
  })
  const samples: number[] = JSON.parse(await child.stdout.text())
  return samples
}

/** Microseconds for one call of what everything here is made of, and MB/s where size decides. */
export interface CryptoCosts {
  readonly signUs: number
  readonly verifyUs: number
  readonly sha256Us: number
  readonly sealUs: number
  readonly sealMbPerS: number
}

const SAMPLES = 5

function callUs(call: () => unknown, sampleMs: number): number {
  const samples = Array.from({ length: SAMPLES }, () => {
    const startedAtMs = performance.now()
    let calls = 0
    for (; performance.now() - startedAtMs < sampleMs; calls += 20) for (let i = 0; i < 20; i++) call()
    return ((performance.now() - startedAtMs) * 1000) / calls
  })
  return summarise(samples)!.median
}

export function measureCrypto(sampleMs: number): CryptoCosts {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const message = randomBytes(256)
  const record = randomBytes(65_536)
  const key = randomBytes(32)
  const iv = new Uint8Array(12)
  const signature = sign(null, message, privateKey)
  const seal = (plaintext: Uint8Array): void => {
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    cipher.update(plaintext)
    cipher.final()
    cipher.getAuthTag()
  }
  return {
    signUs: callUs(() => sign(null, message, privateKey), sampleMs),
    verifyUs: callUs(() => verify(null, message, publicKey, signature), sampleMs),
    sha256Us: callUs(() => hash('sha256', message, 'buffer'), sampleMs),
    sealUs: callUs(() => seal(message), sampleMs),
    sealMbPerS: record.length / callUs(() => seal(record), sampleMs),
  }
}

if (import.meta.main) {
  const [count, sampleMs] = process.argv.slice(2).map(Number)
  console.log(JSON.stringify(workSamples(count!, sampleMs!)))
}
