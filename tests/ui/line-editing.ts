import { PassThrough, Writable } from 'node:stream'
import { LineEditor, type LineEditorOptions } from '../../src/ui/prompt/editor.ts'

/** What a read of the terminal takes until all that follows from it is done, a completion too. */
const TURNS = 10

/** A line being edited on a terminal that is there, and the lines that were sent. */
export class LineEditing {
  readonly lines: string[] = []
  private readonly input = Object.assign(new PassThrough(), { isTTY: true })
  private readonly editor: LineEditor

  constructor(how: Partial<LineEditorOptions>) {
    this.editor = new LineEditor({
      input: this.input,
      output: new Writable({ write: (_chunk, _encoding, done) => done() }),
      prompt: () => '> ',
      line: (line) => this.lines.push(line),
      interrupt: () => this.editor.clearLine(),
      end: () => {},
      ...how,
    })
  }

  /** Each comes in a read of its own. */
  async type(...reads: (string | Uint8Array)[]): Promise<this> {
    for (const read of reads) {
      this.input.write(read)
      for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    return this
  }

  close(): void {
    this.editor.close()
  }
}
