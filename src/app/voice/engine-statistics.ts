import { formatAddress } from '../../base/address.ts'
import type { Encoding } from '../../core/voice/loss-control.ts'
import type { Member } from './engine-member.ts'
import type { VoiceNet } from './engine-net.ts'
import type { MemberStatistics, VoiceStatistics } from './reports.ts'

/** What is counted elsewhere than on the network. */
export interface EngineCounts {
  readonly sealed: number
  readonly sealedBytes: number
  readonly captureGaps: number
  readonly playbackGaps: number
  readonly encoding: Encoding
  readonly cpuPercent: number
}

/** Everything that is counted, for people, and for those who measure. */
export function statisticsOf(net: VoiceNet, counts: EngineCounts, nowMs: number): VoiceStatistics {
  const { encoding, ...rest } = counts
  return {
    members: [...net.roster.members.values()].map((member) => memberStatistics(net, member, nowMs)),
    sent: net.sent,
    unsent: net.unsent,
    received: net.received,
    drops: { ...net.intake.drops },
    passedOn: net.forwarder.passedOn,
    passDrops: { ...net.forwarder.drops },
    ...encoding,
    ...rest,
  }
}

function memberStatistics(net: VoiceNet, member: Member, nowMs: number): MemberStatistics {
  const route = net.paths.route(member, nowMs)
  return {
    id: member.id,
    path: route === null ? 'none' : route.via === null ? 'direct' : 'relayed',
    via: route?.via?.id ?? null,
    endpoint: route === null ? null : formatAddress(route.to),
    rttMs: route !== null && Number.isFinite(route.rttMs) ? route.rttMs : null,
    hearing: hearing(member),
    heard: heard(member),
  }
}

function hearing({ voice }: Member): MemberStatistics['hearing'] {
  if (voice.received === 0) return null
  const { late, played, recovered, concealed } = voice.totals()
  return {
    received: voice.received,
    lost: voice.lost,
    late,
    playedTicks: played,
    recoveredTicks: recovered,
    concealedTicks: concealed,
    lossPercent: voice.lossPercent,
    jitterMs: voice.jitterMs,
    delayMs: voice.playing?.playout.delayMs ?? 0,
    targetMs: voice.playing?.playout.targetMs ?? 0,
  }
}

function heard({ report }: Member): MemberStatistics['heard'] {
  if (report === null) return null
  const { expected, lost, jitterMs, delayMs, concealedTicks } = report
  return { lossPercent: (100 * Math.min(lost, expected)) / Math.max(1, expected), jitterMs, delayMs, concealedTicks }
}
