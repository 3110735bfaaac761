import * as v from 'valibot'
import { PATH_PEERS_MAX } from '../../core/voice/paths.ts'

/** What the voice process tells the main process: the other half of messages.ts, where its bounds are explained. */

const TEXT_LENGTH_MAX = 1_024
const DEVICES_MAX = 64
const ADDRESSES_MAX = 64
export const BRIDGED_PEOPLE_MAX = 64

const text = v.pipe(v.string(), v.maxLength(TEXT_LENGTH_MAX))
const finite = v.pipe(v.number(), v.finite())
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
/** Milliseconds or percent: nothing here is below zero. */
const amount = v.pipe(finite, v.minValue(0))
const endpoint = v.object({ host: text, port: v.pipe(count, v.minValue(1), v.maxValue(65_535)) })

/** As ports/sound.ts has them. */
const deviceList = v.pipe(v.array(v.object({ id: text, name: text, isDefault: v.boolean() })), v.maxLength(DEVICES_MAX))

/** How we hear somebody: counts since they joined, the rest as of now. */
const hearing = v.object({
  /** Datagrams of theirs that came, and that did not (known a third of a second later). */
  received: count,
  lost: count,
  /** Frames that came after their turn. */
  late: count,
  /** Sound by what it was made of, in ticks of 10 ms: packets, the packet after a lost one, or nothing. */
  playedTicks: count,
  recoveredTicks: count,
  concealedTicks: count,
  /** Of datagrams in the last second in which there were any. */
  lossPercent: amount,
  /** Variation of transit (RFC 3550 section 6.4.1). */
  jitterMs: amount,
  /** From the fastest packet's arrival to the sound card: as it is, and as asked for. */
  delayMs: finite,
  targetMs: amount,
})

/** How they say that they hear us, in their last report. */
const heard = v.object({ lossPercent: amount, jitterMs: amount, delayMs: amount, concealedTicks: count })

const memberStatistics = v.object({
  id: text,
  path: v.picklist(['none', 'direct', 'relayed']),
  /** The member who passes it on. */
  via: v.nullable(text),
  /** Where datagrams for them go, as `host:port`. */
  endpoint: v.nullable(text),
  /** Of the whole way, there and back. */
  rttMs: v.nullable(amount),
  hearing: v.nullable(hearing),
  heard: v.nullable(heard),
})

const drops = v.record(v.pipe(v.string(), v.maxLength(32)), count)

/** Since `begin`, but for what says otherwise. */
const statistics = v.object({
  members: v.pipe(v.array(memberStatistics), v.maxLength(PATH_PEERS_MAX)),
  /** Audio datagrams made, each for all listeners, and their payloads' bytes: what one listener is sent. */
  sealed: count,
  sealedBytes: count,
  /** Datagrams of all kinds that were sent; that the system did not take; that came. */
  sent: count,
  unsent: count,
  received: count,
  /** Of those that came, what was dropped, by reason (core/voice/intake.ts). */
  drops,
  /** Passed on for others, and not, by reason. */
  passedOn: count,
  passDrops: drops,
  captureGaps: count,
  playbackGaps: count,
  /** As of now: what the codec is told. */
  bitrate: amount,
  lossPercent: amount,
  againAge: count,
  /** Of one core, by the whole voice process, in the last second. */
  cpuPercent: amount,
})

/** From the voice process. */
export const reportSchema = v.variant('tell', [
  /** It is there and hears. What it was told before is forgotten: it may be another than the last. */
  v.object({ tell: v.literal('ready') }),
  /** Twice a second, so that one that hangs is noticed. */
  v.object({ tell: v.literal('alive') }),
  v.object({ tell: v.literal('devices'), inputs: deviceList, outputs: deviceList }),
  /** Of the microphone, ten times a second while it is open: decibels of full scale, -127 to 0; gaps in both directions since it was opened. */
  v.object({ tell: v.literal('level'), peakDb: finite, levelDb: finite, gaps: count }),
  /**
   * In words, for people. Codes of ports/sound.ts (voice goes on without, and tries again), of ports/datagrams.ts (`begin` failed), of
   * ports/codec.ts, and `member` where one cannot be taken in.
   */
  v.object({ tell: v.literal('fault'), code: text, message: text }),
  /** The answer to `begin`: this machine's own endpoints, which members may be told. */
  v.object({
    tell: v.literal('begun'),
    room: text,
    port: count,
    local: v.pipe(v.array(endpoint), v.maxLength(ADDRESSES_MAX)),
  }),
  /** Our endpoint as members see it, whenever that changes, and how many say so: what one alone says may be a lie. */
  v.object({
    tell: v.literal('seen'),
    as: v.pipe(v.array(v.object({ host: text, port: count, by: count })), v.maxLength(PATH_PEERS_MAX)),
  }),
  /** Whether there is something to record from and to play on, whenever that changes. */
  v.object({ tell: v.literal('sound'), input: v.boolean(), output: v.boolean() }),
  /** Who speaks, whenever that changes, at most 20 times a second; `self`: whether we are being sent. */
  v.object({
    tell: v.literal('speaking'),
    ids: v.pipe(v.array(text), v.maxLength(PATH_PEERS_MAX)),
    self: v.boolean(),
  }),
  /** Who of another network is passed on by a member, and not reached by us, whenever that changes: ids and names for front ends. */
  v.object({
    tell: v.literal('bridged'),
    people: v.pipe(v.array(v.object({ id: text, name: text, through: text })), v.maxLength(BRIDGED_PEOPLE_MAX)),
  }),
  /** Every second between `begin` and `end`. */
  v.object({ tell: v.literal('statistics'), statistics }),
])

export type VoiceStatistics = v.InferOutput<typeof statistics>
export type MemberStatistics = v.InferOutput<typeof memberStatistics>
