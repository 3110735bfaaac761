import { type Address, formatAddress } from '../base/address.ts'
import type { DialectName } from '../base/dialects.ts'
import { type Timer, TimerQueue } from '../base/timers.ts'
import { Beginnings } from './beginnings.ts'
import { FLOOD_TOLD_EVERY_MS, Floods } from './flood-note.ts'
import { AGE_TOLD_MS_MAX, type Introduction } from './json.ts'
import type { DialectOutput } from './outputs.ts'
import { LINKS_MAX, type Placed, whoGivesWay } from './places.ts'
import { KeptAddresses, pauseMs, type Wanted } from './redial.ts'

/** What the machines of all dialects share: the time of the input being handled, timers, and where outputs go. */
export class DialectMachine {
  protected nowMs = 0
  private begunAtMs: number | null = null
  private readonly beginnings = new Beginnings()
  private readonly timers = new TimerQueue<() => void>()
  private pending: DialectOutput[] = []
  /** Troubles that were told a moment ago, by their kind, and what has come since. */
  private readonly quiet = new Map<string, { count: number; last: string }>()

  private readonly floods = new Floods(
    (delayMs, run) => void this.after(delayMs, run),
    (message) => this.trouble('dialect-flood', message, true),
  )

  wake(nowMs: number): void {
    this.nowMs = nowMs
    for (let due = this.timers.takeDue(nowMs); due !== null; due = this.timers.takeDue(nowMs)) due()
  }

  nextWakeMs(): number | null {
    return this.timers.nextAtMs()
  }

  takeOutputs(): DialectOutput[] {
    const outputs = this.pending
    if (outputs.length > 0) this.pending = []
    return outputs
  }

  protected emit(output: DialectOutput): void {
    this.pending.push(output)
  }

  protected after(delayMs: number, run: () => void): Timer<() => void> {
    return this.timers.set(this.nowMs + delayMs, run)
  }

  protected cancel(timer: Timer<() => void> | null): void {
    if (timer !== null) this.timers.cancel(timer)
  }

  /** Whoever introduces itself counts from its start. */
  protected begin(nowMs: number): void {
    this.nowMs = nowMs
    this.begunAtMs = nowMs
  }

  /** How we introduce ourselves as a bridge. */
  protected introduction(bridge: string): Introduction {
    const ageMs = Math.floor(this.nowMs - (this.begunAtMs ?? this.nowMs))
    return { bridge, ageMs: Math.min(AGE_TOLD_MS_MAX, Math.max(0, ageMs)) }
  }

  /** Tells of another's introduction, where there is one. True where it had been there before, and has begun again. */
  protected introduced(said: Introduction | null, claimed: Address | null = null): boolean {
    if (said === null) return false
    const sinceMs = this.nowMs - said.ageMs
    this.emit({ kind: 'bridge', id: said.bridge, sinceMs, claimed })
    return this.beginnings.told(said.bridge, sinceMs, this.nowMs)
  }

  protected trouble(code: string, message: string, user = false): void {
    this.emit({ kind: 'trouble', code, message, user })
  }

  /** Something of somebody is dropped who says too much; `mark`: what his name is told with. */
  protected flooded(who: string, mark: DialectName | null): void {
    this.floods.drop(who, mark)
  }

  /**
   * One that others can cause as often as they like: the first of a kind at once, and how many more there were once a minute. `kind`: of these
   * there must be a few only, whatever others send.
   */
  protected troubleAgain(code: string, message: string, kind = code): void {
    const more = this.quiet.get(kind)
    if (more === undefined) {
      this.trouble(code, message)
      return this.hush(code, message, kind)
    }
    more.count++
    more.last = message
  }

  private hush(code: string, last: string, kind: string): void {
    const more = { count: 0, last }
    this.quiet.set(kind, more)
    this.after(FLOOD_TOLD_EVERY_MS, () => {
      this.quiet.delete(kind)
      if (more.count === 0) return
      this.trouble(code, `${more.count} more like it within a minute, the last: ${more.last}`)
      this.hush(code, more.last, kind)
    })
  }
}

/** A connection of a machine that dials addresses it is given. */
export interface DiallingLink extends Placed {
  readonly id: number
}

/** What machines share whose peers are dialled by their address, and dialled again whenever a link ends. */
export abstract class DiallingMachine<L extends DiallingLink> extends DialectMachine {
  abstract readonly dialect: string
  readonly links = new Map<number, L>()
  private readonly dials = new Map<number, Wanted>()
  private readonly kept = new KeptAddresses()
  private nextAttempt = 1

