/** What is done with what is offered, as the user has it. */
export interface AcceptPolicy {
  readonly mode: 'all' | 'ask' | 'none'
  /** Up to so many bytes it is taken without a question: with `ask` those, with `all` those alone. Null: no limit of its own, which is 0 with `ask`. */
  readonly bytesMax: number | null
}

/** `asked`: the user has not answered. `listing`: a folder's manifest is being fetched. `receiving` also while nobody is there who has it. */
export type OfferState =
  | 'listing'
  | 'asked'
  | 'receiving'
  | 'done'
  | 'declined'
  | 'cancelled'
  | 'failed'
  | 'giving'
  | 'withdrawn'

export interface OfferEntry {
  /** A small number, for people to name it by; never used twice in a run. */
  readonly number: number
  /** The offer's event, in hexadecimal. */
  readonly id: string
  /** Who offered it, by key. */
  readonly from: string
  readonly room: string
  readonly root: string
  /** Cleaned. */
  readonly name: string
  readonly size: number
  readonly isFolder: boolean
  state: OfferState
}

export type NewOffer = Omit<OfferEntry, 'number' | 'state'>

/** How many offers are kept in mind. */
export interface OfferLimits {
  /** Remembered at a time: what has ended is forgotten first, then what was never answered, then what waits and nobody has asked for. */
  readonly all: number
  /** Unanswered of one person. */
  readonly unansweredEach: number
  /** Of one person taken, or to be answered, and not here yet: there is room for what others offer. */
  readonly openEach: number
}

export const OFFERS_MAX = 512
/** Of unanswered ones more is nobody's honest wish, and the question would be lost among them. */
export const CHAT_LIMITS: OfferLimits = { all: OFFERS_MAX, unansweredEach: 32, openEach: 384 }
/**
 * A run that receives once takes all that one `hearsay send` gives, be it each file of a large folder by its own path, and nobody looks through a list.
 * Two kilobytes each, and looked through for every one that comes: 16 MB, and a second of work for as many as one person may offer.
 */
export const ONCE_LIMITS: OfferLimits = { all: 8_192, unansweredEach: 4_096, openEach: 4_096 }
/** Received at a time; others wait for their turn. */
export const RECEIVING_MAX = 16

const ENDED: ReadonlySet<OfferState> = new Set(['done', 'declined', 'cancelled', 'failed', 'withdrawn'])
/** Nobody has said whether they are to be taken. */
export const UNANSWERED: ReadonlySet<OfferState> = new Set(['listing', 'asked'])

/** Everything that has been offered to us or by us in this run, and how it stands. Pure and bounded. */
export class Offers {
  private readonly entries = new Map<string, OfferEntry>()
  private nextNumber = 1

  /** `waits`: of one that is received, that nothing of it could be begun, and that the user has not said a word to it. */
  constructor(
    private readonly policy: AcceptPolicy,
    private readonly waits: (id: string) => boolean = () => false,
    private readonly limits = CHAT_LIMITS,
  ) {}

  /** Newest last. */
  get all(): readonly OfferEntry[] {
    return [...this.entries.values()]
  }

  byId(id: string): OfferEntry | null {
    return this.entries.get(id) ?? null
  }

  /** Of one content there may be several. */
  ofRoot(root: string): OfferEntry[] {
    return this.all.filter((entry) => entry.root === root)
  }

  /** One of ours. */
  give(offer: NewOffer): OfferEntry {
    this.makeRoom(offer.from)
    return this.put(offer, 'giving')
  }

  /**
   * One of somebody's that nobody has answered, from before this run or said while we were away: nothing is done without the user. Of too many
   * of one person the oldest is forgotten. Null where it is known already.
   */
  remember(offer: NewOffer): OfferEntry | null {
    if (this.entries.has(offer.id)) return null
    const theirs = this.all.filter((entry) => entry.from === offer.from && UNANSWERED.has(entry.state))
    if (theirs.length >= this.limits.unansweredEach) this.entries.delete(theirs[0]!.id)
    return this.makeRoom(offer.from) ? this.put(offer, 'asked') : null
  }

  /** One of somebody's that the user did not want in an earlier run: only where nothing has to be forgotten for it. Null where it is known already. */
  declined(offer: NewOffer): OfferEntry | null {
    return this.entries.has(offer.id) || this.entries.size >= this.limits.all ? null : this.put(offer, 'declined')
  }

