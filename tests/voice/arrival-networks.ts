import type { VoiceSettings } from '../../src/app/voice/messages.ts'
import { DEVICE } from './arrival-cable.ts'

/** What a network is made of, for as long as somebody's voice is recorded on it. */
export interface Place {
  /** Runs a program where the one who speaks is, to its end; throws where it fails. */
  speaker(...command: readonly string[]): Promise<void>
  /** The same where the queue is: there, or at the router. */
  queue(...command: readonly string[]): Promise<void>
  /** The same until the recording is over. */
  beside(...command: readonly string[]): void
  /** The process of the one who speaks. */
  readonly pid: number
  /** Of the one who hears: to send to over the network. */
  readonly hearer: string
  /** Takes connections and reads what comes of them. */
  readonly sinkPort: number
  /** In time of the recording. */
  after(ms: number): Promise<void>
}

export interface ArrivalNetwork {
  readonly name: string
  /** What people should know of it, in a line. */
  readonly says: string
  readonly seconds: number
  /** A cable between two network namespaces, or with a router in a third between them; or the loopback interface. */
  readonly link: 'cable' | 'router' | 'lo'
  /** What the one who speaks, or the router, sends through: tc(8), after `tc qdisc add dev DEVICE`. */
  readonly queue?: readonly string[]
  readonly settings: Partial<VoiceSettings>
  /** Talks without a pause, or as people do. */
  readonly talk: 'on and on' | 'in sentences'
  /** Whether those who speak and hear may go before other programs, as voice does where it may. */
  readonly goesFirst?: boolean
  /** A microphone whose clock is off by so many millionths, at a sound server. */
  readonly microphonePpm?: number
  /** What happens meanwhile. */
  during?(place: Place): Promise<void>
}

const OPEN = { mode: 'open' } as const
const VOICE = { mode: 'voice' } as const

async function upload({ beside, hearer, sinkPort }: Place): Promise<void> {
  beside('bash', '-c', `exec cat /dev/zero >/dev/tcp/${hearer}/${sinkPort}`)
}

async function fetch({ speaker, hearer, sinkPort }: Place, bytes: number): Promise<void> {
  await speaker('bash', '-c', `head -c ${bytes} /dev/zero >/dev/tcp/${hearer}/${sinkPort}`)
}

function tc(place: Place, ...words: readonly string[]): Promise<void> {
  return place.queue('tc', ...words)
}

/** Lengths that come round only after a long time, so that a recording is of no rhythm of ours. */
function* wandering(least: number, most: number): Generator<number, never> {
  for (let at = 0.5; ; at = (at + 0.618_033_988_75) % 1) yield least + (most - least) * at
}

const FAST = ['rate', '20mbit', 'burst', '8000', 'limit', '100000']
/** Two packets, and then next to nothing: what is queued stays there. */
const STILL = ['rate', '1kbit', 'burst', '400', 'limit', '100000']

