import { type Completing, completing, type Typed, type World } from '../completion.ts'
import { BARE_WORDS } from './read.ts'

/** More would not be walked through by a key. */
const CANDIDATES_MAX = 200

/** What could stand at the cursor at the prompt: as everywhere behind a slash, and behind the words that need none. */
function completingAtPrompt(world: World, { text, cursor }: Typed): Completing {
  const [, word = '', blanks = ''] = /^([^\s/]\S*)?(\s*)/.exec(text) ?? []
  if (text.trim() === '') return { kind: 'words', start: cursor, candidates: bareWords('') }
  if (word === '') return completing(world, { text, cursor })
  const begin = word.length + blanks.length
  if (cursor < begin || blanks === '') {
    const typed = text.slice(0, cursor).toLowerCase()
    return { kind: 'words', start: 0, candidates: bareWords(typed) }
  }
  const command = BARE_WORDS.get(word.toLowerCase())
  if (command === undefined) return { kind: 'words', start: cursor, candidates: [] }
  // What is sent is said, whatever it begins with: behind a blank no slash is a command's.
  const front = command === 'say' ? '' : `/${command} `
  const rest = text.slice(begin)
  if (front === '' && rest.startsWith('/')) return { kind: 'words', start: cursor, candidates: [] }
  const shift = begin - front.length
  const asked = completing(world, { text: front + rest, cursor: cursor - shift })
  return { ...asked, start: asked.start + shift }
}

function bareWords(typed: string): string[] {
  const fits = [...BARE_WORDS.keys()].filter((each) => each.length > 1 && each.startsWith(typed))
  return fits.map((each) => `${each} `)
}

interface Offered {
  readonly before: Typed
  readonly start: number
  readonly candidates: readonly string[]
  readonly index: number
}

/** Walks through what fits, a key at a time. */
export class Completer {
  private offered: Offered | null = null

  constructor(
    private readonly world: World,
    /** Paths that begin so, as they are typed. */
    private readonly pathsFor: (word: string) => Promise<readonly string[]>,
  ) {}

  /** The line with the next candidate in it, or the one before; null where nothing fits. */
  async next(typed: Typed, by: 1 | -1): Promise<Typed | null> {
    const { offered } = this
    if (offered !== null && withCandidate(offered).text === typed.text) {
      const { index, candidates } = offered
      return this.offer({ ...offered, index: (index + by + candidates.length) % candidates.length })
    }
    this.offered = null
    const asked = completingAtPrompt(this.world, typed)
    const found = asked.kind === 'words' ? asked.candidates : await this.pathsFor(asked.word)
    if (found.length === 0) return null
    const candidates = found.slice(0, CANDIDATES_MAX)
    const first = { before: typed, start: asked.start, candidates, index: by === 1 ? 0 : candidates.length - 1 }
    const shown = this.offer(first)
    // Where there is one folder and nothing else, the next key is for what is in it.
    if (candidates.length === 1 && candidates[0]!.endsWith('/')) this.offered = null
    return shown
  }

  private offer(offered: Offered): Typed {
    this.offered = offered
    return withCandidate(offered)
  }
}

function withCandidate({ before, start, candidates, index }: Offered): Typed {
  const text = before.text.slice(0, start) + candidates[index]
  return { text: text + before.text.slice(before.cursor), cursor: text.length }
}
