import type { Address } from '../../base/address.ts'
import { decodeBase32, encodeBase32 } from '../../base/base32.ts'
import { toHex } from '../../base/bytes.ts'
import { normaliseRoom } from '../../base/room-name.ts'
import { pathText } from '../../core/transfer/folder.ts'
import type { CircuitTelling } from '../../node/circuit-outputs.ts'
import type { EventTelling, FilesTelling, PeerTelling } from '../../node/outputs.ts'
import type { Omitted } from '../../ports/files.ts'
import { encodeRemoval, readRemoval } from '../../wire/amendment.ts'
import { type AuthoredKind, EventKind } from '../../wire/event.ts'
import type { Fault, Outcome } from '../chat.ts'
import { badRoom } from '../common-faults.ts'
import type { AppEvent, Person } from '../events.ts'
import type { KeptOffer } from '../history/contract.ts'
import type { People } from '../people.ts'
import type { CircuitPort, RunCircuits } from './circuit-port.ts'
import type { DeskOutcome, FileView, Talk } from './contract.ts'
import type { Desk } from './desk.ts'
import type { FileState, FilesChat, FolderPath } from './files-chat.ts'
import { omittedText } from './omitted.ts'

/** What files need of the chat they are offered in. */
export interface FileSurrounds {
  readonly people: People
  readonly own: Uint8Array
  readonly currentRoom: () => string | null
  readonly speak: (room: string, kind: AuthoredKind, body: Uint8Array) => Promise<Outcome<{ id: string; room: string }>>
  /** `hear` is called with what others offer before it is written that it has come, whether it is told of later or not. */
  readonly offersKept: (hear: (offers: readonly KeptOffer[]) => void) => void
  /** Whether something that was said here before is known to have been taken back. */
  readonly wasDeleted: (id: Uint8Array) => boolean
  /** By key. */
  readonly isIgnored: (key: Uint8Array) => boolean
  /** `room`: an open room's name, or the key of whom a conversation is with. */
  readonly pass: (room: string | Uint8Array, kind: number, body: Uint8Array) => void
  readonly addressOf: (key: string) => Address | null
  readonly circuits: RunCircuits
  readonly emit: (event: AppEvent) => void
}

/** Files whose last state is remembered: twice as many as there are at a time. */
const TOLD_MAX = 1_024

const NOT_HERE: Fault = {
  ok: false,
  code: 'no-files',
  message: 'Files cannot be sent or taken by this program. Start hearsay itself.',
}

export const NO_FILES: FilesChat = {
  list: () => [],
  paths: async () => NOT_HERE,
  send: async () => NOT_HERE,
  sendAll: async () => NOT_HERE,
  accept: async () => NOT_HERE,
  decline: async () => NOT_HERE,
  cancel: async () => NOT_HERE,
}

/** Files as the chat has them: people and rooms by their names, on top of a desk that knows keys and roots. */
export class FileRoom implements FilesChat {
  private readonly told = new Map<string, FileState['state']>()

  constructor(
    private readonly around: FileSurrounds,
    private readonly desk: Desk,
    private readonly circuits: CircuitPort,
  ) {
    around.offersKept((offers) => {
      desk.note(
        offers.map(({ id, from, place, body, atMs }) => ({
          id: toHex(id),
          from: toHex(from),
          room: place,
          body,
          atMs,
        })),
      )
    })
  }

