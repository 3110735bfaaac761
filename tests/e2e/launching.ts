import { afterEach } from 'bun:test'
import { Program, removeHomes } from './program.ts'

/** To be called once by a file of tests: starts programs that keep to the links they are given, and ends them, with their homes, after each test. */
export function launching(): (args: readonly string[], home?: string) => Promise<Program> {
  let running: Program[] = []
  afterEach(async () => {
    await Promise.all(running.map((program) => program.close()))
    running = []
    removeHomes()
  })
  return async (args, home) => {
    const program = await Program.start(['--static', ...args], home === undefined ? {} : { home })
    running.push(program)
    return program
  }
}
