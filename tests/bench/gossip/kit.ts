/**
 * What every node of the bench shares, whatever it is made of: it speaks JSON lines with the harness on standard input and
 * output, fills payloads, and counts what arrives. Runs in Bun and, bundled, in Node.
 *
 * Payload: u32 phase, u32 number, f64 wall-clock milliseconds when it was published (little-endian), then filler.
 */
export interface NodeConfig {
  readonly id: number
  /** TCP port of node 0; node `i` listens at `basePort + i`, on 127.0.0.1. */
  readonly basePort: number
  readonly port: number
  /** Exactly these links must exist; of them this node dials `dials`. */
  readonly neighbors: readonly number[]
  readonly dials: readonly number[]
  /** A breadth-first tree from node 0, for the raw TCP ceiling only: a real protocol must find its own. */
  readonly parent: number
  readonly children: readonly number[]
}

export type Command =
  | { readonly cmd: 'dial' | 'stat' | 'quit' }
  | { readonly cmd: 'phase'; readonly phase: number; readonly count: number; readonly timed: boolean }
  | PublishCommand

interface PublishCommand {
  readonly cmd: 'publish'
  readonly count: number
  readonly size: number
  /** Messages a second; 0: as fast as it goes. */
  readonly rate: number
  /** What is not published by then stays unsaid. */
  readonly msMax: number
}

export interface PublishReport {
  readonly ev: 'published'
  /** How many were, in the time there was. */
  readonly count: number
  readonly startedAtMs: number
}

export interface StatReport {
  readonly ev: 'stat'
  readonly delivered: number
  /** Copies that arrived, first ones and duplicates; 0 where the implementation is not asked to count them. */
  readonly copies: number
  readonly lastAtMs: number
  /** Milliseconds from publishing to delivery of each message, -1 where it did not come; empty where the phase is not timed. */
  readonly latenciesMs: readonly number[]
}

export type Report = { readonly ev: 'listening' | 'ready' | 'phase' | 'done' } | PublishReport | StatReport | Failure

interface Failure {
  readonly ev: 'error'
  readonly message: string
}

/** One implementation's node, as the kit drives it. */
export interface BenchNode {
  /** Resolves when every neighbour can be reached. */
  dial(): Promise<void>
  publish(payload: Uint8Array): unknown
  /**
   * Full speed in the implementation's own best way; without it `publish` is called in a loop. To be ended once `inTime` is false;
   * resolves with how many were published.
   */
  burst?(count: number, size: number, inTime: () => boolean): Promise<number>
}

/** Without `burst`: the event loop gets a turn after so many messages. */
const MESSAGES_PER_TURN = 32
const PAYLOAD_HEAD_BYTES = 16

const settings = process.env['HEARSAY_BENCH_NODE']
if (settings === undefined) throw new Error('to be started by the bench, which says who this node is')
export const config: NodeConfig = JSON.parse(settings)

let phase = 0
let expected = 0
let seen: Uint8Array | null = null
let timed = false
let phaseAtMs = 0
let latencies: Float64Array | null = null
let delivered = 0
let copies = 0
let lastAtMs = 0

/** Wall-clock milliseconds to microseconds: the same clock in every process of one machine. */
function wallMs(): number {
  return performance.timeOrigin + performance.now()
}