  /** What the desk needs of talk. */
  static talkOf(around: FileSurrounds, ownAddresses: () => readonly Address[]): Talk {
    const own = toHex(around.own)
    const keyOf = (room: string): Uint8Array | null => (room.startsWith('@') ? decodeBase32(room.slice(1)) : null)
    return {
      own,
      ownAddresses,
      async offer(room, body) {
        const said = await around.speak(room, EventKind.file, body)
        return said.ok ? { ok: true, id: said.id } : { ok: false, message: said.message }
      },
      async withdraw(room, id) {
        const said = await around.speak(room, EventKind.remove, encodeRemoval(Uint8Array.fromHex(id)))
        return said.ok ? null : said.message
      },
      isWithdrawn: (id) => around.wasDeleted(Uint8Array.fromHex(id)),
      isIgnored: (key) => around.isIgnored(Uint8Array.fromHex(key)),
      pass: (room, kind, body) => around.pass(keyOf(room) ?? room, kind, body),
      addressesOf(key) {
        const address = around.addressOf(key)
        return address === null ? [] : [address]
      },
      isThere: (key) => around.circuits((circuits) => circuits.isThere(key)),
      mayHave(room, key) {
        const other = keyOf(room)
        return other === null || toHex(other) === key
      },
    }
  }

  /** Something was said: an offer, or that one is taken back, as any message is. */
  said({ id, author, name, room: open, peer, eventKind, body, time }: EventTelling): void {
    const removed = eventKind === EventKind.remove ? readRemoval(body) : null
    if (removed === null && eventKind !== EventKind.file) return
    const room = open ?? `@${encodeBase32(peer!)}`
    if (removed !== null) return this.desk.heardWithdrawal(toHex(removed), toHex(author), room)
    // Whoever said it may be gone: this is where the name is told.
    this.around.people.meet(author, name)
    this.desk.heardOffer(toHex(id), toHex(author), room, body, time.ms)
  }

  passed({ room, author, passingKind, body }: FilesTelling): void {
    this.desk.heardPassing(room ?? `@${encodeBase32(author)}`, toHex(author), passingKind, body)
  }

  /** What the node tells of its neighbours. */
  neighbour({ state, peer }: PeerTelling): void {
    if (state === 'up') this.desk.arrived(toHex(peer))
  }

  /** What the node tells of circuits. */
  circuit(telling: CircuitTelling): void {
    this.circuits.hear(telling)
  }

  list(): readonly FileState[] {
    return this.desk.views.map((view) => this.stateOf(view))
  }

  async paths(file: string): Promise<Outcome<{ file: FileState; paths: readonly FolderPath[] }>> {
    const list = await this.desk.paths(file)
    if (!list.ok) return list
    const paths = list.entries.map((entry) => ({ path: pathText(entry), size: entry.size }))
    return { ok: true, file: this.stateOf(list.view), paths }
  }

  async send(path: string, to: string | null): Promise<Outcome<{ file: FileState }>> {
    const room = this.roomOf(to)
    return typeof room === 'string' ? this.answer(await this.desk.send(path, room)) : room
  }

  async sendAll(paths: readonly string[], to: string | null): Promise<Outcome<{ files: readonly FileState[] }>> {
    const room = this.roomOf(to)
    if (typeof room !== 'string') return room
    const files: FileState[] = []
    for (const outcome of await this.desk.sendAll(paths, room)) {
      if (!outcome.ok) return outcome
      files.push(this.stateOf(outcome.view))
    }
    return { ok: true, files }
  }

  async accept(file: string): Promise<Outcome<{ file: FileState }>> {
    return this.answer(await this.desk.accept(file))
  }

  async decline(file: string): Promise<Outcome<{ file: FileState }>> {
    return this.answer(this.desk.decline(file))
  }

  async cancel(file: string): Promise<Outcome<{ file: FileState }>> {
    return this.answer(await this.desk.cancel(file))
  }

  /** For the desk: every change of a file. */
  tell(view: FileView): void {
    if (view.state === 'listing') return this.unlisted(view)
    const state = this.stateOf(view)
    const before = this.told.get(view.id)
    this.remember(view.id, state.state)
    const isFirst = view.state === 'receiving' && (before === undefined || before === 'offered')
    this.around.emit({ event: 'file', ...state, ...(isFirst ? { state: 'accepted' } : {}) })
  }

