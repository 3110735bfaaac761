import type { Address } from '../../base/address.ts'
import { markName } from '../../base/dialects.ts'
import { parseIp } from '../../base/ip.ts'
import { normaliseRoom } from '../../base/room-name.ts'
import type { VoiceEars } from '../../dialects/framed/machine.ts'
import { LINKS_MAX } from '../../dialects/places.ts'
import type { Clock } from '../../ports/clock.ts'
import { BRIDGED_MAX } from '../../wire/voice-bridged.ts'
import type { Person } from '../events.ts'
import type { ForeignSpeaker, ForeignVoice } from '../voice/foreign.ts'

/** What the voice process mixes at a time; of those beyond nothing is heard: each is a decoder's work and a frame sent every 20 ms. */
const SPEAKERS_MAX = 32
/** Whom we pass on to others of our own kind: as many as one datagram tells them of. */
const PASSED_MAX = BRIDGED_MAX
/**
 * How long somebody stays whom no link tells of any more: they say that they are there only once, and whoever passed that on may have lost its link
 * for a moment, or been started again.
 */
const ORPHAN_MS = 120_000
/** What the voice process is told of them has this bound. */
const ID_CHARS_MAX = 64

interface Speaker extends ForeignSpeaker {
  readonly room: string
  /** One of ours puts it there, who may be heard without it. */
  readonly bridge: string | null
  /** Those that have told of it, the first of them first. */
  readonly links: Set<number>
  /** Where there are none: with whom the last one was, and until when that one may come again. */
  orphan: { readonly of: string; readonly untilMs: number } | null
}

export interface FramedVoiceOptions {
  readonly clock: Pick<Clock, 'nowMs' | 'timer'>
  /** What we are called there: `HOST:PORT` of our listener. */
  own(): string
  /** Tells the network that we are in voice, and where we hear; null: no longer. */
  tell(room: string, udpPort: number | null): void
  /** Whether a bridge, by its id, is in our rooms: then its user is heard as one of ours. */
  isOurs(bridge: string): boolean
  /** Somebody is not heard, or not by everybody. */
  crowded(message: string): void
}

/** Who is in voice among the originals of the framed network, and that we are. */
export class FramedPresence implements VoiceEars, ForeignVoice {
  private readonly speakers = new Map<string, Speaker>()
  /** With whom our links there are. */
  private readonly neighbours = new Map<number, string>()
  private cancelTimer: (() => void) | null = null
  /** What has been told of there being too many. */
  private readonly crowd = new Set<string>()
  private changed: Parameters<ForeignVoice['watch']>[0] = () => {}
  private here: { readonly room: string; readonly port: number } | null = null

  constructor(private readonly options: FramedVoiceOptions) {}

  get own(): string {
    return this.options.own()
  }

  joined(there: string, name: string, room: string, udp: Address, bridge: string | null, link: number): void {
    const folded = normaliseRoom(room)
    // A name would have to be looked up, by whoever a stranger names.
    if (folded === null || there === '' || there.length > ID_CHARS_MAX || parseIp(udp.host) === null) return
    const isNew = !this.speakers.has(there)
    if (isNew && this.speakers.size >= SPEAKERS_MAX && !this.makeRoom(link)) {
      return this.tellCrowd('heard', SPEAKERS_MAX)
    }
    const before = this.speakers.get(there)
    if (before !== undefined && before.room !== folded) this.left(there, null)
    const marked = markName(name === '' ? there : name, 'framed')
    const { host, port } = udp
    const speaker = {
      id: `framed:${there}`,
      name: marked,
      there,
      host,
      port,
      room: folded,
      bridge,
      links: new Set([link]),
      orphan: null,
    }
    this.speakers.set(there, speaker)
    if (isNew && this.present(folded).length > PASSED_MAX) this.tellCrowd('passed on', PASSED_MAX)
    if (!this.isOurs(speaker)) this.changed(folded, { what: 'joined', person: personOf(speaker) })
  }

