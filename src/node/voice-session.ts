import type { Address } from '../base/address.ts'
import { type AgreementKey, agreementKeyFromSecret } from '../crypto/agree.ts'
import { NUMBERED_SECRET_BYTES } from '../crypto/numbered.ts'
import { grantsThatFit, LACKS_MAX, type VoiceHere, type VoiceLack } from '../wire/voice-signal.ts'
import { audioStream, sealEndpoints, sessionTag, VoicePair, type VoiceStream } from '../wire/voice-signal-keys.ts'
import type { NodeContext } from './context.ts'
import type { Room } from './room-state.ts'
import type { VoiceMemberTelling } from './voice-outputs.ts'
import { type KeyFloor, NO_FLOOR, Partner } from './voice-partner.ts'
import type { InVoice } from './voice-roster.ts'

const SESSION_SECRET_BYTES = 32
/** Sessions whose keys are remembered not to be taken again: those given up within any time that matters. */
const FLOORS_MAX = 512
/** How long somebody's keys may take to come by themselves, and longer in a full room, where many answer at once. */
const GRACE_MS = 1_500
const GRACE_MS_PER_PARTNER = 20

/** What a session says beside its keys. */
export interface SaidState {
  readonly muted: boolean
  readonly deafened: boolean
  readonly ageTenths: number
}

/** Our part in the voice of one room, for as long as one voice process lasts: its keys, and those with whom it has them. */
export class VoiceSession {
  readonly tag: number
  audio: VoiceStream
  /** Who has gone had the key that is in use. */
  isKeySpoilt = false
  readonly partners = new Map<string, Partner>()
  private readonly key: AgreementKey
  private readonly byTag = new Map<number, Partner>()
  private readonly floors = new Map<string, KeyFloor>()
  private generation = 1
  private admissions = 0
  private endpoints: readonly Address[] | null = null
  private revision = 0
  private sealed: { readonly of: string; readonly bytes: Uint8Array } | null = null

  constructor(
    private readonly context: NodeContext,
    readonly room: Room,
  ) {
    this.key = agreementKeyFromSecret(context.randomBytes(SESSION_SECRET_BYTES))
    this.tag = sessionTag(room.id, this.author, this.key.publicKey)
    this.audio = this.drawAudio()
  }

  /** It is known where we can be reached: others may hear of us. */
  get isReady(): boolean {
    return this.endpoints !== null
  }

  /** False where nothing has changed. */
  reachable(endpoints: readonly Address[]): boolean {
    if (this.endpoints !== null && JSON.stringify(endpoints) === JSON.stringify(this.endpoints)) return false
    if (this.endpoints !== null) this.revision++
    this.endpoints = endpoints
    return true
  }

  /** How long keys may take to come of themselves. */
  get graceMs(): number {
    return GRACE_MS + GRACE_MS_PER_PARTNER * this.partners.size
  }

  /** Takes them for a member; null where there can be no keys, or somebody else has the tag. */
  admit(who: InVoice): Partner | null {
    const known = this.partners.get(who.key)
    if (known !== undefined) return known
    if (who.tag === this.tag || this.byTag.has(who.tag)) return null
    const own = { author: this.author, session: this.key.publicKey }
    const pair = VoicePair.agree(this.key, this.room.id, own, { author: who.id, session: who.session })
    if (pair === null) return null
    const partner = new Partner(who, pair, ++this.admissions, this.floors.get(who.session.toHex()) ?? NO_FLOOR)
    this.partners.set(who.key, partner)
    this.byTag.set(partner.tag, partner)
    return partner
  }

  /** They are gone, or their session is. Answers whether the voice process knows them. */
  drop(key: string): boolean {
    const partner = this.partners.get(key)
    if (partner === undefined) return false
    this.partners.delete(key)
    this.byTag.delete(partner.tag)
    if (partner.has(this.generation)) this.isKeySpoilt = true
    this.floors.delete(partner.session)
    if (this.floors.size >= FLOORS_MAX) this.floors.delete(this.floors.keys().next().value!)
    this.floors.set(partner.session, partner.floorAfter())
    return partner.isTold
  }

  /** Takes in what a partner says; `isNewest`: and nothing newer has come before. */
  heard(partner: Partner, here: VoiceHere, isNewest: boolean): void {
    partner.hear(here, this.tag, this.graceMs, this.context.nowMs)
    const lack = isNewest ? here.lacks.find(({ tag }) => tag === this.tag) : undefined
    if (lack === undefined || !partner.asked(lack, this.generation, this.context.nowMs)) return
    partner.readmit(++this.admissions)
    this.isKeySpoilt = true
  }

  /** Somebody takes what is sealed by the key in use. */
  get isHeardByOthers(): boolean {
    return [...this.partners.values()].some((partner) => partner.listensUnder(this.generation))
  }

  /** A new key, which nobody has yet. */
  rekey(): void {
    this.generation++
    this.audio = this.drawAudio()
    this.isKeySpoilt = false
  }

  /** Those who lack our key. */
  owed(): Partner[] {
    return [...this.partners.values()].filter((partner) => partner.isOwed(this.generation))
  }

  /** Whose keys to ask for, with what is said now. */
  lacks(): VoiceLack[] {
    const lacking = [...this.partners.values()].filter((partner) => partner.isLacking)
    // Who never answers comes last.
    lacking.sort((a, b) => a.askAtMs - b.askAtMs)
    const lacks: VoiceLack[] = []
    for (const partner of lacking) {
      const lack = lacks.length < LACKS_MAX ? partner.ask(this.context.nowMs) : null
      if (lack !== null) lacks.push(lack)
    }
    return lacks
  }

  /** When somebody is to be asked for keys; infinite: nobody. */
  askAtMs(): number {
    let atMs = Number.POSITIVE_INFINITY
    for (const partner of this.partners.values()) atMs = Math.min(atMs, partner.askAtMs)
    return atMs
  }

  /** What to say, with grants for as many of `partners` as fit, from the first; and how many that are. */
  compose(
    { muted, deafened, ageTenths }: SaidState,
    lacks: readonly VoiceLack[],
    partners: readonly Partner[],
  ): { readonly here: VoiceHere; readonly count: number } {
    const { generation, revision, key } = this
    const state = { session: key.publicKey, muted, deafened, ageTenths, generation, revision }
    const here: VoiceHere = { kind: 'here', ...state, endpoints: this.sealedEndpoints(), lacks, grants: [] }
    const count = grantsThatFit(
      here,
      partners.map(({ admission }) => admission),
    )
    const grants = partners.slice(0, count).map((partner) => partner.grant(generation, this.audio.secret))
    return { here: { ...here, grants }, count }
  }

  granted(partners: readonly Partner[], nowMs: number): void {
    for (const partner of partners) partner.wasGranted(this.generation, this.graceMs, nowMs)
  }

  /** What to tell of a partner, if there is anything new. `isNew`: they came after us. */
  telling(partner: Partner, isNew: boolean): VoiceMemberTelling | null {
    return partner.telling(this.room.name ?? '', isNew)
  }

  private get author(): Uint8Array {
    return this.context.identity.signing.publicKey
  }

  private drawAudio(): VoiceStream {
    return audioStream(this.author, this.context.randomBytes(NUMBERED_SECRET_BYTES))
  }

  private sealedEndpoints(): Uint8Array {
    const of = `${this.generation} ${this.revision}`
    if (this.sealed?.of !== of) {
      this.sealed = { of, bytes: sealEndpoints(this.audio.secret, this.revision, this.endpoints ?? []) }
    }
    return this.sealed.bytes
  }
}
