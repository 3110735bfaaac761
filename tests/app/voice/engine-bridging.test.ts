import { describe, expect, test } from 'bun:test'
import { encodeSound, readSound, SAMPLES } from '../../../src/dialects/framed/sound.ts'
import type { DatagramSocket } from '../../../src/ports/datagrams.ts'
import { levelAt } from '../../ports/sound-ends.ts'
import { Lab, type Person } from './engine-lab.ts'

const RATE_HZ = 16_000
const ANN_HZ = 1_000
const ANN_ID = 'ann:5001'
/** What of a tone of half the greatest height is heard of somebody else's. */
const NOTHING = 0.02

/** An original: says a tone to everybody it knows of, and keeps what it hears of each. */
class Original {
  readonly heard = new Map<string, number[]>()
  isSpeaking = false
  private socket!: DatagramSocket
  private sequence = 0

  constructor(
    private readonly lab: Lab,
    private readonly targets: Person[],
  ) {}

  async begin(): Promise<this> {
    const bound = await this.lab.network.at('10.2.0.1').bind(
      { host: '10.2.0.1', port: 6_001 },
      {
        received: (datagram) => {
          const sound = readSound(datagram)
          if (sound === null) return
          const samples = this.heard.get(sound.sender) ?? []
          samples.push(...sound.samples)
          this.heard.set(sound.sender, samples)
        },
      },
    )
    if (!bound.ok) throw new Error(bound.message)
    this.socket = bound
    this.tick()
    for (const each of this.targets) this.meets(each)
    return this
  }

  /** How loud a tone is in what one bridge has sent. */
  hears(hz: number, person: Person): number {
    const samples = this.heard.get(idOf(person)) ?? []
    if (samples.length === 0) return 0
    return levelAt(
      (hz * 48_000) / RATE_HZ,
      Float32Array.from(samples.slice(-RATE_HZ), (each) => each / 32_768),
    )
  }

  private meets(person: Person): void {
    const people = [{ id: ANN_ID, name: 'Ann', host: '10.2.0.1', port: 6_001 }]
    person.engine.foreigners({ do: 'foreigners', own: idOf(person), room: 'general', people })
  }

  private tick(): void {
    const { clock } = this.lab
    clock.timer(clock.nowMs() + 20, () => this.tick())
    this.sequence++
    const first = this.sequence * SAMPLES
    const wave = (i: number) => Math.round(16_384 * Math.sin((2 * Math.PI * ANN_HZ * (first + i)) / RATE_HZ))
    const samples = Int16Array.from({ length: SAMPLES }, (_, i) => (this.isSpeaking ? wave(i) : 0))
    const datagram = encodeSound({ room: 'general', sender: ANN_ID, sequence: this.sequence, samples })
    for (const { endpoint } of this.targets) this.socket.send(datagram, endpoint)
  }
}

function idOf(person: Person): string {
  return `${person.host}:5000`
}

/** How loud somebody hears Ann. */
function hearsAnn(person: Person): number {
  return person.hears({ hz: ANN_HZ } as Person)
}

async function setUp() {
  const lab = new Lab()
  const people = await lab.room(3)
  const [one, two, nora] = people as [Person, Person, Person]
  for (const each of people) each.silent()
  const ann = await new Original(lab, [one, two]).begin()
  const [lower, higher] = one.tag < two.tag ? [one, two] : [two, one]
  const listen = (ms: number): void => {
    lab.pass(500)
    for (const each of people) each.forget()
    ann.heard.clear()
    lab.pass(ms)
  }
  return { lab, ann, nora, lower, higher, listen }
}

describe('one of another network, whom two members reach and a third does not', () => {
  test('is heard by all three, once, as loud as it speaks, and named', async () => {
    const { lab, ann, nora, lower, higher, listen } = await setUp()
    ann.isSpeaking = true
    listen(2_000)
    // As loud by whichever way: twice would be twice as loud.
    for (const each of [nora, lower, higher]) expect(hearsAnn(each)).toBeWithin(0.445, 0.56)
    const [ann_] = nora.of('bridged').at(-1)!.people
    expect(ann_).toMatchObject({ name: 'Ann (framed)', through: lower.id })
    expect(nora.speaking).toEqual([ann_!.id])
    expect(lower.of('bridged')).toEqual([])
    expect(nora.about(lower).hearing).toMatchObject({ lost: 0, concealedTicks: 0 })
    await lab.close()
  })

  test('hears the third once, through the same one, and each of the two from itself', async () => {
    const { lab, ann, nora, lower, higher, listen } = await setUp()
    nora.speaks()
    listen(2_000)
    expect(ann.hears(nora.hz, lower)).toBeWithin(0.4, 0.56)
    expect(ann.hears(nora.hz, higher)).toBeLessThan(NOTHING)
    for (const each of [lower, higher]) each.speaks()
    listen(2_000)
    for (const each of [lower, higher]) expect(ann.hears(each.hz, each)).toBeWithin(0.4, 0.56)
    expect(ann.hears(higher.hz, lower)).toBeLessThan(NOTHING)
    expect(ann.hears(lower.hz, higher)).toBeLessThan(NOTHING)
    expect(ann.hears(nora.hz, lower)).toBeGreaterThan(0.3)
    expect(ann.hears(nora.hz, higher)).toBeLessThan(NOTHING)
    await lab.close()
  })

  test('hears the third also where that one has nothing to hear with itself', async () => {
    const { lab, ann, nora, lower, listen } = await setUp()
    lower.sound.unplug('ear')
    nora.speaks()
    await lab.settle(100)
    listen(2_000)
    expect(ann.hears(nora.hz, lower)).toBeWithin(0.4, 0.56)
    await lab.close()
  })

  test('when that one goes the other passes it on, both ways', async () => {
    const { lab, ann, nora, lower, higher, listen } = await setUp()
    ann.isSpeaking = true
    nora.speaks()
    listen(1_000)
    for (const each of [nora, higher]) each.engine.gone(lower.id, false)
    await lab.world.settle(lower.engine.close(), 1_000)
    listen(2_000)
    expect(hearsAnn(nora)).toBeWithin(0.445, 0.56)
    expect(ann.hears(nora.hz, higher)).toBeWithin(0.4, 0.56)
    expect(nora.of('bridged').at(-1)!.people).toMatchObject([{ name: 'Ann (framed)', through: higher.id }])
  })

  test('is as loud as the third wishes, and the second too, each for themselves', async () => {
    const { lab, ann, nora, higher, lower, listen } = await setUp()
    ann.isSpeaking = true
    listen(500)
    const { id } = nora.of('bridged').at(-1)!.people[0]!
    nora.engine.hear({ do: 'hear', id, volumePercent: 50, muted: false })
    higher.engine.hear({ do: 'hear', id: `framed:${ANN_ID}`, volumePercent: 100, muted: true })
    listen(1_000)
    expect(hearsAnn(nora)).toBeWithin(0.22, 0.28)
    expect(hearsAnn(higher)).toBeLessThan(NOTHING)
    expect(hearsAnn(lower)).toBeWithin(0.445, 0.56)
    nora.engine.hear({ do: 'hear', id, volumePercent: 100, muted: true })
    listen(1_000)
    expect(hearsAnn(nora)).toBe(0)
    await lab.close()
  })
})
