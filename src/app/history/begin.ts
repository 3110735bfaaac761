import type { Clock } from '../../ports/clock.ts'
import type { NoticeEvent } from '../events.ts'
import type { Settings } from '../settings.ts'
import { MEMORY_BUNDLE_BYTES_MAX, type OpenedHistory, openHistory } from './open.ts'
import type { Kept } from './remembering.ts'
import { Retention } from './retention.ts'
import { History } from './service.ts'

const DAY_MS = 24 * 60 * 60_000
const MEGABYTE = 1_000_000

export interface HistoryStart {
  readonly settings: Pick<Settings, 'ephemeral' | 'dataFolder' | 'historyDays' | 'historyMegabytes'>
  readonly clock: Clock
  /** Our identity. */
  readonly own: Uint8Array
  /** The identity is the same at the next start: only then is anything kept for it. */
  readonly isLasting: boolean
  readonly conversationWith: Kept['conversationWith']
  readonly reach?: Kept['reach']
  readonly tell: (event: 'error' | 'notice', code: string, message: string) => void
}

export interface BegunHistory {
  readonly history: History
  readonly kept: Kept
  /** What the user should know at the start, or null. */
  readonly notice: NoticeEvent | null
}

/** The history of a run: the one of the data folder, or one in memory for who wants or can have no other. */
export function beginHistory(start: HistoryStart): BegunHistory {
  const { settings, clock, own, isLasting, conversationWith, tell } = start
  let history: History | null = null
  const folder = settings.ephemeral || !isLasting || settings.dataFolder === '' ? null : settings.dataFolder
  const opened = openHistory(folder, (fault) => history?.faulty(fault))
  const { store, ownFeeds, reopen } = opened
  history = new History({ store, clock, own, ownFeeds, reopen, tell })
  const retention = new Retention(history, clock, {
    ageMsMax: settings.historyDays === null ? null : settings.historyDays * DAY_MS,
    bytesMax: settings.historyMegabytes === null ? null : settings.historyMegabytes * MEGABYTE,
    totalBytesMax: opened.isLasting ? null : MEMORY_BUNDLE_BYTES_MAX,
  })
  retention.begin()
  const reach = start.reach === undefined ? {} : { reach: start.reach }
  const kept = { history, conversationWith, ...reach, ended: () => retention.stop() }
  return { history, kept, notice: noticeOf(opened) }
}

function noticeOf({ notice }: OpenedHistory): NoticeEvent | null {
  return notice === null ? null : { event: 'notice', ...notice }
}
