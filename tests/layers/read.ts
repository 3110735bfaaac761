/**
 * What the files under src/ import, in every form the language has, and which outside names they use:
 * read from the compiler's own syntax trees, so that comments, strings and local names of the same spelling do not count.
 */
import { type Identifier, SyntaxKind as Kind, type Node, type SourceFile } from 'typescript/unstable/ast'
import {
  isCallExpression,
  isExportDeclaration,
  isExternalModuleReference,
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNamedImports,
  isNoSubstitutionTemplateLiteral,
  isPropertyAccessExpression,
  isStringLiteral,
} from 'typescript/unstable/ast/is'
import { API, type Checker, SymbolFlags } from 'typescript/unstable/async'

export interface Import {
  readonly line: number
  /** What stands between the quotes; undefined where it is computed at run time. */
  readonly specifier: string | undefined
  /** Names taken by `import { … }`, as the other module calls them; undefined for every other form, which takes all of it. */
  readonly names: readonly string[] | undefined
}

/** The use of a name that is declared nowhere under src/. */
export interface Use {
  readonly line: number
  /** The name, with the member where one is taken from it at once: `Date.now`, `Math.random`; `import.meta` too. */
  readonly name: string
  /** Whether the language itself has it (`Map`, `Date`), or only the runtime the program happens to have (`process`). */
  readonly from: 'language' | 'runtime'
}

export interface Source {
  /** Under src/, with slashes: `core/link/session.ts`. */
  readonly path: string
  readonly imports: readonly Import[]
  readonly uses: readonly Use[]
}

const ANY_SYMBOL = SymbolFlags.Value | SymbolFlags.Type | SymbolFlags.Namespace

function specifierOf(node: Node | undefined): string | undefined {
  return node && (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) ? node.text : undefined
}

function namesOf(clause: Node | undefined): string[] | undefined {
  let named: Node | undefined
  let whole = false
  clause?.forEachChild((child) => {
    if (isNamedImports(child)) named = child
    else whole = true
  })
  if (whole || !named || !isNamedImports(named)) return undefined
  return named.elements.map((element) => (element.propertyName ?? element.name).text)
}

/** undefined where the node brings no other module in. */
function importOf(node: Node): Omit<Import, 'line'> | undefined {
  if (isImportDeclaration(node)) {
    return { specifier: specifierOf(node.moduleSpecifier), names: namesOf(node.importClause) }
  }
  if (isExportDeclaration(node) && node.moduleSpecifier) {
    return { specifier: specifierOf(node.moduleSpecifier), names: undefined }
  }
  if (isImportTypeNode(node)) {
    const literal = isLiteralTypeNode(node.argument) ? node.argument.literal : undefined
    return { specifier: specifierOf(literal), names: undefined }
  }
  if (isExternalModuleReference(node)) return { specifier: specifierOf(node.expression), names: undefined }
  if (isCallExpression(node)) {
    const isRequire = isIdentifier(node.expression) && node.expression.text === 'require'
    if (isRequire || node.expression.kind === Kind.ImportKeyword) {
      return { specifier: specifierOf(node.arguments[0]), names: undefined }
    }
  }
  return undefined
}

const NAMED_MEMBERS: ReadonlySet<Kind> = new Set([
  Kind.PropertyDeclaration,
  Kind.PropertySignature,
  Kind.PropertyAssignment,
  Kind.MethodDeclaration,
  Kind.MethodSignature,
  Kind.GetAccessor,
  Kind.SetAccessor,
  Kind.EnumMember,
  Kind.PropertyAccessExpression,
  Kind.NamedTupleMember,
  Kind.MetaProperty,
])

/** Names of members, labels and what other modules call theirs: they refer to no variable. */
function isOnlyAName(node: Node): boolean {
  const parent: Node & { name?: Node; right?: Node; propertyName?: Node; label?: Node } = node.parent
  if (parent.kind === Kind.ImportSpecifier || parent.kind === Kind.ExportSpecifier) return true
  if (NAMED_MEMBERS.has(parent.kind)) return parent.name === node
  if (parent.kind === Kind.QualifiedName) return parent.right === node
  return parent.propertyName === node || parent.label === node
}

function withMember(node: Node, name: string): string {
  const parent = node.parent
  if (isPropertyAccessExpression(parent) && parent.expression === node) return `${name}.${parent.name.text}`
  return name
}

type Origin = 'language' | 'runtime' | 'none'

/** Tells where names come from; asks the compiler once for each global name, and for each place only where it matters. */
class Names {
  /** globalThis is the one global that is declared nowhere. */
  private readonly origins = new Map<string, Origin>([['globalThis', 'language']])

  constructor(
    private readonly checker: Checker,
    private readonly isOurs: (path: string) => boolean,
  ) {}

  async originAt(name: string, place: Node): Promise<Origin> {
    let origin = this.origins.get(name)
    if (!origin) {
      origin = this.originOf(await this.checker.resolveName(name, ANY_SYMBOL))
      this.origins.set(name, origin)
    }
    if (origin === 'none' || name === 'globalThis') return origin
    return this.originOf(await this.checker.resolveName(name, ANY_SYMBOL, place))
  }

  private originOf(symbol: { readonly declarations: readonly { readonly path: string }[] } | undefined): Origin {
    const paths = symbol?.declarations.map((declaration) => declaration.path) ?? []
    if (paths.length === 0 || paths.some(this.isOurs)) return 'none'
    return paths.some((path) => /\/lib\.es[^/]*\.d\.ts$/.test(path)) ? 'language' : 'runtime'
  }
}

async function readOne(file: SourceFile, path: string, names: Names): Promise<Source> {
  const imports: Import[] = []
  const uses: Use[] = []
  const identifiers: Identifier[] = []
  const lineOf = (node: Node) => file.text.slice(0, node.getStart(file)).split('\n').length
  const visit = (node: Node): void => {
    const found = importOf(node)
    if (found) imports.push({ line: lineOf(node), ...found })
    if (node.kind === Kind.MetaProperty && node.getText(file) === 'import.meta') {
      uses.push({ line: lineOf(node), name: 'import.meta', from: 'runtime' })
    }
    if (isIdentifier(node) && !isOnlyAName(node)) identifiers.push(node)
    node.forEachChild(visit)
  }
  visit(file)
  for (const node of identifiers) {
    const from = await names.originAt(node.text, node)
    if (from !== 'none') uses.push({ line: lineOf(node), name: withMember(node, node.text), from })
  }
  return { path, imports, uses }
}

/** `folder` is absolute, and holds tsconfig.json and src/. */
export async function readSources(folder: string): Promise<Source[]> {
  const api = new API({ cwd: folder })
  try {
    const snapshot = await api.updateSnapshot({ openProjects: [`${folder}/tsconfig.json`] })
    const project = snapshot.getProjects()[0]
    if (!project) throw new Error(`no project in ${folder}`)
    const src = `${folder}/src/`
    const isOurs = (path: string) => path.toLowerCase().startsWith(src.toLowerCase())
    const names = new Names(project.checker, isOurs)
    const sources: Source[] = []
    for (const path of project.rootFiles.filter(isOurs)) {
      const file = await project.program.getSourceFile(path)
      if (!file) throw new Error(`${path} could not be read`)
      sources.push(await readOne(file, path.slice(src.length), names))
    }
    return sources
  } finally {
    await api.close()
  }
}
