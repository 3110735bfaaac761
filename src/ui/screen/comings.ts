import { listed } from './views/format.ts'

/** Between two who come, or go, in one line. */
const CROWD_MS = 60_000
/** More are not named. */
const NAMES_MAX = 8

type State = 'joined' | 'left'

interface Crowd {
  readonly room: string
  readonly state: State
  /** Of the line. */
  readonly id: string
  readonly names: readonly string[]
  readonly count: number
  readonly atMs: number
}

/** Those who come, or go, one soon after the other share a line, while nothing else is told. */
export class Comings {
  private crowd: Crowd | null = null

  /** The line, and whose place it takes: `id` is that of the line before where that goes on. */
  tell(room: string, state: State, name: string, atMs: number, newId: string): { id: string; text: string } {
    const { crowd } = this
    const goesOn = crowd?.room === room && crowd.state === state && atMs - crowd.atMs < CROWD_MS
    const names = goesOn ? [...crowd.names, name].slice(0, NAMES_MAX) : [name]
    const count = goesOn ? crowd.count + 1 : 1
    const id = goesOn ? crowd.id : newId
    this.crowd = { room, state, id, names, count, atMs }
    return { id, text: `${listed(names, count)} ${state}.` }
  }

  /** Something else stands below it. */
  interrupt(): void {
    this.crowd = null
  }
}
