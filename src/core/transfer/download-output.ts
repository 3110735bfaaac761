/** What a download wants done. Nothing of it is waited for: answers come as calls, whenever they come. */
export type DownloadOutput =
  | { readonly kind: 'ask' | 'cancel'; readonly holder: number; readonly first: number; readonly count: number }
  | { readonly kind: 'ask-page'; readonly holder: number; readonly level: number; readonly index: number }
  /** To be checked leaf by leaf against `hashes` (32 bytes each), and written where every one of them is right. The bytes are alone in their memory. */
  | {
      readonly kind: 'store'
      readonly holder: number
      readonly first: number
      readonly bytes: Uint8Array
      readonly hashes: Uint8Array
    }
  /** A verified page, worth keeping beside what is received. */
  | { readonly kind: 'keep-page'; readonly level: number; readonly index: number; readonly bytes: Uint8Array }
  /** A piece is whole, and others may have it. */
  | { readonly kind: 'gained'; readonly piece: number }
  /** Everything up to the goal is here. */
  | { readonly kind: 'reached' }
  | { readonly kind: 'drop'; readonly holder: number; readonly why: DropReason }

/** `lying`: for good. `silent`: it may come back. */
export type DropReason = 'lying' | 'silent'
