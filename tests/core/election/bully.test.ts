import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../../src/base/rng.ts'
import {
  Bully,
  type BullyOutput,
  type Candidate,
  COORDINATOR_EVERY_MS,
  COORDINATOR_MS_MAX,
  ELECTION_ANSWER_MS,
  ELECTION_TURN_MS,
  outranks,
  STRANGERS_AWAITED_MAX,
} from '../../../src/core/election/bully.ts'
import { Group, type Voter } from './group.ts'

const one = (key: string, port: number): Candidate => ({ key, port })
const OWN = one('55', 5_000)
const HIGHER = one('66', 6_000)
const LOWER = one('44', 4_000)

/** One candidate, and all that it wants. */
class Stage {
  nowMs = 0
  readonly bully = new Bully(() => OWN, seededRng(1))
  outputs: BullyOutput[] = []

  pass(ms: number): this {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += 5
      this.bully.wake(this.nowMs)
      this.outputs.push(...this.bully.takeOutputs())
    }
    return this
  }

  hear(note: Parameters<Bully['heard']>[0], from: Candidate, isKnown = true): this {
    this.bully.heard(note, from, isKnown, this.nowMs)
    this.outputs.push(...this.bully.takeOutputs())
    return this
  }

  begin(known: readonly Candidate[] = []): this {
    this.bully.begin(known, this.nowMs)
    return this
  }

  take(): string[] {
    const taken = this.outputs.map((output) => (output.kind === 'say' ? output.note : output.kind))
    this.outputs = []
    return taken
  }
}

test('the higher port comes first, and of equal ports the higher id', () => {
  expect(outranks(one('00', 2), one('ff', 1))).toBe(true)
  expect(outranks(one('ff', 1), one('00', 1))).toBe(true)
  expect(outranks(one('00', 1), one('00', 1))).toBe(false)
})

describe('a candidate', () => {
  test('whom nobody answers takes over, says so, and goes on saying so', () => {
    const stage = new Stage().begin([LOWER]).pass(100)
    expect(stage.take()).toEqual(['election'])
    expect(stage.pass(ELECTION_ANSWER_MS).take()).toEqual(['won', 'coordinator'])
    expect(stage.pass(COORDINATOR_EVERY_MS * 3.2).take()).toEqual(['coordinator', 'coordinator', 'coordinator'])
  })

  test('lets those speak first who come before it', () => {
    const stage = new Stage().begin([HIGHER, one('77', 7_000), LOWER])
    expect(stage.pass(2 * ELECTION_TURN_MS - 5).take()).toEqual([])
    expect(stage.pass(100).take()).toEqual(['election'])
  })

  test('waits for a higher one that is there, and begins again when it does not take over', () => {
    const stage = new Stage().begin().pass(100).hear('election', HIGHER)
    stage.take()
    expect(stage.pass(COORDINATOR_MS_MAX - 20).take()).toEqual([])
    expect(stage.pass(300).take()).toEqual(['election'])
    // It is not waited for again.
    expect(stage.hear('alive', HIGHER).pass(ELECTION_ANSWER_MS).take()).toEqual(['won', 'coordinator'])
  })

  test('answers one that is lower, but not each time', () => {
    const stage = new Stage().begin().pass(100)
    stage.take()
    expect(stage.pass(600).hear('election', LOWER).take()).toEqual(['alive'])
    for (let i = 0; i < 50; i++) stage.hear('election', one(`0${i}`, 100 + i))
    expect(stage.take()).toEqual([])
  })

  test('follows a higher coordinator, and goes on against a lower', () => {
    const stage = new Stage().begin().pass(100).hear('coordinator', LOWER)
    expect(stage.take()).toEqual(['election'])
    expect(stage.hear('coordinator', HIGHER).take()).toEqual(['follow'])
    expect(stage.bully.state).toBe('idle')
  })

  test('stops when somebody sees the tracker, but not for ever at one man’s word', () => {
    const stage = new Stage()
    for (let i = 0; i < 3; i++) {
      stage.begin().pass(100).take()
      expect(stage.hear('present', LOWER).take()).toEqual(['calm'])
      expect(stage.bully.state).toBe('idle')
    }
    stage.begin().pass(100).take()
    expect(stage.hear('present', LOWER).pass(ELECTION_ANSWER_MS).take()).toEqual(['won', 'coordinator'])
  })
})

describe('a coordinator', () => {
  const leading = (): Stage => {
    const stage = new Stage().begin().pass(2_000)
    expect(stage.bully.state).toBe('leading')
    stage.take()
    return stage
  }

  test('lets lower ones hear of it, and follows a higher one', () => {
    const stage = leading()
    expect(stage.hear('coordinator', LOWER).take()).toEqual(['coordinator'])
    expect(stage.hear('coordinator', HIGHER).take()).toEqual(['follow'])
    // It stays until that one has answered.
    expect(stage.bully.state).toBe('leading')
    stage.bully.settle()
    expect(stage.pass(60_000).take()).toEqual([])
  })

  test('is not unseated by a call to elect, not even a higher one’s', () => {
    const stage = leading()
    expect(stage.hear('election', HIGHER).take()).toEqual(['coordinator'])
    expect(stage.bully.state).toBe('leading')
  })

  test('a thousand calls a second make it say two things a second', () => {
    const stage = leading()
    for (let i = 0; i < 1_000; i++) {
      stage.hear('election', one(`a${i}`, 7_000), false)
      if (i % 5 === 0) stage.pass(5)
    }
    expect(stage.take().length).toBeLessThanOrEqual(3)
  })
})