  left(there: string, room: string | null): void {
    const speaker = this.speakers.get(there)
    if (speaker === undefined || (room !== null && normaliseRoom(room) !== speaker.room)) return
    this.speakers.delete(there)
    if (this.speakers.size <= PASSED_MAX) this.crowd.clear()
    if (!this.isOurs(speaker)) this.changed(speaker.room, { what: 'left', person: personOf(speaker) })
  }

  toldToo(there: string, link: number): void {
    const speaker = this.speakers.get(there)
    if (speaker !== undefined) comesBy(speaker, link)
  }

  linkBegan(link: number, neighbour: string): void {
    this.neighbours.set(link, neighbour)
    for (const speaker of this.speakers.values()) if (speaker.orphan?.of === neighbour) comesBy(speaker, link)
  }

  linkEnded(link: number): void {
    const neighbour = this.neighbours.get(link) ?? ''
    this.neighbours.delete(link)
    const [heir] = [...this.neighbours].find(([, each]) => each === neighbour) ?? []
    const untilMs = this.options.clock.nowMs() + ORPHAN_MS
    for (const speaker of this.speakers.values()) {
      if (!speaker.links.delete(link) || speaker.links.size > 0) continue
      if (heir !== undefined) comesBy(speaker, heir)
      else speaker.orphan = { of: neighbour, untilMs }
    }
    this.planExpiry()
  }

  stop(): void {
    this.cancelTimer?.()
  }

  calledAnew(): void {
    if (this.here !== null) this.changed(this.here.room, null)
  }

  entered(room: string | null, port: number): void {
    const before = this.here
    this.here = room === null ? null : { room, port }
    if (before !== null && before.room !== room) this.options.tell(before.room, null)
    this.again()
  }

  /** Says once more that we are there, to somebody who may not have heard it. */
  again(): void {
    if (this.here !== null) this.options.tell(this.here.room, this.here.port)
  }

  present(room: string): readonly ForeignSpeaker[] {
    return [...this.speakers.values()].filter((each) => each.room === room && !this.isOurs(each))
  }

  watch(changed: Parameters<ForeignVoice['watch']>[0]): void {
    this.changed = changed
  }

  /** Whom no link tells of leaves first; then of the link that has most of them whoever came last, for one of a link that has fewer. */
  private makeRoom(link: number): boolean {
    const all = [...this.speakers.values()]
    const orphan = all.find((each) => each.orphan !== null)
    if (orphan !== undefined) {
      this.left(orphan.there, null)
      return true
    }
    const crowds = Map.groupBy(all, ({ links }) => [...links][0])
    const own = crowds.get(link)?.length ?? 0
    const [crowd = []] = [...crowds.values()].sort((a, b) => b.length - a.length)
    if (crowd.length <= own + 1) return false
    this.left(crowd.at(-1)!.there, null)
    return true
  }

  private planExpiry(): void {
    this.cancelTimer?.()
    const untilMs = [...this.speakers.values()].flatMap(({ orphan }) => (orphan === null ? [] : [orphan.untilMs]))
    this.cancelTimer =
      untilMs.length === 0 ? null : this.options.clock.timer(Math.min(...untilMs), () => this.dropOrphans())
  }

  private dropOrphans(): void {
    const nowMs = this.options.clock.nowMs()
    for (const { there, orphan } of [...this.speakers.values()]) {
      if (orphan !== null && orphan.untilMs <= nowMs) this.left(there, null)
    }
    this.planExpiry()
  }

  /** Once for as long as it lasts. */
  private tellCrowd(fate: 'heard' | 'passed on', most: number): void {
    if (this.crowd.has(fate)) return
    this.crowd.add(fate)
    const what =
      fate === 'heard'
        ? `Of the framed network ${most} people can be in voice here at a time: whoever else joins there is not heard.`
        : `More than ${most} people of the framed network are in voice: you hear them all, others of this room only the first ${most}.`
    this.options.crowded(what)
  }

  private isOurs({ bridge }: Speaker): boolean {
    return bridge !== null && this.options.isOurs(bridge)
  }
}

function comesBy(speaker: Speaker, link: number): void {
  speaker.orphan = null
  if (speaker.links.size < LINKS_MAX) speaker.links.add(link)
}

function personOf({ id, name }: Speaker): Person {
  return { id, name }
}
