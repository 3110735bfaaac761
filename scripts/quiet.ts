/**
 * Leaves out of what `bun test` prints the tests that passed, and the names of files that hold no others: what is well goes unsaid.
 * Takes one line at a time, without its line break, and answers the lines to print now.
 */
export class QuietResults {
  /** The name of a file of which nothing has been printed yet. */
  private heading: string | undefined
  private blank = false

  push(line: string): string[] {
    if (line === '') {
      this.heading = undefined
      this.blank = true
      return []
    }
    if (line.startsWith('(pass) ')) {
      this.blank = false
      return []
    }
    const before = this.blank ? [''] : []
    this.blank = false
    if (/^\S+\.test\.ts:$/.test(line)) {
      this.heading = line
      return []
    }
    const heading = this.heading === undefined ? [] : ['', this.heading]
    this.heading = undefined
    return [...before, ...heading, line]
  }
}
