import { toHex } from '../../base/bytes.ts'
import type { NodeTelling } from '../../node/outputs.ts'
import type { VoicePresenceTelling, VoiceSteering, VoiceTelling } from '../../node/voice-outputs.ts'
import type { Fault, Outcome } from '../chat.ts'
import type { AppEvent, Person, VoiceChange } from '../events.ts'
import {
  type SoundSide,
  type Tuning,
  VOICE_OFF,
  type Voice,
  type VoiceAnswer,
  type VoiceChoices,
  type VoiceDevices,
  type VoicePeer,
  type VoiceView,
} from './contract.ts'
import { AS_IT_COMES, type Namer, peerOf } from './present.ts'
import type { VoiceService } from './service.ts'

export interface VoiceFrontOptions {
  /** What a node has to look at. */
  readonly steering: Pick<VoiceSteering, 'present'>
  readonly people: Namer
  currentRoom(): string | null
  emit(event: AppEvent): void
  /** Brings in everything that voice takes, when it is first wanted. */
  open(): Promise<VoiceService>
}

/** People of whom is remembered whether they are muted: more than can be in voice in all rooms that people join. */
const STATES_MAX = 4_096

/**
 * Voice as long as nobody wants any: it tells who else is in voice, and brings in the rest, which takes time and memory, when it is first wanted.
 */
export class VoiceFront implements Voice {
  private service: VoiceService | null = null
  private opening: Promise<VoiceService> | null = null
  private readonly states = new Map<string, VoiceChange['what']>()

  constructor(private readonly options: VoiceFrontOptions) {}

  view(): VoiceView {
    return this.service?.view() ?? VOICE_OFF
  }

  present(room: string): readonly VoicePeer[] {
    const view = this.view()
    if (view.room === room) return view.peers
    const { steering, people } = this.options
    return steering.present(room).map((each) => peerOf(each, people, AS_IT_COMES))
  }

  /** How many are in voice in a room, oneself included. */
  count(room: string): number {
    const self = this.view().room === room ? 1 : 0
    return this.options.steering.present(room).length + self
  }

  /** Who is in voice in a room, by their ids. */
  stateOf(room: string, ownId: string): ReadonlyMap<string, 'on' | 'muted' | 'deafened'> {
    const states = new Map<string, 'on' | 'muted' | 'deafened'>()
    const note = (id: string, { muted, deafened }: Pick<VoiceView, 'muted' | 'deafened'>): void => {
      states.set(id, deafened ? 'deafened' : muted ? 'muted' : 'on')
    }
    for (const peer of this.present(room)) note(peer.id, peer)
    const view = this.view()
    if (view.room === room) note(ownId, view)
    return states
  }

  /** For everything a node tells of voice. */
  hear(telling: VoiceTelling): void {
    if (telling.kind === 'voice-presence') this.presence(telling)
    else this.service?.room.tell(telling)
  }

  /** A room is left, and its voice with it. To be called before the node is told. */
  leftRoom(room: string): void {
    if (this.service?.room.room === room) this.service.room.leave()
  }

  async close(): Promise<void> {
    const service = this.service ?? (await this.opening)
    await service?.close()
  }

  async join(room: string | null): Promise<Outcome<VoiceAnswer>> {
    const wanted = room ?? this.options.currentRoom()
    if (wanted === null) return fault('no-room', 'You are in no room. /join <room> enters one.')
    if (wanted.startsWith('@')) return fault('not-a-room', 'There is voice in rooms only. /join <room> enters one.')
    return (await this.open()).room.join(wanted)
  }

  async leave(): Promise<Outcome<VoiceAnswer>> {
    return (await this.open()).room.leave()
  }

  async mute(on: boolean | null): Promise<Outcome<VoiceAnswer>> {
    return (await this.open()).room.mute(on)
  }

  async deafen(on: boolean | null): Promise<Outcome<VoiceAnswer>> {
    return (await this.open()).room.deafen(on)
  }

  async press(on: boolean | null): Promise<Outcome<VoiceAnswer>> {
    return (await this.open()).room.press(on)
  }

  async tune(peer: string, tuning: Partial<Tuning>): Promise<Outcome<{ peer: Person } & Tuning>> {
    return (await this.open()).tune(peer, tuning)
  }

  async choices(): Promise<VoiceChoices> {
    return (await this.open()).choices
  }

  async choose(choices: Partial<VoiceChoices>): Promise<Outcome<{ choices: VoiceChoices }>> {
    return (await this.open()).choose(choices)
  }

  async devices(): Promise<Outcome<VoiceDevices>> {
    return (await this.open()).devices()
  }

  async useDevice(side: SoundSide, device: string | null): ReturnType<Voice['useDevice']> {
    return (await this.open()).useDevice(side, device)
  }

  async test(on: boolean | null): ReturnType<Voice['test']> {
    return (await this.open()).testMicrophone(on)
  }

  /** One after the other finds the same, in the order in which they came. */
  private open(): Promise<VoiceService> {
    this.opening ??= this.options.open().then((service) => {
      this.service = service
      return service
    })
    return this.opening
  }

  private presence(telling: VoicePresenceTelling): void {
    const { people, emit } = this.options
    const { room, member, name } = telling
    const what = this.whatOf(telling)
    const person = people.meet(member, name)
    const change = what === null ? null : { what, id: person.id, name: person.name }
    if (this.service?.room.room === room) return this.service.room.changed(change ?? undefined)
    const why = change === null ? {} : { change }
    emit({ event: 'voice', state: 'off', room, peers: this.present(room), deafened: false, talking: false, ...why })
  }

  /** What is new of them; null where nothing that people see is. */
  private whatOf({ room, member, state, muted, deafened, isNew }: VoicePresenceTelling): VoiceChange['what'] | null {
    const key = `${toHex(member)} ${room}`
    const before = this.states.get(key) ?? 'unmuted'
    const now = deafened ? 'deafened' : muted ? 'muted' : 'unmuted'
    this.states.delete(key)
    if (state === 'left') return 'left'
    this.states.set(key, now)
    if (this.states.size > STATES_MAX) this.states.delete(this.states.keys().next().value!)
    if (state === 'joined') return isNew ? 'joined' : 'there'
    return now === before ? null : now
  }
}

export function isOfVoice(telling: NodeTelling): telling is VoiceTelling {
  return telling.kind.startsWith('voice-')
}

function fault(code: string, message: string): Fault {
  return { ok: false, code, message }
}
