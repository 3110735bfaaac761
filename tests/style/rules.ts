/** Work put off, and folders of the machine a line was written on; spelled so that this file does not name them itself. */
const UNWANTED: readonly RegExp[] = [
  /\b(T[O]DO|F[I]XME|X[X]X)\b/,
  // Only where the path begins: src/root/ and example.org/root/ are nobody's folder.
  /(?<![\w.$}~-])\/root\/(?=[\w.])/,
]

/** One entry for each line with an unwanted word: its number, a space, and the line. */
export function wordsIn(text: string): string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, i) => (UNWANTED.some((each) => each.test(line)) ? [`${i + 1} ${line.trim()}`] : []))
}

/** One version, such as `1.2.3` or `1.2.3-beta.1`: no range, tag or address. */
export function isExactVersion(version: string): boolean {
  return /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)
}
