/** About a circuit that ends here, by the number it has on this node. */
export type CircuitTelling = { readonly kind: 'circuit'; readonly circuit: number } & (
  | {
      /** `called`: somebody has made it to us. `answered`: whom we called is there, as is to be proved on it. */
      readonly state: 'called' | 'answered'
      /** The neighbour it goes through; its key. */
      readonly through: string
    }
  /** Whoever hears it keeps the bytes. */
  | { readonly state: 'data'; readonly bytes: Uint8Array }
  /** All that was written has left. */
  | { readonly state: 'drain' }
  /** It has come to nothing, or to an end, other than by us. `reason`: the end of a sentence about whom it was to lead to. */
  | { readonly state: 'closed'; readonly reason: string }
)
