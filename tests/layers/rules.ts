/** The layers of src/, and what each may touch: pure functions from what a file does to sentences about what it may not. */
import { posix } from 'node:path'
import type { Import, Source, Use } from './read.ts'

/** From the bottom up; a file may import from its own layer and from those before it, types included. */
const LAYERS = ['base', 'crypto', 'wire', 'core', 'node', 'dialects', 'ports', 'adapters', 'app', 'ui', 'main.ts']
/** The layers before this one are pure: the same input gives the same output, on any machine, at any time. */
const FIRST_IMPURE = LAYERS.indexOf('ports')

/** Neither reads the outside world nor changes with it, though the runtime brings them and not the language. */
const PURE_RUNTIME_NAMES = /^(TextEncoder|TextDecoder)\b/
/** crypto/ wraps `node:crypto`, whose results are of this type. */
const CRYPTO_RUNTIME_NAMES = /^(TextEncoder|TextDecoder|Buffer|NodeJS)\b/
/** Parts of the language that answer differently from one run to the next, or lead around this check. */
const IMPURE_LANGUAGE_NAMES =
  /^(Date\b|Math$|Math\.random$|globalThis\b|eval$|Function$|WeakRef$|FinalizationRegistry$|Intl\.DateTimeFormat$)/
/** What in `node:crypto` draws random numbers of its own, or hands out something that does. */
const RANDOM_CRYPTO_NAMES = /^(random|generate|getRandomValues|webcrypto|subtle|default$)/

const layerOf = (path: string): number => LAYERS.indexOf(path.split('/')[0] ?? '')

/** `core/link/session.ts` belongs to the machine `link`; a file of core/ itself belongs to none. */
function machineOf(path: string): string | undefined {
  const [layer, machine, file] = path.split('/')
  return layer === 'core' && file ? machine : undefined
}

function packageBreach(path: string, { specifier, names }: Import): string | undefined {
  if (layerOf(path) >= FIRST_IMPURE || specifier === undefined) return undefined
  if (specifier !== 'node:crypto' || !path.startsWith('crypto/')) {
    return `imports ${specifier}: below ports/ nothing comes from outside, but for node:crypto in crypto/`
  }
  const taken = names ?? ['default']
  const random = taken.filter((name) => RANDOM_CRYPTO_NAMES.test(name))
  if (random.length === 0) return undefined
  return `takes ${random.join(', ')} from node:crypto: name what is used, and have randomness passed in`
}

function fileBreach(path: string, target: string): string | undefined {
  const [from, to] = [layerOf(path), layerOf(target)]
  if (target.startsWith('../')) return 'imports from outside src/'
  if (!target.endsWith('.ts')) return `imports ${target}, which does not name a .ts file`
  if (to < 0) return `imports ${target}, which is in no layer`
  if (to > from) return `imports ${target}: ${LAYERS[from]} is below ${LAYERS[to]}`
  const machine = machineOf(target)
  if (machine && LAYERS[from] === 'core' && machineOf(path) !== machine) {
    return `imports ${target}: the machines of core/ meet in node/, not in each other`
  }
  const isUi = LAYERS[from] === 'ui'
  if (isUi && !['ui', 'app', 'base'].includes(LAYERS[to] ?? ''))
    return `imports ${target}: ui/ sees app/ and base/ alone`
  return undefined
}

function importBreach(path: string, found: Import): string | undefined {
  const { specifier } = found
  if (specifier === undefined) return 'imports a path computed at run time'
  if (!specifier.startsWith('.')) return packageBreach(path, found)
  return fileBreach(path, posix.normalize(posix.join(posix.dirname(path), specifier)))
}

function useBreach(path: string, { name, from }: Use): string | undefined {
  if (layerOf(path) >= FIRST_IMPURE) return undefined
  const allowed = path.startsWith('crypto/') ? CRYPTO_RUNTIME_NAMES : PURE_RUNTIME_NAMES
  const isPure = from === 'language' ? !IMPURE_LANGUAGE_NAMES.test(name) : allowed.test(name)
  return isPure ? undefined : `uses ${name}: below ports/ time, chance and the machine are passed in`
}

function placeBreach(path: string): string | undefined {
  const name = posix.basename(path)
  if (name === 'index.ts' || name === 'utils.ts') return `is called ${name}: a file is called what it holds`
  if (layerOf(path) < 0) return `is in no layer; they are ${LAYERS.join(', ')}`
  return undefined
}

/** One line for each rule broken: where, and which. */
export function breachesOf({ path, imports, uses }: Source): string[] {
  const place = placeBreach(path)
  if (place) return [`${path} ${place}`]
  const at = ({ line }: { line: number }, breach: string | undefined) => (breach ? [`${path}:${line} ${breach}`] : [])
  return [
    ...imports.flatMap((found) => at(found, importBreach(path, found))),
    ...uses.flatMap((found) => at(found, useBreach(path, found))),
  ]
}
