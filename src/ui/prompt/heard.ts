/** As many rooms, and people in each, as are kept in mind for their names to be completed. */
const ROOMS_MAX = 64
const NAMES_MAX = 50

/** Who spoke where, the last first. */
export class Speakers {
  private readonly byRoom = new Map<string, string[]>()

  hear(room: string, name: string): void {
    const others = (this.byRoom.get(room) ?? []).filter((each) => each !== name)
    this.byRoom.delete(room)
    this.byRoom.set(room, [name, ...others].slice(0, NAMES_MAX))
    if (this.byRoom.size > ROOMS_MAX) this.byRoom.delete(this.byRoom.keys().next().value!)
  }

  of(room: string): readonly string[] {
    return this.byRoom.get(room) ?? []
  }
}