  /** A folder is told of once it is known what is in it; where that does not come, it is said once that there is one. */
  private unlisted({ id, number, name, from, reason }: FileView): void {
    if (reason === '' || this.told.has(id) || this.around.isIgnored(Uint8Array.fromHex(from))) return
    this.remember(id, 'offered')
    const message = `${this.person(from).name} offers the folder ${name}, and has not told yet what is in it. You are asked when that comes; /accept ${number} takes it unseen.`
    this.around.emit({ event: 'notice', code: 'folder-unlisted', message })
  }

  private remember(id: string, state: FileState['state']): void {
    this.told.delete(id)
    this.told.set(id, state)
    if (this.told.size > TOLD_MAX) this.told.delete(this.told.keys().next().value!)
  }

  /** Says once, at the start, that offers of earlier runs wait for an answer. */
  recall(): void {
    const count = this.desk.recall()
    if (count === 0) return
    const what = count === 1 ? 'A file that was offered waits' : `${count} files that were offered wait`
    this.around.emit({
      event: 'notice',
      code: 'files-waiting',
      message: `${what} for an answer: /files lists what there is.`,
    })
  }

  /** For the desk: offers that are not listed. */
  leftOut(total: number, most: string, isAll: boolean): void {
    const { name } = this.person(most)
    const who = isAll ? `${name} offers` : `${name} and others offer`
    const what = total === 1 ? `A file that ${who} is` : `${total} files that ${who} are`
    const next = '/accept or /decline what /files lists, or let it come; then ask for the rest to be sent again.'
    const message = `${what} not listed: too many wait already. ${next}`
    this.around.emit({ event: 'notice', code: 'offers-left-out', message })
  }

  /** For the desk: what is not sent of a folder. */
  omitted(name: string, omitted: Omitted): void {
    this.around.emit({ event: 'notice', code: 'parts-left-out', message: omittedText(name, omitted) })
  }

  close(): void {
    this.desk.close()
  }

  private person(key: string): Person {
    const { id, name } = this.around.people.recall(Uint8Array.fromHex(key), '')
    return { id, name }
  }

  private answer(outcome: DeskOutcome): Outcome<{ file: FileState }> {
    return outcome.ok ? { ok: true, file: this.stateOf(outcome.view) } : outcome
  }

  private roomOf(to: string | null): string | Fault {
    const place = to ?? this.around.currentRoom()
    if (place === null) return { ok: false, code: 'no-room', message: 'You are in no room: /join one first.' }
    if (!place.startsWith('@')) {
      return normaliseRoom(place) ?? badRoom(place)
    }
    const found = this.around.people.find(place.slice(1))
    return found.ok ? `@${found.person.id}` : found
  }

  private stateOf(view: FileView): FileState {
    const { id, number, room, name, size, done, bytesPerSecond, leftMs, holders, path, reason, files, listing } = view
    const { trouble, atMs, given, taken, declined } = view
    const from = this.person(view.from)
    const through = view.through.map((key) => this.person(key))
    return {
      ...{ id, number, state: stateName(view), room, from },
      ...{
        self: view.from === toHex(this.around.own),
        name,
        size,
        done,
        bytesPerSecond: Math.round(bytesPerSecond),
        holders,
      },
      ...(leftMs === null ? {} : { left: Math.ceil(leftMs / 1000) }),
      ...(through.length === 0 ? {} : { through: through.map(({ id, name }) => ({ id, name })) }),
      ...(path === '' ? {} : { path }),
      ...(reason === '' ? {} : { reason }),
      ...(trouble === null ? {} : { trouble }),
      ...(atMs === 0 ? {} : { at: atMs }),
      ...(given === 0 ? {} : { given }),
      ...(taken.length === 0 ? {} : { taken: taken.map((key) => this.person(key)) }),
      ...(declined.length === 0 ? {} : { refused: declined.map((key) => this.person(key)) }),
      ...(listing.length === 0 ? {} : { files, listing }),
    }
  }
}

function stateName({ state, reason }: FileView): FileState['state'] {
  switch (state) {
    case 'giving':
      return 'offering'
    case 'listing':
    case 'asked':
      return 'offered'
    case 'receiving':
      return reason === '' ? 'progress' : 'waiting'
    default:
      return state
  }
}
