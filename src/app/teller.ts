import { formatAddress } from '../base/address.ts'
import { ByteReader, toHex } from '../base/bytes.ts'
import { bareName, type DialectName, markName } from '../base/dialects.ts'
import { cleanLine, cleanText, decodeUtf8 } from '../base/text.ts'
import type { Place } from '../core/room/timeline.ts'
import type { DialTelling, EventTelling, NodeTelling, PeerTelling, TrackerTelling } from '../node/outputs.ts'
import { EventKind } from '../wire/event.ts'
import { readRelayed } from '../wire/relayed.ts'
import type { AppEvent, MessageEvent, MessageKind, Person } from './events.ts'
import type { People } from './people.ts'

/** Turns what a node tells into what front ends hear: names for keys, clean text for bytes, sentences for codes. */
export class Teller {
  constructor(
    private readonly people: People,
    private readonly emit: (event: AppEvent) => void,
    private readonly log: (code: string, message: string) => void,
  ) {}

  tell(telling: NodeTelling): void {
    switch (telling.kind) {
      case 'event':
        return this.message(telling)
      case 'peer':
        return this.peer(telling)
      case 'dial-result':
        return this.dialResult(telling)
      case 'member': {
        const { room, state, was, hops, through } = telling
        const { id, name } = this.people.meet(telling.member, telling.name)
        const told =
          through === '' || through === toHex(telling.member)
            ? {}
            : { through: this.person(Uint8Array.fromHex(through), '') }
        const former = state === 'renamed' ? { was } : {}
        return this.emit({ event: 'member', room, state, id, name, hops, ...former, ...told })
      }
      case 'delivery': {
        const { id, state, reached, of } = telling
        const room = telling.room ?? `@${this.person(telling.peer!, '').id}`
        return this.emit({ event: 'delivery', id: toHex(id), room, state, reached, of })
      }
      case 'gap':
        return this.emit({
          event: 'gap',
          room: telling.room,
          from: this.person(telling.author, telling.name),
          missing: telling.missing,
        })
      case 'tracker':
        return this.tracker(telling)
      case 'trouble': {
        const message = cleanLine(telling.message)
        this.log(telling.code, message)
        if (telling.user) this.emit({ event: 'notice', code: telling.code, message })
      }
    }
  }

  /** Why an address could not be reached and what happens next, as one sentence. */
  dialSentence(result: DialTelling): string {
    const where = formatAddress(result.address)
    const next =
      result.retryMs === null
        ? 'It is not tried again.'
        : 'It is tried again with growing pauses; /disconnect it to stop.'
    return cleanLine(`${where} ${result.reason}. ${next}`)
  }

  private dialResult(result: DialTelling): void {
    // Who hung up knows.
    if (result.peer !== null || result.code === 'hung-up') return
    const message = this.dialSentence(result)
    this.log('dial-failed', message)
    // The first failure is news; that it goes on failing is not.
    if (result.failures === 1 || result.retryMs === null) {
      this.emit({ event: 'error', code: `connect-${result.code}`, message })
    }
  }

  private message(telling: EventTelling): void {
    const room = telling.room ?? `@${this.person(telling.peer!, '').id}`
    const event = messageEvent(telling, room, this.person(telling.author, telling.name))
    if (event === null) this.log('broken-text', `Event ${toHex(telling.id)} is not UTF-8; it is not shown.`)
    else this.emit(event)
  }

  private peer(telling: PeerTelling): void {
    const { id, name } = this.people.meet(telling.peer, telling.name)
    const address = formatAddress(telling.remote)
    const { state, via, dialled } = telling
    const reason = state === 'down' ? { reason: cleanLine(telling.reason) } : {}
    this.log('peer', `${name} at ${address} is ${state}${state === 'down' ? `: ${reason.reason}` : ''}`)
    this.emit({ event: 'peer', state, id, name, address, via, dialled, dialect: 'native', verified: true, ...reason })
  }

  private tracker({ state, given, address, peer, name, office }: TrackerTelling): void {
    const where = formatAddress(address)
    this.log('tracker', `${state} ${where}${office === null ? '' : ` (${office})`}, for ${formatAddress(given)}`)
    const by = peer === null ? {} : { by: this.person(peer, name) }
    const elected = office === 'elected' ? { elected: true } : {}
    this.emit({ event: 'tracker', state, address: where, given: formatAddress(given), ...by, ...elected })
  }

  private person(id: Uint8Array, name: string): Person {
    const known = this.people.meet(id, name)
    return { id: known.id, name: known.name }
  }
}

/** What was said, as front ends hear it; null where it is not UTF-8. */
export function messageEvent(telling: EventTelling, room: string, from: Person): MessageEvent | null {
  const said = telling.eventKind === EventKind.relayed ? relayedWords(telling.body) : plainWords(telling, from)
  if (said === null) return null
  const { text } = said
  return {
    event: 'message',
    id: toHex(telling.id),
    room,
    from: said.from,
    text: cleanText(text),
    at: telling.time.ms,
    self: telling.self && said.relayed === null,
    kind: kindName(said.kind),
    hops: telling.hops,
    order: orderOf(telling),
    ...(telling.backlog ? { backlog: true } : {}),
    ...(telling.forked === true ? { forked: true } : {}),
    ...(said.relayed === null ? {} : { relayed: said.relayed }),
  }
}

interface SaidWords {
  readonly kind: number
  readonly from: Person
  readonly text: string
  readonly relayed: DialectName | null
}

function plainWords({ eventKind, body }: EventTelling, from: Person): SaidWords | null {
  const text = decodeUtf8(body)
  return text === null ? null : { kind: eventKind, from, text, relayed: null }
}

function relayedWords(body: Uint8Array): SaidWords | null {
  const relayed = readRelayed(new ByteReader(body))
  if (relayed === null) return null
  const { kind, text, dialect } = relayed
  const name = markName(relayed.name, dialect)
  return { kind, from: { id: `${dialect}:${bareName(name)}`, name }, text, relayed: dialect }
}

/** A place in the room's order, so that comparing strings compares places. */
export function orderOf({ time, author, number }: Pick<Place, 'time' | 'author' | 'number'>): string {
  return `${hex(time.ms, 12)}${hex(time.counter, 4)}${toHex(author)}${hex(number, 12)}`
}

export function kindName(kind: number): MessageKind {
  if (kind === EventKind.action || kind === EventKind.file) return 'action'
  return kind === EventKind.notice ? 'notice' : 'text'
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
