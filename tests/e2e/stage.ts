import { Original, type OriginalName } from './original.ts'
import { freePort, Program, type RunOptions, removeHomes, temporaryHome } from './program.ts'

/** Every program of one test, the compiled one and the originals, and their end. */
export class Stage {
  private readonly closing: (() => Promise<void>)[] = []

  async hearsay(args: readonly string[], options: RunOptions = {}): Promise<Program> {
    const program = await Program.start(args, options)
    this.closing.push(() => program.close())
    return program
  }

  async original(program: OriginalName, args: readonly (string | number)[]): Promise<Original> {
    const original = await Original.start(program, args.map(String), temporaryHome())
    this.closing.push(() => original.kill())
    return original
  }

  async framed(username: string, ...args: (string | number)[]): Promise<{ original: Original; port: number }> {
    const port = await freePort()
    const udp = await freePort()
    const all = ['--port', port, '--udp-port', udp, '--username', username, ...args]
    return { original: await this.original('framed', all), port }
  }

  /** Ends everything that was started. */
  async close(): Promise<void> {
    await Promise.all(this.closing.splice(0).map((close) => close()))
    removeHomes()
  }
}
