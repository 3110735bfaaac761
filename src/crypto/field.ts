/** The field of Curve25519 and Ed25519, integers modulo 2^255 - 19 (RFC 7748 section 4.1), as far as public keys need it. */
export const P = 2n ** 255n - 19n

/** The y (Ed25519) or u (X25519) of a 32-byte encoding: little-endian, the top bit left out. Not reduced modulo P. */
export function coordinateOf(encoded: Uint8Array): bigint {
  const view = new DataView(encoded.buffer, encoded.byteOffset, 32)
  const high = view.getBigUint64(24, true) & 0x7fff_ffff_ffff_ffffn
  return (
    (high << 192n) |
    (view.getBigUint64(16, true) << 128n) |
    (view.getBigUint64(8, true) << 64n) |
    view.getBigUint64(0, true)
  )
}

/** 32 fresh bytes, little-endian. */
export function encodeCoordinate(value: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(32))
  for (let i = 0; i < 4; i++) view.setBigUint64(i * 8, (value >> BigInt(64 * i)) & 0xffff_ffff_ffff_ffffn, true)
  return new Uint8Array(view.buffer)
}

/**
 * 1 / value, by Fermat: value^(P - 2); zero for zero. P - 2 is 250 ones and 01011 in binary, so runs of ones are doubled until there are
 * 250: 11 multiplications beside the squarings, where bit by bit it takes 252. Its time tells the value, so it is for public keys only.
 */
export function inverse(value: bigint): bigint {
  const one = value % P
  const two = joinRuns(one, one, 1)
  const three = joinRuns(two, one, 1)
  const five = joinRuns(three, two, 2)
  const ten = joinRuns(five, five, 5)
  const twenty = joinRuns(ten, ten, 10)
  const fifty = joinRuns(joinRuns(twenty, twenty, 20), ten, 10)
  const hundred = joinRuns(fifty, fifty, 50)
  const all = joinRuns(joinRuns(hundred, hundred, 100), fifty, 50)
  return joinRuns(joinRuns(all, one, 2), two, 3)
}

/** The power whose exponent is that of `head` and behind it, in `bits` bits, that of `tail`. */
function joinRuns(head: bigint, tail: bigint, bits: number): bigint {
  let power = head
  for (let i = 0; i < bits; i++) power = (power * power) % P
  return (power * tail) % P
}

/** One of the two y of order 8 on Ed25519; the other is its negative. */
const ORDER_8_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n

/** y of the eight points whose order divides 8 (x of either sign): orders 1, 2, 4, and 8 twice. */
export const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([1n, P - 1n, 0n, ORDER_8_Y, P - ORDER_8_Y])

/** u of the points of order 2, 4 and 8 on Curve25519, and of order 4 on its twist (P - 1). */
export const SMALL_ORDER_U: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
  0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
])
