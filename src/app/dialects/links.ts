import { type Address, formatAddress, parseAddress } from '../../base/address.ts'
import { bareName, type DialectName, markName } from '../../base/dialects.ts'
import type { DialledTelling } from '../../dialects/outputs.ts'
import type { Fault, Outcome, PeerView } from '../chat.ts'
import { dialectOff, hungUp, TOO_MANY_ADDRESSES } from '../common-faults.ts'
import type { Person } from '../events.ts'
import type { Machines } from './machines.ts'

/** What a connection is made and ended by. */
export interface LinksHost {
  machines(): Machines
  peers(): readonly PeerView[]
  /** Runs something on the machine of a dialect, and carries out what follows from it. */
  run<T>(dialect: 'framed' | 'line', act: (machine: NonNullable<Machines['framed' | 'line']>, nowMs: number) => T): T
}

type Answer = Outcome<{ peer: Person }>

/** Links with those of other protocols that people ask for, and end. */
export class AskedLinks {
  private readonly waiting = new Map<string, ((answer: Answer) => void)[]>()

  constructor(private readonly host: LinksHost) {}

  connect(dialect: DialectName, address: Address): Promise<Answer> {
    if (dialect === 'mesh' || dialect === 'tracker') {
      const message = `Those of ${dialect} are found by themselves: /connect dials framed@HOST:PORT and line@HOST:PORT.`
      return Promise.resolve(fault('not-dialled', message))
    }
    if (this.host.machines()[dialect] === undefined) return Promise.resolve(dialectOff(dialect))
    const key = `${dialect}@${formatAddress(address)}`
    const answer = new Promise<Answer>((resolve) => {
      this.waiting.set(key, [...(this.waiting.get(key) ?? []), resolve])
    })
    const begun = this.host.run(dialect, (machine, nowMs) => machine.connect(address, nowMs))
    if (begun === 'kept') this.settle(key, fault('kept', `${key} is kept dialled already. /peers lists who is there.`))
    if (begun === 'full') this.settle(key, TOO_MANY_ADDRESSES)
    return answer
  }

  disconnect(peer: string): Answer | null {
    const { host } = this
    const [dialect, where] = peer.split('@')
    const address = where === undefined ? null : parseAddress(where)
    if ((dialect === 'framed' || dialect === 'line') && address !== null) {
      if (host.machines()[dialect] === undefined) return dialectOff(dialect)
      const isDone = host.run(dialect, (machine, nowMs) => machine.letGo(address, nowMs))
      this.settle(peer, hungUp(peer))
      return isDone
        ? { ok: true, peer: { id: '', name: peer } }
        : fault('not-connected', `${peer} is not dialled. /peers lists who is there.`)
    }
    const view = host.peers().find(({ id, name, address }) => [id, name, bareName(name), address].includes(peer))
    if (view === undefined || view.dialect === 'native') return null
    if (view.dialect === 'mesh' || view.dialect === 'tracker') {
      return fault(
        'not-dialled',
        `Those of ${view.dialect} come by themselves: without --dialect ${view.dialect} they stay out.`,
      )
    }
    const id = view.id.slice(view.dialect.length + 1)
    host.run(view.dialect, (machine, nowMs) => machine.disconnect(id, nowMs))
    return { ok: true, peer: { id: view.id, name: view.name } }
  }

  /** Something came of an attempt: true where somebody was answered by it. */
  dialled(dialect: DialectName, { address, peer, reason }: DialledTelling): boolean {
    const key = `${dialect}@${formatAddress(address)}`
    const isAwaited = this.waiting.has(key)
    if (peer === null)
      this.settle(key, fault('dial-failed', `${key} ${reason}. It is tried again with growing pauses.`))
    else {
      const id = `${dialect}:${peer.id}`
      this.settle(key, { ok: true, peer: { id, name: strangerName(dialect, peer) } })
    }
    return isAwaited
  }

  private settle(key: string, answer: Answer): void {
    const all = this.waiting.get(key) ?? []
    this.waiting.delete(key)
    for (const resolve of all) resolve(answer)
  }
}

/** A peer as it is shown: never by a name that one of ours could have. Who has told none is called by what it is. */
export function strangerName(
  dialect: DialectName,
  { id, name }: { readonly id: string; readonly name: string },
): string {
  return markName(name !== '' || dialect === 'line' ? name : id, dialect)
}

function fault(code: string, message: string): Fault {
  return { ok: false, code, message }
}
