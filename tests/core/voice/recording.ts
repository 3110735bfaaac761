import { AGE_MAX, TIME_TICKS } from '../../../src/wire/voice-audio.ts'

/**
 * Arrivals of voice packets as they were once, in a text of two to four characters a packet:
 *
 *     voice arrivals 1
 *     name: value            lines about it, as many as there are
 *
 *     IkCvB!CAiBGhD…         the packets in the order they came, wrapped anywhere
 *
 * A packet is a number: by how many microseconds its transit (when it came less when its sound was made) differs from that of the one before.
 * It has the number that follows the one before, and its time follows likewise, with the same marks; where that is not so, an exclamation
 * mark and three numbers stand before it: what to add to number and time (in ticks of 10 ms), and its marks. Before the first were packets of
 * 20 ms of which none had the number -1 and the time -2.
 *
 * Numbers are written in base 64 with variable length as in source maps (ECMA-426 section 6): digits of 5 bits, the least first, 32 added to all
 * but the last; the lowest bit of the whole is the sign.
 */
export interface Arrival {
  /** Of the datagram; the first that was recorded has 0, and those that are not there were lost. */
  readonly number: number
  /** When its sound was made, in ticks of 10 ms of the sender; the first has 0. */
  readonly time: number
  /** By the receiver's clock, in microseconds after the first. */
  readonly arrivesUs: number
  /** Of its frame: 1 or 2. */
  readonly ticks: number
  readonly begins: boolean
  readonly ends: boolean
  readonly recovers: boolean
  readonly heldBack: boolean
  /** It says again the frame that is so many before; 0 for none. */
  readonly againAge: number
}

export interface Recording {
  /** How it was recorded. */
  readonly about: ReadonlyMap<string, string>
  readonly packets: readonly Arrival[]
}

const FIRST_LINE = 'voice arrivals 1'
const LINE_LENGTH = 120
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const OTHERWISE = '!'
/** Of 5 bits: more than any number here has. */
const DIGITS_MAX = 8
const BEGINS = 1
const ENDS = 2
const RECOVERS = 4
const SHORT = 8
const HELD_BACK = 16
const AGE_SHIFT = 5
const MARKS_END = (AGE_MAX + 1) << AGE_SHIFT
const TICK_US = 10_000

interface Before {
  number: number
  time: number
  ticks: number
  marks: number
  transitUs: number
}

export function writeRecording({ about, packets }: Recording): string {
  const lines = [FIRST_LINE, ...[...about].map(([name, value]) => `${name}: ${value}`), '']
  let body = ''
  const before = first()
  for (const packet of packets) {
    const marks = marksOf(packet)
    const number = packet.number - before.number - 1
    const time = packet.time - before.time - before.ticks
    if (number !== 0 || time !== 0 || marks !== before.marks) {
      body += OTHERWISE + digits(number) + digits(time) + digits(marks)
    }
    const transitUs = packet.arrivesUs - packet.time * TICK_US
    body += digits(transitUs - before.transitUs)
    Object.assign(before, { number: packet.number, time: packet.time, ticks: packet.ticks, marks, transitUs })
  }
  for (let at = 0; at < body.length; at += LINE_LENGTH) lines.push(body.slice(at, at + LINE_LENGTH))
  return `${lines.join('\n')}\n`
}

/** Throws where the text is no recording, or only a part of one packet's numbers is there. */
export function parseRecording(text: string): Recording {
  const [firstLine, ...lines] = text.split('\n')
  if (firstLine !== FIRST_LINE) throw new Error(`a recording begins with "${FIRST_LINE}"`)
  const end = lines.indexOf('')
  if (end < 0) throw new Error('a recording has an empty line before its packets')
  const about = new Map<string, string>()
  for (const line of lines.slice(0, end)) {
    const colon = line.indexOf(': ')
    if (colon < 1) throw new Error(`"${line}" has no name before it`)
    about.set(line.slice(0, colon), line.slice(colon + 2))
  }
  const reader = new Reader(lines.slice(end + 1).join(''))
  const packets: Arrival[] = []
  const before = first()
  while (!reader.isAtEnd) packets.push(readPacket(reader, before))
  return { about, packets }
}

function readPacket(reader: Reader, before: Before): Arrival {
  let [number, time] = [before.number + 1, before.time + before.ticks]
  if (reader.takes(OTHERWISE)) {
    number += reader.number()
    time += reader.number()
    before.marks = reader.number()
    if (before.marks < 0 || before.marks >= MARKS_END) throw new Error(`no packet has the marks ${before.marks}`)
  }
  const { marks } = before
  const transitUs = before.transitUs + reader.number()
  const ticks = (marks & SHORT) === 0 ? 2 : 1
  if (number < 0 || time < 0 || time >= TIME_TICKS) throw new Error(`no packet has the number ${number}, time ${time}`)
  Object.assign(before, { number, time, ticks, transitUs })
  return {
    ...{ number, time, ticks, arrivesUs: transitUs + time * TICK_US },
    begins: (marks & BEGINS) !== 0,
    ends: (marks & ENDS) !== 0,
    recovers: (marks & RECOVERS) !== 0,
    heldBack: (marks & HELD_BACK) !== 0,
    againAge: marks >> AGE_SHIFT,
  }
}

function first(): Before {
  return { number: -1, time: -2, ticks: 2, marks: 0, transitUs: 0 }
}

function marksOf({ begins, ends, recovers, heldBack, ticks, againAge }: Arrival): number {
  return (
    (begins ? BEGINS : 0) |
    (ends ? ENDS : 0) |
    (recovers ? RECOVERS : 0) |
    (heldBack ? HELD_BACK : 0) |
    (ticks === 1 ? SHORT : 0) |
    (againAge << AGE_SHIFT)
  )
}

function digits(value: number): string {
  let rest = 2 * Math.abs(value) + (value < 0 ? 1 : 0)
  let text = ''
  do {
    const digit = rest % 32
    rest = Math.floor(rest / 32)
    text += DIGITS[digit + (rest > 0 ? 32 : 0)]
  } while (rest > 0)
  return text
}

class Reader {
  private at = 0

  constructor(private readonly text: string) {}

  get isAtEnd(): boolean {
    return this.at === this.text.length
  }

  takes(mark: string): boolean {
    if (this.text[this.at] !== mark) return false
    this.at++
    return true
  }

  number(): number {
    let value = 0
    for (let i = 0; i < DIGITS_MAX; i++) {
      if (this.isAtEnd) throw new Error('the recording ends within a number')
      const digit = DIGITS.indexOf(this.text[this.at++]!)
      if (digit < 0) throw new Error(`"${this.text[this.at - 1]}" is no digit`)
      value += (digit % 32) * 32 ** i
      if (digit < 32) return value % 2 === 0 ? value / 2 : -(value - 1) / 2
    }
    throw new Error('a number is too long')
  }
}
