let last: { readonly name: string; readonly pattern: RegExp } | null = null

/** Finds a name in a text where it stands by itself, in any case. */
export function namesPattern(name: string): RegExp {
  if (last?.name !== name) {
    const quoted = name.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    last = { name, pattern: new RegExp(`(?<![\\p{L}\\p{N}_])${quoted}(?![\\p{L}\\p{N}_])`, 'iu') }
  }
  return last.pattern
}
