import { toHex } from '../../src/base/bytes.ts'
import type { NodeTelling } from '../../src/node/outputs.ts'
import type { VoiceMemberTelling, VoiceStreamKey } from '../../src/node/voice-outputs.ts'
import type { SimNode } from './sim-node.ts'
import { Violation } from './witness.ts'

/** What a voice process would know after all that a node has told, which is where the rules of voice-outputs.ts are looked after. */
export class VoiceEar {
  tag = 0
  room: string | null = null
  audio: VoiceStreamKey | null = null
  readonly members = new Map<string, VoiceMemberTelling>()
  /** By every key of ours ever told: no key may be used from its beginning twice. */
  private readonly used = new Set<string>()
  /** Keys of those who are gone: what was recorded under them would be new to whoever takes them again. */
  private readonly dropped = new Set<string>()
  chimes: string[] = []
  keys = 0
  /** How long the last key of ours was told to wait. */
  keyAfterMs = 0

  constructor(readonly name: string) {}

  hear(telling: NodeTelling): void {
    switch (telling.kind) {
      case 'voice-session':
        this.members.clear()
        this.dropped.clear()
        this.tag = telling.tag
        this.room = telling.room
        this.begin(telling.audio)
        this.audio = telling.audio
        return
      case 'voice-key':
        this.keys++
        this.keyAfterMs = telling.afterMs
        this.begin(telling.audio)
        this.audio = telling.audio
        return
      case 'voice-member':
        return this.member(telling)
      case 'voice-gone':
        if (!this.members.delete(toHex(telling.member)))
          this.fail('is told that somebody is gone whom it does not know')
        if (telling.chime) this.chimes.push('leave')
    }
  }

  private member(told: VoiceMemberTelling): void {
    const key = toHex(told.member)
    const known = this.members.get(key)
    if (told.room !== this.room) this.fail('is told of a member of another room')
    if (told.tag === this.tag) this.fail('is told of a member with its own tag')
    for (const [other, { tag }] of this.members) {
      if (other !== key && tag === told.tag) this.fail('is told of two members with one tag')
    }
    for (const { secret } of [told.audio, told.theirs]) {
      if (this.dropped.has(toHex(secret))) this.fail('is told a key again of somebody who was gone')
    }
    if (known === undefined || toHex(known.ours.secret) !== toHex(told.ours.secret)) this.begin(told.ours)
    if (known === undefined && told.isNew) this.chimes.push('join')
    this.members.set(key, told)
  }

  private begin(stream: VoiceStreamKey): void {
    const secret = toHex(stream.secret)
    if (this.used.has(secret)) this.fail('is given a key for the second time')
    this.used.add(secret)
  }

  private fail(what: string): never {
    throw new Violation(`${this.name} ${what}`)
  }
}

/** Somebody's machine with a voice process. */
export interface Talker {
  readonly sim: SimNode
  readonly ear: VoiceEar
}

/** Starts a node that hears, as the program does. */
export function startTalker(sim: SimNode): Talker {
  const ear = new VoiceEar(sim.name)
  sim.start((telling) => ear.hear(telling))
  return { sim, ear }
}

function endpointOf({ sim }: Talker): { host: string; port: number } {
  return { host: sim.host.address, port: 50_000 }
}

export function joinVoice(talker: Talker, room = 'general'): void {
  const fault = talker.sim.driver.run((node, instant) => node.voiceAt(instant).join(room))
  if (fault !== null) throw new Error(`${talker.sim.name} may not join: ${fault}`)
  begun(talker)
}

/** The voice process has begun. */
export function begun(talker: Talker): void {
  talker.sim.driver.run((node, instant) => node.voiceAt(instant).reachable([endpointOf(talker)]))
}

export function leaveVoice({ sim, ear }: Talker): void {
  sim.driver.run((node, instant) => node.voiceAt(instant).leave())
  ear.members.clear()
  ear.room = null
}

/** Why these and nobody else do not all hear each other, with the same keys at both ends; null where they do. */
export function discord(talkers: readonly Talker[]): string | null {
  for (const a of talkers) {
    if (a.ear.members.size !== talkers.length - 1) return `${a.sim.name} has ${a.ear.members.size} members`
    for (const b of talkers) {
      if (a === b) continue
      const [heard, seen] = [a.ear.members.get(b.sim.key), b.ear.members.get(a.sim.key)]
      if (heard === undefined || seen === undefined) return `${a.sim.name} and ${b.sim.name} do not know each other`
      const pairs: [string, VoiceStreamKey, VoiceStreamKey][] = [
        ['audio', heard.audio, b.ear.audio!],
        ['theirs', heard.theirs, seen.ours],
        ['ours', heard.ours, seen.theirs],
      ]
      for (const [what, x, y] of pairs) {
        if (x.tag !== y.tag || toHex(x.secret) !== toHex(y.secret)) return `${what} of ${a.sim.name} and ${b.sim.name}`
      }
      if (heard.tag !== b.ear.tag) return `${a.sim.name} has another tag of ${b.sim.name}`
      if (JSON.stringify(heard.endpoints) !== JSON.stringify([endpointOf(b)])) return `endpoints of ${b.sim.name}`
    }
  }
  return null
}
