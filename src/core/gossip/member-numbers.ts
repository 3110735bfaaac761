/**
 * Numbers in the place of members' tags, as two ends of a link use them in one direction: a member is named once and numbered in the order of
 * naming. When all numbers are in use both begin anew, so that a link that lasts for months keeps no more than one that has just come up. Pure.
 */
export class NumberedMembers {
  /** By the number. */
  private tags: string[] = []

  constructor(private readonly most: number) {}

  /** Takes in names in order; false where that is more than there are numbers. */
  name(anew: boolean, tags: readonly string[]): boolean {
    if (anew) this.tags = []
    if (this.tags.length + tags.length > this.most) return false
    for (const tag of tags) this.tags.push(tag)
    return true
  }

  get count(): number {
    return this.tags.length
  }

  /** `number` below `count`. */
  tagOf(number: number): string {
    return this.tags[number]!
  }
}

/** The other end: gives the numbers. */
export class NumberingMembers {
  private readonly numbers = new Map<string, number>()
  private news: string[] = []
  private anew = false

  constructor(private readonly most: number) {}

  /** Whether so many more can be named without beginning anew. */
  hasRoomFor(count: number): boolean {
    return this.numbers.size + count <= this.most
  }

  has(tag: string): boolean {
    return this.numbers.has(tag)
  }

  /** Numbers given so far mean nothing from the next `takeNews` on. Nothing may be waiting to be taken. */
  beginAnew(): void {
    this.numbers.clear()
    this.anew = true
  }

  /** The member's number; names it first if need be. There must be room. */
  numberOf(tag: string): number {
    const known = this.numbers.get(tag)
    if (known !== undefined) return known
    const number = this.numbers.size
    this.numbers.set(tag, number)
    this.news.push(tag)
    return number
  }

  /** What the other end has to be told before it knows all the numbers. */
  takeNews(): { readonly anew: boolean; readonly tags: readonly string[] } {
    const { anew, news } = this
    this.anew = false
    this.news = []
    return { anew, tags: news }
  }
}