export const NETWORKS: readonly ArrivalNetwork[] = [
  {
    name: 'loopback',
    says: 'the loopback interface of a machine with nothing else to do',
    ...{ seconds: 40, link: 'lo', settings: OPEN, talk: 'on and on', goesFirst: true },
  },
  {
    name: 'sentences',
    says: 'two namespaces and nothing between them; sentences, with nothing sent in the pauses',
    ...{ seconds: 60, link: 'cable', settings: VOICE, talk: 'in sentences', goesFirst: true },
  },
  {
    name: 'short-frames',
    says: 'frames of 10 ms, through 10 Mbit/s where something of 300 to 900 kB is fetched every few seconds',
    ...{ seconds: 30, link: 'router', settings: { ...OPEN, frameMs: 10 }, talk: 'on and on', goesFirst: true },
    queue: ['root', 'tbf', 'rate', '10mbit', 'burst', '3000', 'limit', '60000'],
    async during(place) {
      for (const [i, restMs] of [2_000, 3_400, 1_700, 2_900, 2_300, 3_800].entries()) {
        await place.after(restMs)
        await fetch(place, [300_000, 900_000, 500_000, 700_000][i % 4]!)
      }
    },
  },
  {
    name: 'upload',
    says: 'an uplink of 1 Mbit/s with a queue of 24 kB (0.2 s), and from 10 s to 27 s a TCP upload beside the voice',
    ...{ seconds: 45, link: 'router', settings: OPEN, talk: 'on and on', goesFirst: true },
    queue: ['root', 'tbf', 'rate', '1mbit', 'burst', '1600', 'limit', '24000'],
    async during(place) {
      await place.after(10_000)
      await upload(place)
      await place.after(17_000)
      // What is on the way has still to come.
      await place.speaker(
        'bash',
        '-c',
        'kill $(ss -Htnp state established | grep -o "pid=[0-9]*" | cut -d= -f2 | sort -u)',
      )
    },
  },
  {
    name: 'radio',
    says: 'a link of 20 Mbit/s that stands still for some 50 to 200 ms every 3 to 7 s, as a radio does that looks for others',
    ...{ seconds: 60, link: 'cable', settings: VOICE, talk: 'in sentences', goesFirst: true },
    queue: ['root', 'tbf', ...FAST],
    async during(place) {
      const [rests, stills] = [wandering(3_000, 7_000), wandering(90, 220)]
      for (;;) {
        await place.after(rests.next().value)
        await tc(place, 'qdisc', 'change', 'dev', DEVICE, 'root', 'tbf', ...STILL)
        await place.after(stills.next().value)
        await tc(place, 'qdisc', 'change', 'dev', DEVICE, 'root', 'tbf', ...FAST)
      }
    },
  },
  {
    name: 'narrow',
    says: 'an uplink of 64 kbit/s with a queue of 6 kB, which the voice all but fills, and a datagram of 900 bytes beside it every 0.7 s',
    ...{ seconds: 45, link: 'cable', settings: OPEN, talk: 'on and on', goesFirst: true },
    queue: ['root', 'tbf', 'rate', '64kbit', 'burst', '1600', 'limit', '6000'],
    async during({ beside, hearer }) {
      beside('bash', '-c', `while head -c 900 /dev/zero >/dev/udp/${hearer}/9; do sleep 0.7; done`)
    },
  },
  {
    name: 'two-queues',
    says: 'one packet in eight goes through a second queue of 0.5 Mbit/s that an upload keeps full (6 kB), the others pass it',
    ...{ seconds: 45, link: 'router', settings: OPEN, talk: 'on and on', goesFirst: true },
    queue: ['root', 'handle', '1:', 'htb', 'default', '10'],
    async during(place) {
      const [on, class_] = [
        ['dev', DEVICE],
        ['class', 'add', 'dev', DEVICE, 'parent', '1:'],
      ] as const
      await tc(place, ...class_, 'classid', '1:10', 'htb', 'rate', '100mbit', 'quantum', '1514')
      await tc(
        place,
        ...class_,
        'classid',
        '1:20',
        'htb',
        'rate',
        '500kbit',
        'ceil',
        '500kbit',
        'burst',
        '1600',
        'cburst',
        '1600',
      )
      await tc(place, 'qdisc', 'add', ...on, 'parent', '1:20', 'bfifo', 'limit', '6000')
      const filter = ['filter', 'add', ...on, 'parent', '1:', 'protocol', 'ip', 'prio', '1', 'u32'] as const
      // Of UDP (17) those whose number, the sixth to ninth byte after 20 of IP and 8 of UDP, ends in 011; and all of TCP (6).
      await tc(
        place,
        ...filter,
        'match',
        'ip',
        'protocol',
        '17',
        '0xff',
        'match',
        'u8',
        '3',
        '7',
        'at',
        '36',
        'flowid',
        '1:20',
      )
      await tc(place, ...filter, 'match', 'ip', 'protocol', '6', '0xff', 'flowid', '1:20')
      await upload(place)
    },
  },
  {
    name: 'busy',
    says: 'a machine whose processors are all taken, twice over; neither side may go before other programs',
    ...{ seconds: 60, link: 'cable', settings: OPEN, talk: 'on and on', goesFirst: false },
    async during({ beside }) {
      for (let i = 0; i < 2 * navigator.hardwareConcurrency; i++) beside('sh', '-c', 'while :; do :; done')
    },
  },
  {
    name: 'stopped',
    says: 'the process that speaks is stopped for 0.3 s (SIGSTOP) at 10 s and at 25 s',
    ...{ seconds: 40, link: 'cable', settings: OPEN, talk: 'on and on', goesFirst: true },
    async during({ pid, after }) {
      for (const restMs of [10_000, 14_700]) {
        await after(restMs)
        process.kill(pid, 'SIGSTOP')
        await after(300)
        process.kill(pid, 'SIGCONT')
      }
    },
  },
  {
    name: 'fast-microphone',
    says: 'a microphone at a sound server (PulseAudio) whose clock is 300 ppm fast',
    ...{ seconds: 60, link: 'cable', settings: OPEN, talk: 'on and on', goesFirst: true, microphonePpm: 300 },
  },
  {
    name: 'slow-microphone',
    says: 'a microphone at a sound server (PulseAudio) whose clock is 300 ppm slow; sentences',
    ...{ seconds: 60, link: 'cable', settings: VOICE, talk: 'in sentences', goesFirst: true, microphonePpm: -300 },
  },
]
