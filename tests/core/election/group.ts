import { type Rng, seededRng } from '../../../src/base/rng.ts'
import { Bully, type Candidate, outranks } from '../../../src/core/election/bully.ts'
import type { NoteKind } from '../../../src/wire/election.ts'

/** How long a note takes, at least and at most. */
const DELAY_MS = [20, 300] as const
const STEP_MS = 5
/** How often one who follows looks whether his tracker is there. */
const LOOK_EVERY_MS = 1_000

/** One who elects with others. What it follows is known at once to be there or not: how that is found out is tested elsewhere. */
export class Voter implements Candidate {
  readonly key: string
  readonly bully: Bully
  isUp = true
  side = 0
  /** Whom it follows: a voter, `tracker`, or nobody. */
  leader: Voter | 'tracker' | null = 'tracker'
  won = 0

  constructor(
    readonly group: Group,
    readonly index: number,
    readonly port: number,
  ) {
    this.key = index.toString(16).padStart(64, '0')
    this.bully = new Bully(() => this, seededRng(group.rng.u32()))
  }

  get leads(): boolean {
    return this.bully.state === 'leading'
  }

  reaches(other: Voter): boolean {
    return this.isUp && other.isUp && this.side === other.side
  }
}

/** Voters on a network that delays, and can be cut. Virtual time in steps of five milliseconds. */
export class Group {
  nowMs = 0
  readonly rng: Rng
  readonly voters: Voter[]
  /** The tracker is there, for those of this side. */
  trackerSide: number | null = 0
  notes = 0
  private readonly wires: { readonly atMs: number; readonly run: () => void }[] = []

  constructor(seed: number, count: number) {
    this.rng = seededRng(seed)
    this.voters = Array.from({ length: count }, (_, i) => new Voter(this, i, 8_000 + this.rng.below(count)))
  }

  get up(): Voter[] {
    return this.voters.filter((voter) => voter.isUp)
  }

  get leaders(): Voter[] {
    return this.up.filter((voter) => voter.leads)
  }

  highest(of: readonly Voter[] = this.up): Voter {
    return of.reduce((best, voter) => (outranks(voter, best) ? voter : best))
  }

  crash(voter: Voter): void {
    voter.isUp = false
  }

  /** Says something as `from`, whether it is true or not. */
  shout(note: NoteKind, from: Candidate, side = 0): void {
    for (const voter of this.up) {
      if (voter.side !== side || voter.key === from.key) continue
      const [least, most] = DELAY_MS
      const atMs = this.nowMs + least + (most - least) * this.rng.float()
      this.wires.push({ atMs, run: () => this.hears(voter, note, from) })
    }
  }

  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += STEP_MS
      const due = this.wires.filter(({ atMs }) => atMs <= this.nowMs)
      for (const wire of due) {
        this.wires.splice(this.wires.indexOf(wire), 1)
        wire.run()
      }
      for (const voter of this.up) this.turn(voter)
    }
  }

  private turn(voter: Voter): void {
    if (this.nowMs % LOOK_EVERY_MS === 0 && voter.side === this.trackerSide) this.settle(voter, 'tracker')
    if (voter.leader !== null && !this.isThere(voter, voter.leader)) {
      voter.leader = null
      voter.bully.begin(this.voters, this.nowMs)
    }
    voter.bully.wake(this.nowMs)
    this.carryOut(voter)
  }

  private carryOut(voter: Voter): void {
    for (const output of voter.bully.takeOutputs()) {
      if (output.kind === 'say') {
        this.notes++
        this.shout(output.note, voter, voter.side)
      } else if (output.kind === 'won') voter.won++
      else if (output.kind === 'follow') this.follow(voter, output.key)
    }
  }

  private hears(voter: Voter, note: NoteKind, from: Candidate): void {
    const author = this.voters[Number.parseInt(from.key, 16)]
    const isCut = author !== undefined && author.side !== voter.side
    if (!voter.isUp || isCut) return
    voter.bully.heard(note, from, author !== undefined, this.nowMs)
    this.carryOut(voter)
  }

  private follow(voter: Voter, key: string): void {
    const other = this.voters[Number.parseInt(key, 16)]
    const { leader } = voter
    if (leader === 'tracker' || (leader !== null && other !== undefined && !outranks(other, leader))) return
    if (other?.leads === true && voter.reaches(other)) return this.settle(voter, other)
    voter.bully.distrust(key, this.nowMs)
    if (voter.leader === null && voter.bully.state === 'idle') voter.bully.begin(this.voters, this.nowMs)
  }

  private settle(voter: Voter, leader: Voter | 'tracker'): void {
    voter.leader = leader
    voter.bully.settle()
  }

  private isThere(voter: Voter, leader: Voter | 'tracker'): boolean {
    if (leader === 'tracker') return this.trackerSide === voter.side
    return voter.reaches(leader) && leader.leads
  }
}
