import { equalBytes } from '../../base/bytes.ts'

const NEVER = Number.POSITIVE_INFINITY

/** `waiting`: nobody has it yet. `everyone`: all who are there, or were, and did not leave before it came to them. */
export type DeliveryState = 'waiting' | 'reached' | 'everyone'

/** How far something said has come. */
export interface Standing {
  readonly state: DeliveryState
  /** Other members who have it: the most ever known of. */
  readonly reached: number
  /** Those, and who is present without it. */
  readonly of: number
}

export interface Delivery extends Standing {
  readonly id: Uint8Array
}

/** What is known of the others in a room: which part of the feed each of those holds who told, and how many are present. */
export interface Crowd {
  readonly present: number
  readonly holders: Iterable<{ readonly from: number; readonly next: number; readonly isPresent: boolean }>
}

interface Message {
  readonly number: number
  readonly id: Uint8Array
  readonly saidAtMs: number
  reached: number
  of: number
  /** Since when everybody has it; infinite while somebody has not. */
  everyoneAtMs: number
  told: Standing | null
  toldAtMs: number
  tells: number
}

/** So many of one feed are followed: the last. */
export const FOLLOWED_MAX = 1_000
/** Dropping the oldest one by one would move all the others each time. */
const FOLLOWED_SLACK = 256
/** What everybody has had for so long stays so, whoever comes in later: who is there takes some seconds to become known. */
const FINAL_AFTER_MS = 60_000
/** Usually everybody has it before this, and one telling is enough. */
const FIRST_TOLD_MS = 500
/** Members are there, and nobody has it. */
const STUCK_TOLD_MS = 3_000
/** Between tellings about one message: this, then twice that. */
const AGAIN_TOLD_MS = 1_000
/** And no more than this, but for the last. */
const TELLS_MAX = 8

/** Of what we said in one feed, how far each has come; and when to tell of it, so that a message among thousands is told of a few times. Pure. */
export class Standings {
  /** In order of their numbers. */
  private messages: Message[] = []

  said(number: number, id: Uint8Array, nowMs: number): void {
    this.messages.push(messageOf(number, id, nowMs))
    if (this.messages.length > FOLLOWED_MAX + FOLLOWED_SLACK) this.messages = this.messages.slice(-FOLLOWED_MAX)
  }

  /** Takes in what was said before this start, in order: it is known of when asked, and not told. All of it before what is followed so far. */
  restore(events: readonly { readonly number: number; readonly id: Uint8Array }[]): void {
    const before = this.messages[0]?.number ?? NEVER
    const restored = events.filter(({ number }) => number < before)
    const quiet = restored.map(({ number, id }) => ({ ...messageOf(number, id, 0), tells: NEVER }))
    this.messages = [...quiet, ...this.messages].slice(-FOLLOWED_MAX)
  }

  /** The lowest number followed; infinite where none is. */
  get first(): number {
    return this.messages[0]?.number ?? NEVER
  }

  /** Null where it is not followed, or no more. */
  of(id: Uint8Array): Standing | null {
    const message = this.messages.findLast((each) => equalBytes(each.id, id))
    return message === undefined ? null : standingOf(message)
  }

  update({ present, holders }: Crowd, nowMs: number): void {
    const { messages } = this
    const all = new Int32Array(messages.length + 1)
    const there = new Int32Array(messages.length + 1)
    for (const { from, next, isPresent } of holders) {
      const [first, end] = [this.indexOf(from), this.indexOf(next)]
      all[first]!++
      all[end]!--
      if (!isPresent) continue
      there[first]!++
      there[end]!--
    }
    let [reached, presentReached] = [0, 0]
    messages.forEach((message, i) => {
      reached += all[i]!
      presentReached += there[i]!
      if (nowMs - message.everyoneAtMs >= FINAL_AFTER_MS) return
      message.reached = Math.max(message.reached, reached)
      message.of = Math.max(message.reached, reached + present - presentReached)
      if (stateOf(message) !== 'everyone') message.everyoneAtMs = NEVER
      else if (message.everyoneAtMs === NEVER) message.everyoneAtMs = nowMs
    })
  }

  /** Takes at most `most` that are to be told by now. */
  takeDue(nowMs: number, most: number): Delivery[] {
    const due: Delivery[] = []
    for (const message of this.messages) {
      if (due.length === most) break
      if (dueAtMs(message) > nowMs) continue
      message.told = standingOf(message)
      message.toldAtMs = nowMs
      message.tells++
      due.push({ ...message.told, id: message.id })
    }
    return due
  }

  /** When something is to be told; infinite while nothing is. */
  nextDueMs(): number {
    let next = NEVER
    for (const message of this.messages) next = Math.min(next, dueAtMs(message))
    return next
  }

  /** Of the first message with this number or a higher one. */
  private indexOf(number: number): number {
    let low = 0
    let high = this.messages.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.messages[middle]!.number < number) low = middle + 1
      else high = middle
    }
    return low
  }
}

function messageOf(number: number, id: Uint8Array, saidAtMs: number): Message {
  return { number, id, saidAtMs, reached: 0, of: 0, everyoneAtMs: NEVER, told: null, toldAtMs: 0, tells: 0 }
}

function stateOf({ reached, of }: Message): DeliveryState {
  if (reached === 0) return 'waiting'
  return reached < of ? 'reached' : 'everyone'
}

function standingOf(message: Message): Standing {
  return { state: stateOf(message), reached: message.reached, of: message.of }
}

function dueAtMs(message: Message): number {
  const { saidAtMs, reached, of, told, toldAtMs, tells } = message
  const state = stateOf(message)
  const isLast = state === 'everyone' && told?.state !== 'everyone'
  if ((told?.reached === reached && told.of === of) || tells === NEVER) return NEVER
  if (isLast) return saidAtMs
  if (told === null && of === 0) return saidAtMs
  if (told === null) return saidAtMs + (state === 'waiting' ? STUCK_TOLD_MS : FIRST_TOLD_MS)
  return tells < TELLS_MAX ? toldAtMs + AGAIN_TOLD_MS * 2 ** (tells - 1) : NEVER
}
