import { homedir } from 'node:os'

/** A path as somebody types it: `~` and what is below it are in the home folder, as in a shell. Nobody else's home is known by its name. */
export function fromHome(typed: string): string {
  return typed === '~' || typed.startsWith('~/') ? `${homedir()}${typed.slice(1)}` : typed
}