function say(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

/** One copy of a message has arrived: call it before duplicates are told apart. */
export function onCopy(): void {
  copies++
}

/** A message is delivered to the application. */
export function onDeliver(bytes: Uint8Array, at = 0): void {
  if (seen === null || readU32(bytes, at) !== phase) return
  const number = readU32(bytes, at + 4)
  if (number >= expected || seen[number] === 1) return
  seen[number] = 1
  if (latencies !== null) {
    const sentAtMs = new DataView(bytes.buffer, bytes.byteOffset + at + 8, 8).getFloat64(0, true)
    latencies[number] = Math.max(0, wallMs() - sentAtMs)
  }
  delivered++
  if ((delivered & 1023) === 0) lastAtMs = wallMs()
  if (delivered !== expected) return
  lastAtMs = wallMs()
  say({ ev: 'done' })
}

function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

const filler = makeFiller(65_536)

/** Bytes that do not compress and hold every value: the same for all implementations. */
function makeFiller(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = 123_456_789
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

const head = new DataView(new ArrayBuffer(PAYLOAD_HEAD_BYTES))
const headBytes = new Uint8Array(head.buffer)

/**
 * Message `number` of this phase: fresh bytes, at least 16. The clock is asked where latency is measured only: asking takes as
 * long as the quickest here take for a whole message.
 */
export function payload(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(size, PAYLOAD_HEAD_BYTES))
  const from = number & 1023
  bytes.set(filler.subarray(from, from + size))
  head.setUint32(0, phase, true)
  head.setUint32(4, number, true)
  head.setFloat64(8, timed ? wallMs() : phaseAtMs, true)
  bytes.set(headBytes)
  return bytes
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** At a steady pace: what is due by now is published at once, then it sleeps until the next is. */
async function publishAtRate(
  node: BenchNode,
  { count, size, rate }: PublishCommand,
  inTime: () => boolean,
): Promise<number> {
  const startedAtMs = performance.now()
  let number = 0
  while (number < count && inTime()) {
    const due = Math.min(count, Math.floor(((performance.now() - startedAtMs) * rate) / 1000) + 1)
    for (; number < due; number++) {
      const sent = node.publish(payload(number, size))
      if (sent instanceof Promise) await sent
    }
    await sleep(Math.max(0, (number * 1000) / rate - (performance.now() - startedAtMs)))
  }
  return number
}

async function publishAll(node: BenchNode, { count, size }: PublishCommand, inTime: () => boolean): Promise<number> {
  let number = 0
  while (number < count && inTime()) {
    const end = Math.min(count, number + MESSAGES_PER_TURN)
    for (; number < end; number++) {
      const sent = node.publish(payload(number, size))
      if (sent instanceof Promise) await sent
    }
    await turn()
  }
  return number
}

async function publish(node: BenchNode, command: PublishCommand): Promise<void> {
  const startedAtMs = wallMs()
  const inTime = (): boolean => wallMs() - startedAtMs < command.msMax
  const { count, size, rate } = command
  const published =
    rate > 0
      ? await publishAtRate(node, command, inTime)
      : node.burst !== undefined
        ? await node.burst(count, size, inTime)
        : await publishAll(node, command, inTime)
  say({ ev: 'published', count: published, startedAtMs })
}

function beginPhase(number: number, count: number, withTimes: boolean): void {
  phase = number
  expected = count
  timed = withTimes
  phaseAtMs = wallMs()
  // Node 0 is the one that publishes: what it hears of itself is no delivery.
  seen = config.id === 0 ? null : new Uint8Array(count)
  latencies = timed ? new Float64Array(count).fill(-1) : null
  delivered = 0
  copies = 0
  lastAtMs = 0
}

async function obey(node: BenchNode, command: Command): Promise<void> {
  switch (command.cmd) {
    case 'dial':
      await node.dial()
      return say({ ev: 'ready' })
    case 'phase':
      beginPhase(command.phase, command.count, command.timed)
      return say({ ev: 'phase' })
    case 'publish':
      return publish(node, command)
    case 'stat': {
      const latenciesMs = latencies === null ? [] : [...latencies]
      return say({ ev: 'stat', delivered, copies, lastAtMs, latenciesMs })
    }
    case 'quit':
      process.exit(0)
  }
}

/** Obeys the harness until it says `quit` or is gone. */
export function run(node: BenchNode): void {
  const failed = (error: unknown): void => {
    say({ ev: 'error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
  let held = ''
  process.stdin.on('data', (chunk) => {
    const lines = (held + chunk).split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) {
      const command: Command = JSON.parse(line)
      obey(node, command).catch(failed)
    }
  })
  process.stdin.on('end', () => process.exit(0))
  say({ ev: 'listening' })
}
