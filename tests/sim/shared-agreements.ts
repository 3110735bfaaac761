import { toHex } from '../../src/base/bytes.ts'
import type { AgreementKey } from '../../src/crypto/agree.ts'

/**
 * For one world: what two keys agree on is worked out by the first of the two that asks, and the other is given a copy. It is the same from both
 * sides (RFC 7748 section 6.1), and whoever has neither key is given nothing. With that it is let go of: keys of handshakes are many, and used once.
 */
export class SharedAgreements {
  private readonly known = new Map<string, Uint8Array | null>()

  /** The key as it is, but for who does the work. */
  share(key: AgreementKey): AgreementKey {
    const ours = toHex(key.publicKey)
    return {
      publicKey: key.publicKey,
      agree: (theirPublic) => {
        const theirs = toHex(theirPublic)
        const pair = ours < theirs ? ours + theirs : theirs + ours
        const known = this.known.get(pair)
        if (known !== undefined) {
          this.known.delete(pair)
          return known
        }
        const shared = key.agree(theirPublic)
        this.known.set(pair, shared)
        return shared?.slice() ?? null
      },
    }
  }
}
