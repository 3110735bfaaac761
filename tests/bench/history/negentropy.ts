import type { Scenario } from './scenario.ts'

/** What reconciling the same events by their ids takes. */
export interface NegentropyFigures {
  readonly bytes: number
  readonly roundTrips: number
  readonly ms: number
}

/** The part of the reference implementation (hoytech/negentropy, js/Negentropy.js, MIT) that is used here. */
interface NegentropyModule {
  readonly Negentropy: new (storage: Storage, frameBytesMax: number) => Negentropy
  readonly NegentropyStorageVector: new () => Storage
}

interface Storage {
  insert(timestamp: number, id: string): void
  seal(): void
}

interface Negentropy {
  initiate(): Promise<Message>
  reconcile(message: Message): Promise<[Message | null, string[], string[]]>
}

/** Hexadecimal text as it is made by default. */
type Message = string

const FIRST_EVENT_S = 1_700_000_000
const EVENT_INTERVAL_S = 3

/** Loads the reference implementation; throws where there is none at `path`. */
export async function loadNegentropy(path: string): Promise<NegentropyModule> {
  return await import(path)
}

/** Who lacks events asks; building and sealing the stores is not counted, the run between them is. */
export async function measureNegentropy(library: NegentropyModule, scenario: Scenario): Promise<NegentropyFigures> {
  const storeWithout = (without: ReadonlySet<number>): Storage => {
    const store = new library.NegentropyStorageVector()
    for (const [i, { id }] of scenario.events.entries()) {
      if (!without.has(i)) store.insert(FIRST_EVENT_S + i * EVENT_INTERVAL_S, id.toHex())
    }
    store.seal()
    return store
  }
  const [asking, asked] = [storeWithout(scenario.missing), storeWithout(new Set())]
  const begunAtMs = performance.now()
  const [client, server] = [new library.Negentropy(asking, 0), new library.Negentropy(asked, 0)]
  let bytes = 0
  let roundTrips = 0
  let lacking = 0
  for (let message: Message | null = await client.initiate(); message !== null; ) {
    const [answer] = await server.reconcile(message)
    if (answer === null) throw new Error('negentropy: the one asked gave no answer')
    bytes += (message.length + answer.length) / 2
    roundTrips++
    const [next, , needed] = await client.reconcile(answer)
    lacking += needed.length
    message = next
  }
  if (lacking !== scenario.missing.size) throw new Error(`negentropy: found ${lacking} of ${scenario.missing.size}`)
  return { bytes, roundTrips, ms: performance.now() - begunAtMs }
}
