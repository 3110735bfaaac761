import type { VoiceIntake } from '../../core/voice/intake.ts'
import type { Paths } from '../../core/voice/paths.ts'
import type { StreamUse } from '../../wire/voice-datagram.ts'
import type { OwnKeys } from './engine-keys.ts'
import { type HeardStream, Member, streamKey } from './engine-member.ts'
import type { VoiceMember, VoiceStream } from './messages.ts'

/** Their key is another: they seal by it some time after they say so, and what comes under the old one is taken for as long. */
const REPLACED_LASTS_MS = 10_000
/** The new one is in use: of the old one there is only what was overtaken. */
const OVERTAKEN_MS = 500
/** Streams of one member that are taken at a time: two who leave one after the other make three. */
const AUDIO_STREAMS_MAX = 4

/** Who is in the voice room, and whose datagrams are taken. */
export class Roster {
  readonly members = new Map<string, Member>()

  constructor(
    private readonly intake: VoiceIntake<HeardStream>,
    private readonly paths: Paths<Member>,
    private readonly keys: OwnKeys,
  ) {}

  /** Takes in what is said of a member, who has the tag that they had before. Null where there is no room. */
  tell(told: VoiceMember, nowMs: number): Member | null {
    const member = this.members.get(told.id) ?? this.join(told, nowMs)
    if (member === null) return null
    this.tellOurs(member, told.ours)
    this.tellControl(member, told.theirs)
    this.tellAudio(member, told.audio, nowMs)
    member.fader.setVolume(told.volumePercent)
    member.fader.setMuted(told.muted)
    const endpoints = JSON.stringify(told.endpoints)
    if (endpoints !== member.told) this.paths.told(member, told.endpoints, nowMs)
    member.told = endpoints
    return member
  }

  leave(member: Member): void {
    this.members.delete(member.id)
    for (const { key } of member.audio) this.intake.remove(key.tag)
    if (member.theirs !== null) this.intake.remove(member.theirs.key.tag)
    this.paths.leave(member)
  }

  /** Something came under that key of theirs: those before it have had their time. */
  used(stream: HeardStream, nowMs: number): void {
    const { audio } = stream.member
    if (audio.length === 1 || audio[0] === stream) return
    for (const each of audio) {
      if (each === stream) return
      each.untilMs = Math.min(each.untilMs, nowMs + OVERTAKEN_MS)
    }
  }

  /** To be called now and then: gives up keys whose time is over. */
  expire(nowMs: number): void {
    for (const member of this.members.values()) {
      if (member.audio.length > 1) this.keepAudio(member, (stream) => stream.untilMs > nowMs)
    }
  }

  private join(told: VoiceMember, nowMs: number): Member | null {
    const member = new Member(told, this.keys.sealer(told.ours, 'control'))
    if (!this.paths.join(member, told.tag, nowMs)) return null
    this.members.set(told.id, member)
    return member
  }

  private tellOurs(member: Member, ours: VoiceStream): void {
    if (member.ours.tag === ours.tag && member.ours.secret === ours.secret) return
    member.ours = ours
    member.control = this.keys.sealer(ours, 'control')
  }

  private tellControl(member: Member, theirs: VoiceStream): void {
    if (member.theirs !== null && isSame(member.theirs, theirs)) return
    if (member.theirs !== null) this.intake.remove(member.theirs.key.tag)
    member.theirs = this.open(member, theirs, 'control')
  }

  private tellAudio(member: Member, told: VoiceStream, nowMs: number): void {
    const newest = member.audio.at(-1)
    if (newest !== undefined && isSame(newest, told)) return
    // A tag names one key: under another one the old stream is over at once.
    this.keepAudio(member, ({ key }) => key.tag !== told.tag)
    for (const stream of member.audio) stream.untilMs = Math.min(stream.untilMs, nowMs + REPLACED_LASTS_MS)
    const stream = this.open(member, told, 'audio')
    if (stream !== null) member.audio.push(stream)
    const tooMany = member.audio.length - AUDIO_STREAMS_MAX
    if (tooMany > 0) this.keepAudio(member, (each) => !member.audio.slice(0, tooMany).includes(each))
  }

  private keepAudio(member: Member, isKept: (stream: HeardStream) => boolean): void {
    for (const stream of member.audio) if (!isKept(stream)) this.intake.remove(stream.key.tag)
    member.audio = member.audio.filter(isKept)
  }

  private open(member: Member, told: VoiceStream, use: StreamUse): HeardStream | null {
    const stream: HeardStream = { member, key: streamKey(told, use), untilMs: Number.POSITIVE_INFINITY }
    return this.intake.add(stream.key, stream) ? stream : null
  }
}

function isSame({ key }: HeardStream, told: VoiceStream): boolean {
  return key.tag === told.tag && key.secret.toHex() === told.secret
}
