/** The texts of faults under src/, read from the compiler's own syntax trees, and whether they tell what to do next. */
import type { Node, SourceFile } from 'typescript/unstable/ast'
import {
  isBinaryExpression,
  isCallExpression,
  isConditionalExpression,
  isIdentifier,
  isNoSubstitutionTemplateLiteral,
  isObjectLiteralExpression,
  isParenthesizedExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isStringLiteral,
  isTemplateExpression,
} from 'typescript/unstable/ast/is'
import { API } from 'typescript/unstable/async'

export interface FaultText {
  /** `app/hearsay.ts:264`, under src/. */
  readonly where: string
  /** What stands in the source; of what is put in, the expression in braces. */
  readonly text: string
}

/** Functions that make a fault of a text, and those that show one. */
const MAKERS = /^(fault|startFault|fileFault|refusal|refuse|wrong)$/
/** Folders whose faults people read as they stand; those below tell ends of sentences. */
const SPOKEN = /^(adapters\/(?!tcp-fault|bun-tcp)|app\/|ui\/)/

/** What is written out in `node`: each way it can come out. */
function textsIn(node: Node | undefined, file: SourceFile): string[] {
  if (node === undefined) return []
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) return [node.text]
  if (isTemplateExpression(node)) return [node.getText(file).slice(1, -1).replaceAll('${', '{')]
  if (isParenthesizedExpression(node)) return textsIn(node.expression, file)
  if (isConditionalExpression(node)) return [...textsIn(node.whenTrue, file), ...textsIn(node.whenFalse, file)]
  if (isBinaryExpression(node)) {
    const [left, right] = [textsIn(node.left, file), textsIn(node.right, file)]
    return left.length === 1 && right.length === 1 ? [`${left[0]}${right[0]}`] : [...left, ...right]
  }
  return []
}

function nameOf(node: Node): string {
  if (isIdentifier(node)) return node.text
  return isPropertyAccessExpression(node) ? node.name.text : ''
}

/** The text is the last argument that is one; a code, which is a word, stands before it. */
function textsOf(node: Node, file: SourceFile): string[] {
  if (isCallExpression(node) && MAKERS.test(nameOf(node.expression))) {
    const texts = node.arguments.map((each) => textsIn(each, file).filter((text) => /\s/.test(text)))
    return texts.findLast((each) => each.length > 0) ?? []
  }
  if (!isObjectLiteralExpression(node)) return []
  const named = node.properties.filter(isPropertyAssignment)
  const field = (name: string) => named.find((each) => each.name.getText(file) === name)?.initializer
  return (field('code') ?? field('line')) === undefined ? [] : textsIn(field('message'), file)
}

function faultsIn(file: SourceFile, path: string): FaultText[] {
  const found: FaultText[] = []
  const visit = (node: Node): void => {
    for (const text of textsOf(node, file)) {
      const line = file.text.slice(0, node.getStart(file)).split('\n').length
      found.push({ where: `${path}:${line}`, text })
    }
    node.forEachChild(visit)
  }
  visit(file)
  return found
}

/** `folder` is absolute, and holds tsconfig.json and src/. */
export async function readFaults(folder: string): Promise<FaultText[]> {
  const api = new API({ cwd: folder })
  try {
    const snapshot = await api.updateSnapshot({ openProjects: [`${folder}/tsconfig.json`] })
    const project = snapshot.getProjects()[0]
    if (!project) throw new Error(`no project in ${folder}`)
    const src = `${folder}/src/`
    const found: FaultText[] = []
    for (const path of project.rootFiles.filter((each) => each.toLowerCase().startsWith(src.toLowerCase()))) {
      const own = path.slice(src.length)
      const file = SPOKEN.test(own) ? await project.program.getSourceFile(path) : undefined
      if (file !== undefined) found.push(...faultsIn(file, own))
    }
    return found
  } finally {
    await api.close()
  }
}

/** A command, a flag, a program to run, or a variable to set: not the one that it is about, which stands first. */
const TOOL = /[\s(](\/[a-z]+|\{mark\}help|--[\w{]|hearsay [a-z]+|chmod |TMPDIR)/
/** What was wanted in place of what came. */
const WANTED = /\bexpected |\bmust be |\bit needs |\bit takes |\bare missing|\bdid you mean |: write |\bis tried again/
/** A clause that asks for something to be done. */
const ASKED =
  /(^|[.:;,] |\bor |\band )(add|ask|build|check|choose|close|end|export|free|get|give|leave|let|look|join|make|mend|move|name|put|raise|read|remove|rename|repeat|say|see|send|set|shorten|start|take|try|type|unset|update|use|wait|write)\b/i
/** Put together elsewhere, and called by what it is. */
const ELSEWHERE = /\{[^}]*(advice|mend|hint|usage|remedy|afresh|ELSEWHERE|INSTEAD|\.message|message)[^}]*\}/

/** Whether who reads it knows what to do next. */
export function tellsNextStep(text: string): boolean {
  return [TOOL, WANTED, ASKED, ELSEWHERE].some((each) => each.test(text))
}
