import { appendFileSync } from 'node:fs'

/** Takes one diagnostic line: a stable code and a sentence. */
export type Log = (code: string, message: string) => void

/** Where diagnostics go: `false` nowhere, `true` to standard error, a path to that file. Never fails the program. */
export function openLog(debug: boolean | string): Log {
  if (debug === false) return () => {}
  if (debug === true) return (code, message) => void process.stderr.write(line(code, message))
  let broken = false
  return (code, message) => {
    if (broken) return
    try {
      appendFileSync(debug, line(code, message), { mode: 0o600 })
    } catch (error) {
      broken = true
      const why = error instanceof Error ? error.message : String(error)
      process.stderr.write(`hearsay: diagnostics cannot be written to ${debug}: ${why}; --debug names another file\n`)
    }
  }
}

function line(code: string, message: string): string {
  return `${new Date().toISOString()} ${code} ${message}\n`
}
