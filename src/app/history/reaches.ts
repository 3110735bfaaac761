import { toHex } from '../../base/bytes.ts'
import type { NoteReach, Reached } from '../../ports/store.ts'

/** Messages whose figures wait for a commit. Those of a message change a few times; beyond this the oldest go, and are learnt anew. */
const WAITING_MAX = 4_096

/** How far messages of ours have come, until that is written down with something else. */
export class Reaches {
  private readonly waiting = new Map<string, NoteReach>()

  get isEmpty(): boolean {
    return this.waiting.size === 0
  }

  note(id: Uint8Array, { reached, members }: Reached): void {
    const key = toHex(id)
    const known = this.waiting.get(key)
    if (known !== undefined && known.reached > reached) return
    this.waiting.delete(key)
    this.waiting.set(key, { what: 'reach', id, reached, members })
    if (this.waiting.size > WAITING_MAX) this.waiting.delete(this.waiting.keys().next().value!)
  }

  get ops(): NoteReach[] {
    return [...this.waiting.values()]
  }

  clear(): void {
    this.waiting.clear()
  }
}