describe('strangers', () => {
  test('who claim to be higher and never take over hold an election up a few times and no more', () => {
    const stage = new Stage().begin()
    let tookMs = 0
    for (let i = 0; stage.bully.state !== 'leading' && tookMs < 60_000; i++, tookMs += 50) {
      stage.hear('alive', one(`f${i}`, 65_535), false).pass(50)
    }
    expect(stage.bully.state).toBe('leading')
    expect(tookMs).toBeLessThan((STRANGERS_AWAITED_MAX + 1) * (COORDINATOR_MS_MAX + ELECTION_ANSWER_MS))
  })

  test('who say that they have taken over, or that the tracker is there, no oftener than that', () => {
    for (const note of ['coordinator', 'present'] as const) {
      const stage = new Stage().begin()
      let heldUp = 0
      for (let i = 0; stage.bully.state !== 'leading' && i < 200; i++) {
        stage.hear(note, one(`f${i}`, 65_535), false).pass(50)
        // As one who finds nobody there begins again.
        if (stage.bully.state !== 'idle') continue
        heldUp++
        stage.begin()
      }
      expect(stage.bully.state).toBe('leading')
      expect(heldUp).toBe(STRANGERS_AWAITED_MAX)
    }
  })

  test('and any number of them is remembered in a bounded place', () => {
    const stage = new Stage()
    for (let i = 0; i < 5_000; i++) {
      stage.bully.distrust(`f${i}`, stage.nowMs)
      stage.hear('present', one(`f${i}`, 1), false)
    }
    expect(stage.bully['absent'].size).toBeLessThanOrEqual(64)
    expect(stage.bully['calmedBy'].size).toBeLessThanOrEqual(64)
  })

  test('one who did not answer as coordinator is heard again after two rounds', () => {
    const stage = new Stage()
    stage.bully.distrust(HIGHER.key, 0)
    expect(stage.hear('coordinator', HIGHER).take()).toEqual([])
    expect(
      stage
        .pass(2 * COORDINATOR_EVERY_MS + 5)
        .hear('coordinator', HIGHER)
        .take(),
    ).toEqual(['follow'])
  })
})

/** What must be so within five seconds of any change: of those who reach each other one leads, and the others follow. */
function oneLeads(group: Group, side: number, leader?: Voter): void {
  const here = group.up.filter((voter) => voter.side === side)
  const leads = here.filter((voter) => voter.leads)
  expect(leads.map(({ index }) => index)).toEqual(leader === undefined ? [expect.any(Number)] : [leader.index])
  for (const voter of here) if (voter !== leads[0]) expect(voter.leader).toBe(leads[0]!)
}

describe.each(Array.from({ length: 25 }, (_, i) => i + 1))('twenty nodes, seed %d', (seed) => {
  test('lose their tracker: the highest leads within five seconds', () => {
    const group = new Group(seed, 20)
    group.pass(1_000)
    expect(group.leaders).toEqual([])
    group.trackerSide = null
    group.pass(5_000)
    oneLeads(group, 0, group.highest())
    expect(group.voters.reduce((sum, { won }) => sum + won, 0)).toBe(1)
    // One call, one answer to nobody, one coordinator: not twenty of each.
    expect(group.notes).toBeLessThan(12)
  })

  test('lose it and some of their best at the same moment', () => {
    const group = new Group(seed, 20)
    group.pass(1_000)
    group.trackerSide = null
    for (let i = 0; i < 1 + (seed % 6); i++) group.crash(group.highest())
    group.pass(5_000)
    oneLeads(group, 0, group.highest())
  })

  test('lose one leader after the other', () => {
    const group = new Group(seed, 20)
    group.trackerSide = null
    for (let i = 0; i < 6; i++) {
      group.pass(5_000)
      oneLeads(group, 0, group.highest())
      group.crash(group.highest())
    }
  })

  test('are cut in two, elect in each half, and are one again once the halves meet', () => {
    const group = new Group(seed, 20)
    group.pass(1_000)
    group.trackerSide = null
    for (const voter of group.voters) voter.side = group.rng.below(2)
    group.voters[0]!.side = 0
    group.voters[1]!.side = 1
    group.pass(5_000)
    for (const side of [0, 1]) {
      oneLeads(group, side, group.highest(group.up.filter((voter) => voter.side === side)))
    }
    for (const voter of group.voters) voter.side = 0
    // The coordinators' rhythm, and the way of a note.
    group.pass(COORDINATOR_EVERY_MS * 1.1)
    oneLeads(group, 0, group.highest())
  })

  test('one half keeps the tracker: the other goes back to it when it can', () => {
    const group = new Group(seed, 20)
    for (const voter of group.voters) voter.side = voter.index % 2
    group.pass(5_000)
    oneLeads(group, 1)
    for (const voter of group.voters) voter.side = 0
    group.pass(5_000)
    expect(group.leaders).toEqual([])
    expect(group.voters.every((voter) => voter.leader === 'tracker')).toBe(true)
  })

  test('elect although strangers claim to be anybody', () => {
    const group = new Group(seed, 20)
    group.pass(1_000)
    group.trackerSide = null
    const notes = ['election', 'alive', 'coordinator', 'present'] as const
    for (let i = 0; i < 400; i++) {
      group.shout(notes[group.rng.below(4)]!, one(`f${group.rng.below(10)}`, 60_000))
      group.pass(50)
    }
    group.pass(20_000)
    oneLeads(group, 0)
  })
})
