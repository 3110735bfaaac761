/** `FUZZ_SEED=<n>` repeats a run; otherwise every run is another, and says which if it fails. */
const VARIABLE = 'FUZZ_SEED'

function chosen(): number {
  const given = Number(process.env[VARIABLE] ?? Number.NaN)
  return Number.isSafeInteger(given) ? given : Math.floor(Math.random() * 2 ** 31)
}

export const SEED = chosen()

/** Of all inputs in these tests; together more than two hundred thousand. */
export const INPUTS = {
  structured: 40_000,
  bytes: 120_000,
  dear: 5_000,
  link: 35_000,
  dialects: 100_000,
  dialectDecoder: 100_000,
  sounds: 5_000,
} as const

/** What a failure says: enough to see it again. */
export function failure(what: string, number: number, input: Uint8Array, cause: unknown): Error {
  const hex = Buffer.from(input).toString('hex')
  const message = `${what}: input ${number} of ${VARIABLE}=${SEED} failed. Worth a line in tests/fuzz/corpus/:\n${hex}`
  return new Error(message, { cause })
}