  /** Dials, and goes on trying; `kept`: it is dialled already, `full`: it is one too many. Answered by `dialled`. */
  connect(address: Address, nowMs: number): 'dialling' | 'kept' | 'full' {
    this.nowMs = nowMs
    const wanted = this.kept.add(address)
    if (wanted === null) return 'full'
    if (wanted === 'kept') return 'kept'
    this.dial(wanted)
    return 'dialling'
  }

  /** Hangs up on a peer, by its id, and dials it no more; false where there is none. */
  disconnect(id: string, nowMs: number): boolean {
    this.nowMs = nowMs
    const links = [...this.links.values()].filter((link) => this.idOf(link) === id)
    for (const link of links) this.hangUp(link)
    return links.length > 0
  }

  /** Dials an address no more, and hangs up on who is there; false where it was not dialled. */
  letGo(address: Address, nowMs: number): boolean {
    this.nowMs = nowMs
    if (!this.kept.remove(address)) return false
    const key = formatAddress(address)
    for (const link of this.links.values()) {
      if (link.wanted !== null && formatAddress(link.wanted.address) === key) this.hangUp(link)
    }
    return true
  }

  dialFailed(attempt: number, reason: string, nowMs: number): void {
    this.nowMs = nowMs
    const wanted = this.takeDial(attempt)
    if (wanted !== null) this.retry(wanted, reason)
  }

  /** What its peers are told apart by; null while that is not known. */
  protected abstract idOf(link: L): string | null

  /** Ends a link as its protocol does. */
  protected abstract goodbye(link: L): void

  /** A link is no more, for whatever reason. */
  protected abstract forget(link: L, reason: string): void

  /**
   * Finds a place for a new link, where somebody may have to leave; without one it is hung up on, and dialled again if we had dialled it. One that
   * was let go while it was being dialled is hung up on at once.
   */
  protected admit(id: number, remote: Address, wanted: Wanted | null): boolean {
    if (wanted !== null && !this.kept.has(wanted)) {
      this.emit({ kind: 'hang-up', link: id, abort: true })
      return false
    }
    const leaving = whoGivesWay([...this.links.values()], remote, wanted !== null, this.nowMs)
    if (leaving === 'nobody') return true
    const { dialect } = this
    if (leaving === null) {
      const why = `${LINKS_MAX} ${dialect} peers are enough, and fewer of one host.`
      this.troubleAgain(`${dialect}-full`, `${formatAddress(remote)} was turned away: ${why}`)
      this.emit({ kind: 'hang-up', link: id, abort: true })
      if (wanted !== null) this.retry(wanted, 'found no place here: there are enough peers')
      return false
    }
    const who = `The ${dialect} peer at ${formatAddress(leaving.remote)}`
    this.troubleAgain(`${dialect}-full`, `${who} gave way to another: ${LINKS_MAX} are enough, and fewer of one host.`)
    this.emit({ kind: 'hang-up', link: leaving.id, abort: true })
    this.forget(leaving, 'gave way to another')
    return true
  }

  /** What an attempt was for, which is over with it; null where it was none of ours. */
  protected takeDial(attempt: number | null): Wanted | null {
    const wanted = attempt === null ? undefined : this.dials.get(attempt)
    if (attempt !== null) this.dials.delete(attempt)
    return wanted ?? null
  }

  /** Somebody is there at last. */
  protected reached({ wanted }: L, peer: { readonly id: string; readonly name: string }): void {
    if (wanted === null) return
    wanted.failures = 0
    this.emit({ kind: 'dialled', address: wanted.address, peer, reason: '', isNew: true })
  }

  protected retry(wanted: Wanted, reason: string): void {
    if (!this.kept.has(wanted)) return
    wanted.failures++
    this.emit({ kind: 'dialled', address: wanted.address, peer: null, reason, isNew: wanted.failures === 1 })
    if (wanted.failures === 1) {
      const message = `${this.dialect} ${formatAddress(wanted.address)} ${reason}. It is tried again with growing pauses.`
      this.trouble(`${this.dialect}-dial`, message)
    }
    this.after(pauseMs(wanted.failures - 1), () => {
      if (this.kept.has(wanted)) this.dial(wanted)
    })
  }

  private hangUp(link: L): void {
    if (link.wanted !== null && this.kept.has(link.wanted)) this.kept.remove(link.wanted.address)
    this.goodbye(link)
  }

  private dial(wanted: Wanted): void {
    const attempt = this.nextAttempt++
    this.dials.set(attempt, wanted)
    this.emit({ kind: 'dial', attempt, address: wanted.address })
  }
}
