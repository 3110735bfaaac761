import type { FileOffer } from '../../wire/file-offer.ts'
import type { Job } from './job.ts'

/** Lists of folders that nobody has asked for yet are kept in memory: so much of one person's, who may be many, and so much of all. */
const EACH_BYTES_MAX = 16 * 1024 * 1024
const ALL_BYTES_MAX = 64 * 1024 * 1024
/** What fetching anything takes. */
const BASE_BYTES = 1024 * 1024
/** Bytes of content for each byte of the maps of its leaves and pieces. */
const CONTENT_BYTES_A_BYTE = 2 ** 18

/** Whether a folder may be listed before anybody is asked about it; else it is when it is accepted. */
export function mayPreview(job: Job, all: readonly Job[]): boolean {
  let [each, total] = [costOf(job.offer), costOf(job.offer)]
  for (const { entry, offer, download, target } of all) {
    if (download === null || target !== null) continue
    total += costOf(offer)
    if (entry.from === job.entry.from) each += costOf(offer)
  }
  return each <= EACH_BYTES_MAX && total <= ALL_BYTES_MAX
}

function costOf({ size, manifestBytes }: FileOffer): number {
  return BASE_BYTES + manifestBytes + size / CONTENT_BYTES_A_BYTE
}
