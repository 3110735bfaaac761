import * as v from 'valibot'
import { OFFERS_MAX } from '../../core/transfer/offers.ts'
import { encodeFileOffer, type FileOffer, readFileOffer } from '../../wire/file-offer.ts'
import { readSmallFile, replaceSmallFile } from '../small-file.ts'

/** An offer of somebody's that has not been answered, so that a later run can answer it; or one that waits for its turn or for room. */
export interface PendingOffer {
  /** The offer's event. */
  readonly id: string
  /** By key. */
  readonly from: string
  readonly room: string
  /** When it was made, by the clock of who did: milliseconds since 1970. */
  readonly atMs: number
  readonly offer: FileOffer
  /** It is to be taken without a further word. */
  readonly isAccepted: boolean
  /** It has come, and this was to be told of and decided: it is new to a later run. */
  readonly isUnheard?: boolean
  /** The user did not want it, and who offered it to him alone may not have heard that. */
  readonly isRefused?: boolean
}

export interface Pending {
  load(): PendingOffer[]
  /** False where it could not be written: what was there before is there still. */
  save(offers: readonly PendingOffer[]): boolean
}

/** Of those that nobody has answered the newest: of more, nobody looks through the list. */
const UNANSWERED_MAX = 128
/** Of those that were not wanted the newest: who offered the others has had time to hear it. */
const REFUSED_MAX = 64
const BYTES_MAX = 1024 * 1024

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const FILE = v.array(
  v.object({
    ...{ id: hash, from: hash, room: v.string(), at: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) },
    offer: v.pipe(v.string(), v.regex(/^([0-9a-f]{2})+$/)),
    accepted: v.optional(v.boolean(), false),
    unheard: v.optional(v.boolean(), false),
    refused: v.optional(v.boolean(), false),
  }),
)

/** Unanswered offers in a file of the data folder. One that cannot be read is as good as none; one that cannot be written is told to `log`. */
export function pendingIn(path: string, log: (message: string) => void): Pending {
  let written: string | null = null
  return {
    load() {
      const file = readSmallFile(path, BYTES_MAX)
      if (!file.ok) return []
      try {
        return kept(v.parse(FILE, JSON.parse(new TextDecoder().decode(file.bytes))).flatMap(toOffer))
      } catch {
        log(`${path} cannot be read: what was offered before is not listed any more.`)
        return []
      }
    },
    save(offers) {
      const text = `${JSON.stringify(kept(offers).map(toRow))}\n`
      if (text === written) return true
      const saved = replaceSmallFile(path, text)
      if (saved.ok) written = text
      else log(`${path} cannot be written: ${saved.said}.`)
      return saved.ok
    },
  }
}

/** All that were accepted, as many as a run remembers; of the others the newest. */
function kept(offers: readonly PendingOffer[]): PendingOffer[] {
  const accepted = offers.filter(({ isAccepted }) => isAccepted).slice(-OFFERS_MAX)
  const others = offers.filter(({ isAccepted }) => !isAccepted)
  const unanswered = others.filter(({ isRefused }) => isRefused !== true).slice(-UNANSWERED_MAX)
  const refused = others.filter(({ isRefused }) => isRefused === true).slice(-REFUSED_MAX)
  const all = new Set([...accepted, ...unanswered, ...refused])
  return offers.filter((offer) => all.has(offer))
}

function toOffer({ id, from, room, at, ...row }: v.InferOutput<typeof FILE>[number]): PendingOffer[] {
  const offer = readFileOffer(Uint8Array.fromHex(row.offer))
  const { accepted: isAccepted, unheard: isUnheard, refused: isRefused } = row
  const marks = { ...(isUnheard ? { isUnheard } : {}), ...(isRefused ? { isRefused } : {}) }
  return offer === null ? [] : [{ id, from, room, atMs: at, offer, isAccepted, ...marks }]
}

function toRow({ id, from, room, atMs, offer, isAccepted, isUnheard, isRefused }: PendingOffer) {
  const marks = { accepted: isAccepted, unheard: isUnheard, refused: isRefused }
  const set = Object.fromEntries(Object.entries(marks).filter(([, isSet]) => isSet === true))
  return { id, from, room, at: atMs, ...set, offer: (encodeFileOffer(offer) ?? new Uint8Array()).toHex() }
}
