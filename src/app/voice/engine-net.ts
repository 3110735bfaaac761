import type { Address } from '../../base/address.ts'
import type { Rng } from '../../base/rng.ts'
import { type OpenedDatagram, VoiceIntake } from '../../core/voice/intake.ts'
import { Paths } from '../../core/voice/paths.ts'
import { RelayForwarder, relayedForUs } from '../../core/voice/relay-forwarder.ts'
import type { DatagramSocket } from '../../ports/datagrams.ts'
import { decodeControl, encodeControl, type VoiceControl } from '../../wire/voice-control.ts'
import {
  DIRECT,
  RELAY_HEADER_BYTES,
  RELAYED,
  VOICE_DATAGRAM_BYTES_MAX,
  type VoiceSealer,
  wrapForRelay,
} from '../../wire/voice-datagram.ts'
import type { OwnKeys } from './engine-keys.ts'
import type { HeardStream, Member } from './engine-member.ts'
import { Roster } from './engine-roster.ts'

export interface NetEvents {
  /** An audio stream's datagram opened for the first time; `payload` is valid during the call. False where it makes no sense. */
  heard(opened: OpenedDatagram<HeardStream>, nowMs: number): boolean
  /** Anything else was said to us, which may have changed when the paths are to be woken. */
  told(member: Member, control: VoiceControl, nowMs: number): void
  /** Somebody is heard from another place than before, with the same effect. */
  moved(): void
}

/** A route holds for so long, if the member has one: asking for it costs more than sending. */
const ROUTE_MS = 100
/** Bound to this machine alone, endpoints of this machine are the ones that can be reached. */
const LOOPBACK = /^(127\.|::1$)/

/** Everything between the socket and sound: whose datagram it is, which way one goes, and what is passed on for others. */
export class VoiceNet {
  readonly intake = new VoiceIntake<HeardStream>()
  readonly paths: Paths<Member>
  readonly roster: Roster
  readonly forwarder: RelayForwarder<Member>
  sent = 0
  unsent = 0
  received = 0
  private readonly sealed = new Uint8Array(VOICE_DATAGRAM_BYTES_MAX)
  private readonly wrapped = new Uint8Array(VOICE_DATAGRAM_BYTES_MAX + RELAY_HEADER_BYTES)

  /** `ownTag`: by which others have datagrams passed on to us. */
  constructor(
    private readonly socket: DatagramSocket,
    private readonly ownTag: number,
    { rng, keys }: { readonly rng: Rng; readonly keys: OwnKeys },
    private readonly events: NetEvents,
  ) {
    const say = (member: Member, to: Address, control: VoiceControl): void => {
      this.post(this.seal(member.control, encodeControl(control)), to)
    }
    this.paths = new Paths<Member>(
      {
        probe: (member, to, token) => say(member, to, { kind: 'probe', token }),
        answer: (member, to, token) => say(member, to, { kind: 'answer', token, seenAs: to }),
        reach: (member, to, entries) => say(member, to, { kind: 'reach', entries }),
      },
      rng,
      LOOPBACK.test(socket.local.host),
    )
    this.forwarder = new RelayForwarder(this.paths)
    this.roster = new Roster(this.intake, this.paths, keys)
  }

  receive(datagram: Uint8Array, from: Address, nowMs: number): void {
    this.received++
    if (datagram[0] !== RELAYED) return this.open(datagram, from, nowMs)
    const forUs = relayedForUs(datagram, this.ownTag)
    if (forUs !== null) return this.open(forUs, null, nowMs)
    const to = this.forwarder.pass(datagram, from, nowMs)
    if (to !== null) this.post(datagram, to)
  }

  /** Seals a payload once and sends it to everybody who can be reached, of those who are ahead, or of the others. */
  broadcast(sealer: VoiceSealer, payload: Uint8Array, nowMs: number, ahead: boolean): void {
    let datagram: Uint8Array | null = null
    for (const member of this.roster.members.values()) {
      if (member.isAhead !== ahead) continue
      datagram ??= this.seal(sealer, payload)
      this.send(member, datagram, nowMs)
    }
  }

  /** Over the control stream, by whichever way there is. */
  tell(member: Member, control: VoiceControl, nowMs: number): void {
    this.send(member, this.seal(member.control, encodeControl(control)), nowMs)
  }

  leave(member: Member): void {
    this.roster.leave(member)
    this.forwarder.left(member)
    // Whom they passed things on for needs another way now.
    for (const other of this.roster.members.values()) other.routeMs = Number.NEGATIVE_INFINITY
  }

  private open(datagram: Uint8Array, from: Address | null, nowMs: number): void {
    if (from === null && datagram[0] !== DIRECT) return
    const opened = this.intake.receive(datagram, nowMs)
    if (opened === null) return
    const { member } = opened.owner
    if (from !== null) this.cameFrom(member, from, nowMs)
    if (opened.use === 'audio') {
      if (this.events.heard(opened, nowMs)) this.roster.used(opened.owner, nowMs)
      else this.intake.drop('malformed')
      return
    }
    const control = decodeControl(opened.payload)
    if (control === null) return void this.intake.drop('malformed')
    this.control(member, control, from, nowMs)
    this.events.told(member, control, nowMs)
  }

  private cameFrom(member: Member, from: Address, nowMs: number): void {
    this.paths.heard(member, from, nowMs)
    const { lastFrom } = member
    if (lastFrom !== null && lastFrom.host === from.host && lastFrom.port === from.port) return
    member.lastFrom = from
    this.events.moved()
  }

  /** Probes and their answers prove the way they came by, so one that was passed on proves nothing. */
  private control(member: Member, control: VoiceControl, from: Address | null, nowMs: number): void {
    if (control.kind === 'reach') this.paths.reached(member, control.entries, nowMs)
    else if (control.kind === 'report') member.report = control.report
    else if (control.kind === 'bridged') return
    else if (from === null) this.intake.drop('malformed')
    else if (control.kind === 'probe') this.paths.probed(member, control.token, from, nowMs)
    else if (this.paths.answered(member, control.token, control.seenAs, nowMs))
      member.routeMs = Number.NEGATIVE_INFINITY
  }

  private seal(sealer: VoiceSealer, payload: Uint8Array): Uint8Array {
    return this.sealed.subarray(0, sealer.seal(payload, this.sealed))
  }

  private send(member: Member, datagram: Uint8Array, nowMs: number): void {
    if (nowMs - member.routeMs >= ROUTE_MS) {
      member.route = this.paths.route(member, nowMs)
      member.routeMs = nowMs
    }
    const { route } = member
    if (route === null) return
    if (route.via === null) return this.post(datagram, route.to)
    this.post(this.wrapped.subarray(0, wrapForRelay(member.tag, datagram, this.wrapped)), route.to)
  }

  private post(datagram: Uint8Array, to: Address): void {
    if (this.socket.send(datagram, to)) this.sent++
    else this.unsent++
  }
}