  /** One of somebody's that an earlier run accepted or began: it is answered, however many there are. Null where it is known already, or there is no room. */
  goOn(offer: NewOffer): OfferEntry | null {
    if (this.entries.has(offer.id) || !this.makeRoom(offer.from)) return null
    return this.put(offer, 'receiving')
  }

  /**
   * Somebody's. `take`: without a question; `ask`: the user is to be asked; `pass`: it is listed, and nothing is done. Null where it is known
   * already, or its sender has offered too much that nobody has answered: it is forgotten at once.
   */
  offered(offer: NewOffer): { readonly entry: OfferEntry; readonly what: 'take' | 'ask' | 'pass' } | null {
    if (this.entries.has(offer.id)) return null
    const what = this.decide(offer.size)
    const open = this.all.filter(
      ({ from, state }) => from === offer.from && (state === 'receiving' || UNANSWERED.has(state)),
    )
    const unanswered = open.filter(({ state }) => UNANSWERED.has(state))
    const { unansweredEach, openEach } = this.limits
    if (unanswered.length >= unansweredEach || open.length >= openEach) return null
    if (!this.makeRoom(offer.from)) return null
    const state = what === 'take' ? 'receiving' : what === 'pass' ? 'declined' : offer.isFolder ? 'listing' : 'asked'
    return { entry: this.put(offer, state), what }
  }

  /**
   * By number, the beginning of its id (4 characters or more), or name; the newest of several. `states`: what can be meant, where `isMeant` as well.
   */
  find(text: string, states: readonly OfferState[], isMeant = (_: OfferEntry) => true): OfferEntry | null {
    const fitting = this.all.filter((entry) => states.includes(entry.state)).reverse()
    const wanted = text.trim().replace(/^#/, '')
    if (wanted === '') {
      const meant = fitting.filter(isMeant)
      return meant.length === 1 ? meant[0]! : null
    }
    const byId = wanted.length >= 4 && /^[0-9a-f]+$/.test(wanted)
    // Whether one is meant takes longer to tell.
    const first = (is: (entry: OfferEntry) => boolean) => fitting.find((entry) => is(entry) && isMeant(entry))
    return (
      first(({ number }) => String(number) === wanted) ??
      first(({ id }) => byId && id.startsWith(wanted)) ??
      first(({ name }) => name === wanted) ??
      first(({ name }) => name.toLowerCase() === wanted.toLowerCase()) ??
      null
    )
  }

  set(id: string, state: OfferState): void {
    const entry = this.entries.get(id)
    if (entry !== undefined) entry.state = state
  }

  /** Whether so much is taken without a question. */
  takes(size: number): boolean {
    return this.decide(size) === 'take'
  }

  private decide(size: number): 'take' | 'ask' | 'pass' {
    const { mode, bytesMax } = this.policy
    if (mode === 'none') return 'pass'
    const freely = bytesMax ?? (mode === 'all' ? Number.POSITIVE_INFINITY : -1)
    return size <= freely ? 'take' : 'ask'
  }

  private put(offer: NewOffer, state: OfferState): OfferEntry {
    const entry: OfferEntry = { ...offer, number: this.nextNumber++, state }
    this.entries.set(offer.id, entry)
    return entry
  }

  /** False where nothing can be forgotten: all of it is on its way, or ours. */
  private makeRoom(from: string): boolean {
    if (this.entries.size < this.limits.all) return true
    const oldest = (states: ReadonlySet<OfferState>) => this.all.find((entry) => states.has(entry.state))
    const victim = oldest(ENDED) ?? oldest(UNANSWERED) ?? this.oldestWaiting(from)
    return victim !== undefined && this.entries.delete(victim.id)
  }

  /** Of whoever has most that wait; whoever that is cannot exchange his own: the first that he offered come first. */
  private oldestWaiting(from: string): OfferEntry | undefined {
    const waiting = this.all.filter(
      ({ id, size, state }) => state === 'receiving' && this.takes(size) && this.waits(id),
    )
    const counts = new Map<string, number>()
    for (const { from: each } of waiting) counts.set(each, (counts.get(each) ?? 0) + 1)
    const most = Math.max(0, ...counts.values())
    return (counts.get(from) ?? 0) >= most ? undefined : waiting.find((each) => counts.get(each.from) === most)
  }
}
