/**
 * The field of 2^32 elements: polynomials over GF(2) modulo x^32 + x^7 + x^3 + x^2 + 1, as 32-bit words whose top bit is x^31. To add is
 * to XOR. Results are from 0 to 2^32 - 1.
 */
const MODULUS_LOW = 0x8d

/** What four bits shifted out at the top come back as. */
const FOLDED = Uint32Array.from({ length: 16 }, (_, bits) => {
  let folded = 0
  for (let i = 0; i < 4; i++) if ((bits & (1 << i)) !== 0) folded ^= MODULUS_LOW << i
  return folded
})

/** The multiples of one factor by all polynomials of four terms: one factor often meets two others. */
const multiples = new Int32Array(16)

/** Sets the factor of the `times` that follow. */
export function factor(value: number): void {
  multiples[1] = value
  for (let bits = 2; bits < 16; bits += 2) {
    const half = multiples[bits >>> 1]!
    const even = (half << 1) ^ ((half >> 31) & MODULUS_LOW)
    multiples[bits] = even
    multiples[bits + 1] = even ^ value
  }
}

/** The product of the last `factor` and `value`. */
export function times(value: number): number {
  let product = multiples[value >>> 28]!
  for (let shift = 24; shift >= 0; shift -= 4) {
    product = (product << 4) ^ FOLDED[product >>> 28]! ^ multiples[(value >>> shift) & 15]!
  }
  return product >>> 0
}

/** What `value` times this is 1; 0 for 0. By Euclid's algorithm on polynomials. */
export function inverse(value: number): number {
  let small = value >>> 0
  if (small <= 1) return small
  // The modulus has one bit too many for a word, so the first of its reductions is written out.
  const shift = Math.clz32(small) + 1
  let large = MODULUS_LOW ^ (small << shift)
  let ofSmall = 1
  let ofLarge = 1 << shift
  // `small` = `ofSmall` × value and `large` = `ofLarge` × value, modulo the modulus, all the while.
  while (small !== 1) {
    let degrees = Math.clz32(small) - Math.clz32(large)
    if (degrees < 0) {
      const [heldSmall, heldOfSmall] = [small, ofSmall]
      small = large
      ofSmall = ofLarge
      large = heldSmall
      ofLarge = heldOfSmall
      degrees = -degrees
    }
    large ^= small << degrees
    ofLarge ^= ofSmall << degrees
  }
  return ofSmall >>> 0
}
