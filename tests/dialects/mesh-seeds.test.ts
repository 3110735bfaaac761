import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../src/base/rng.ts'
import { MeshMachine } from '../../src/dialects/mesh/machine.ts'
import { MachineWorld } from './machine-world.ts'
import { OriginalMesh } from './mesh-original.ts'

const HERE = '127.0.0.1'
const SEEDS = 80
const SAY_EVERY_MS = 130
/** All have announced themselves by then, and the originals have tried again where they found nobody. */
const SETTLED_AFTER_MS = 10_000
const END_MS = 50_000

type Kind = 'hearsay' | 'original'

interface Person {
  readonly kind: Kind
  readonly port: number
  id: string
  host: ReturnType<MachineWorld['add']>
  machine: MeshMachine | OriginalMesh
  /** Since when this process of it runs. */
  sinceMs: number
  isDead: boolean
}

interface Line {
  readonly text: string
  readonly by: Person
  readonly atMs: number
}

/** A mesh of originals and of hearsays in which some are killed and come again at the same port, mostly under another id, and all talk all the while. */
class Crowd {
  readonly world = new MachineWorld()
  readonly people: Person[] = []
  readonly lines: Line[] = []
  private readonly rng
  private readonly habits

  constructor(seed: number) {
    this.rng = seededRng(seed)
    this.habits = { forgetsBoth: this.below(2) === 0, retries: this.below(2) === 0 }
  }

  below(count: number): number {
    const [a = 0, b = 0] = this.rng.bytes(2)
    return (a * 256 + b) % count
  }

  private process(kind: Kind, port: number, id?: string): Pick<Person, 'id' | 'host' | 'machine'> {
    const { world } = this
    const peerId = id ?? `${String.fromCharCode(97 + this.below(26))}${port}_${this.below(10_000)}`
    const common = { peerId, name: peerId, port, bridge: peerId }
    const machine =
      kind === 'original'
        ? new OriginalMesh(peerId, port, this.habits)
        : new MeshMachine({ ...common, randomBytes: this.rng.bytes, wallMs: world.wallMs })
    const hear = (datagram: Uint8Array, nowMs: number): void => machine.datagram(datagram, HERE, nowMs)
    return { id: peerId, machine, host: world.add(machine, { host: HERE, port }, hear) }
  }

  comes(kind: Kind): void {
    const port = 8_000 + this.people.length
    this.people.push({ kind, port, ...this.process(kind, port), sinceMs: this.world.time.nowMs, isDead: false })
    this.talk(this.below(3_000))
  }

  dies(person: Person): void {
    person.isDead = true
    this.world.kill(person.host)
  }

  comesAgain(person: Person): void {
    const id = this.below(4) === 0 ? person.id : undefined
    Object.assign(person, this.process(person.kind, person.port, id), { sinceMs: this.world.time.nowMs, isDead: false })
  }

  talk(forMs: number): void {
    for (const endMs = this.world.time.nowMs + forMs; this.world.time.nowMs < endMs; ) {
      const by = this.people[this.below(this.people.length)]!
      const text = `${this.lines.length} by ${by.port}`
      if (!by.isDead) {
        this.lines.push({ text, by, atMs: this.world.time.nowMs })
        this.world.say(by.host, { text })
      }
      this.world.time.pass(Math.min(SAY_EVERY_MS, endMs - this.world.time.nowMs))
    }
  }

  /** What somebody was shown by whoever it was at that time. */
  heard({ host, machine }: Person): string[] {
    return machine instanceof OriginalMesh ? machine.shown : this.world.words(host).map(({ text }) => text)
  }

  /** What somebody was shown too often, or not at all that it should have been, of what was said after `settledMs` or by those who never died. */
  wrong(person: Person, died: ReadonlySet<Person>, settledMs: number): string[] {
    const counts = new Map<string, number>()
    for (const text of this.heard(person)) counts.set(text, (counts.get(text) ?? 0) + 1)
    return this.lines.flatMap(({ text, by, atMs }) => {
      const count = counts.get(text) ?? 0
      // What originals do among themselves is theirs.
      if (by === person || (by.kind === 'original' && person.kind === 'original')) return []
      const isDue = atMs >= settledMs || this.isSureToCome(person, by, died, atMs)
      // Hearsays tell by the id what comes twice, of whoever it comes.
      const isTwice = count > 1 && person.kind === 'original'
      return isTwice || (isDue && count === 0) ? [`${text} at ${atMs}: ${count} times`] : []
    })
  }

  /** A hearsay loses nothing toward who was there all the time, since it was there itself. */
  private isSureToCome(person: Person, by: Person, died: ReadonlySet<Person>, atMs: number): boolean {
    return by.kind === 'hearsay' && !died.has(person) && atMs >= by.sinceMs && atMs >= SETTLED_AFTER_MS
  }
}

describe('in a mesh in which some are killed and come again at the same port, nobody is shown anything twice and nothing is lost', () => {
  for (const [who, victims] of [
    ['a hearsay', [0]],
    ['an original', [2]],
    ['two hearsays', [0, 1]],
    ['a hearsay and an original', [1, 2]],
  ] as const) {
    test(`${who}, with ${SEEDS} seeds`, () => {
      const wrong: string[] = []
      for (let seed = 1; seed <= SEEDS; seed++) {
        const crowd = new Crowd(seed)
        for (const kind of ['hearsay', 'hearsay', 'original', 'original', 'original'] as const) crowd.comes(kind)
        crowd.talk(SETTLED_AFTER_MS + crowd.below(10_000))
        const dying = victims.map((victim) => crowd.people[victim]!)
        for (const each of dying) {
          crowd.dies(each)
          crowd.talk(crowd.below(1_000))
        }
        for (const each of dying) {
          crowd.talk(crowd.below(4_000))
          crowd.comesAgain(each)
        }
        const settledMs = crowd.world.time.nowMs + SETTLED_AFTER_MS
        crowd.talk(END_MS - crowd.world.time.nowMs)
        crowd.world.time.pass(SETTLED_AFTER_MS)
        for (const person of crowd.people) {
          const found = crowd.wrong(person, new Set(dying), settledMs)
          if (found.length > 0)
            wrong.push(`seed ${seed}, ${person.kind} ${person.port}: ${found.slice(0, 3).join(', ')}`)
        }
      }
      expect(wrong).toEqual([])
    })
  }
})
