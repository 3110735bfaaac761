import { joinBytes } from '../base/bytes.ts'
import type { DialectName } from '../base/dialects.ts'
import { FIRST_BYTES_MAX, notLetIn, recognise, unclear } from './recognise.ts'

/** How long a caller may say nothing until it is taken for one who only speaks when its user types. */
export const SILENT_MS = 3_000
/** How long after a whole object without a line break no more is expected. */
export const PAUSE_MS = 500
/** From the first word to a decision; as long as a native peer has for its handshake. */
export const DECIDE_MS_MAX = 10_000
/** Callers at a time of whom it is not known who they are: as many as the node lets shake hands. */
export const CALLERS_MAX = 64
export const CALLERS_PER_HOST_MAX = 8
/**
 * How long nobody has to give way: a tracker's peers make a connection for each message, and of what somebody pastes all come before the first is
 * read. Longer than a network or a busy program keeps anybody waiting.
 */
export const FRESH_MS = 1_000
/** And so many of these at a time: what is said in a burst, and half of the connections that a program may have open where that is least. */
export const FRESH_MAX = 512

/** Whose a connection is now. */
export type Verdict =
  | { readonly caller: number; readonly to: 'native'; readonly first: Uint8Array }
  | { readonly caller: number; readonly to: DialectName; readonly first: Uint8Array }
  | { readonly caller: number; readonly to: null; readonly code: string; readonly reason: string }

interface Caller {
  readonly host: string
  readonly cameAtMs: number
  first: Uint8Array[]
  bytes: number
  dueMs: number
  /** What it is if it says no more until then. */
  ifSilent: DialectName | 'native' | null
}

/** Holds the callers of the one listening port until it is known who they are. Pure: bytes and time in, verdicts out. */
export class Door {
  private readonly callers = new Map<number, Caller>()
  private verdicts: Verdict[] = []

  constructor(private readonly letIn: ReadonlySet<DialectName>) {}

  came(caller: number, host: string, nowMs: number): void {
    this.makeRoom(host, nowMs)
    const isLine = this.letIn.has('line')
    const dueMs = nowMs + (isLine ? SILENT_MS : DECIDE_MS_MAX)
    this.callers.set(caller, { host, cameAtMs: nowMs, first: [], bytes: 0, dueMs, ifSilent: isLine ? 'line' : null })
  }

  /** True while the caller is at the door; what is said afterwards is none of its business. */
  has(caller: number): boolean {
    return this.callers.has(caller)
  }

  said(caller: number, bytes: Uint8Array, nowMs: number): void {
    const state = this.callers.get(caller)
    if (state === undefined || bytes.length === 0) return
    state.first.push(bytes)
    state.bytes += bytes.length
    const all = state.first.length === 1 ? bytes : joinBytes(state.first)
    state.first = [all]
    const guess = recognise(all.subarray(0, FIRST_BYTES_MAX))
    if (guess.kind === 'native') this.admit(caller, 'native', all)
    else if (guess.kind === 'dialect') this.judge(caller, guess.dialect, all)
    else if (guess.kind === 'foreign')
      this.refuse(caller, 'not-hearsay', 'is neither hearsay nor one of the programs it descends from')
    else {
      state.ifSilent = guess.kind === 'pause' ? guess.dialect : null
      const latestMs = state.cameAtMs + DECIDE_MS_MAX
      state.dueMs = guess.kind === 'pause' ? Math.min(latestMs, nowMs + PAUSE_MS) : latestMs
    }
  }

  left(caller: number): void {
    this.callers.delete(caller)
  }

  nextWakeMs(): number | null {
    let next: number | null = null
    for (const { dueMs } of this.callers.values()) next = next === null ? dueMs : Math.min(next, dueMs)
    return next
  }

  wake(nowMs: number): void {
    for (const [caller, { dueMs, ifSilent, first }] of [...this.callers]) {
      if (dueMs > nowMs) continue
      const said = first[0] ?? new Uint8Array()
      if (ifSilent === null) this.refuse(caller, 'silent', unclear(said, this.letIn))
      else this.judge(caller, ifSilent, said)
    }
  }

  takeVerdicts(): Verdict[] {
    const { verdicts } = this
    this.verdicts = []
    return verdicts
  }

  /** Who has waited longest gives way. They stand in the order in which they came. */
  private makeRoom(host: string, nowMs: number): void {
    if (this.callers.size < CALLERS_PER_HOST_MAX) return
    const all = [...this.callers]
    const waiting = all.filter(([, { cameAtMs }]) => nowMs - cameAtMs >= FRESH_MS)
    const ofHost = waiting.filter(([, each]) => each.host === host)
    const tooMany = Math.max(waiting.length - CALLERS_MAX, all.length - FRESH_MAX) + 1
    const leaving = new Set(all.slice(0, Math.max(0, tooMany)).map(([caller]) => caller))
    for (const [caller] of ofHost.slice(0, Math.max(0, ofHost.length - CALLERS_PER_HOST_MAX + 1))) leaving.add(caller)
    for (const caller of leaving) {
      this.refuse(caller, 'crowded-out', 'gave way to another caller, having said nothing that tells who it is')
    }
  }

  private judge(caller: number, to: DialectName | 'native', first: Uint8Array): void {
    if (to === 'native' || this.letIn.has(to)) this.admit(caller, to, first)
    else this.refuse(caller, 'dialect-off', notLetIn(to))
  }

  private admit(caller: number, to: DialectName | 'native', first: Uint8Array): void {
    this.callers.delete(caller)
    this.verdicts.push({ caller, to, first })
  }

  private refuse(caller: number, code: string, reason: string): void {
    this.callers.delete(caller)
    this.verdicts.push({ caller, to: null, code, reason })
  }
}
