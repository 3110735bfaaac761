import { networkInterfaces } from 'node:os'
import type { SetupAnswers } from '../../app/config-write.ts'
import { variableOf } from '../../app/options-environment.ts'
import { visible } from '../../app/options-quote.ts'
import { addressCheck, type Check, type Given, nameCheck, type OptionName } from '../../app/options-values.ts'
import { formatAddress } from '../../base/address.ts'
import { DIALECTS, type DialectName } from '../../base/dialects.ts'
import type { Asker } from './asker.ts'

type Reach = 'machine' | 'network' | 'everywhere'

/** The answers as they were given, to begin with when asked again. */
export interface Draft {
  readonly name: string
  /** It has been asked for: what stands there was typed, or agreed to. */
  readonly isNamed: boolean
  readonly reach: Reach
  readonly keep: boolean
  readonly peer: string
  readonly dialects: readonly DialectName[]
}

const NAMELESS = 'empty: user-<port>'

/** What each of the programs is known by. */
const DIALECT_HINTS: Readonly<Record<DialectName, string>> = {
  framed: 'rooms passed on from peer to peer, and voice',
  mesh: 'everybody with everybody, on one network',
  tracker: 'a list on one machine, and who is elected to keep it',
  line: 'two people, one line at a time',
}

/** Answers the draft with one more answer in it. */
export type Question = (asker: Asker, draft: Draft) => Promise<Draft>

async function askName(asker: Asker, draft: Draft): Promise<Draft> {
  const name = await asker.ask<string>((prompts, streams) =>
    prompts.text({
      ...streams,
      message: 'What shall others call you?',
      // A name that only offers itself is typed over; one's own answer is gone on with.
      ...(draft.isNamed
        ? { placeholder: NAMELESS, initialValue: draft.name, defaultValue: '' }
        : { placeholder: draft.name === '' ? NAMELESS : draft.name, defaultValue: draft.name }),
      validate: (typed) => problem(typed, nameCheck),
    }),
  )
  return { ...draft, name, isNamed: true }
}

async function askReach(asker: Asker, draft: Draft): Promise<Draft> {
  const reach = await asker.ask<Reach>((prompts, streams) =>
    prompts.select<Reach>({
      ...streams,
      message: 'Who may reach you?',
      initialValue: draft.reach,
      options: [
        { value: 'machine', label: 'This machine', hint: `${hostFor('machine')}: only programs here` },
        { value: 'network', label: 'The local network', hint: `${hostFor('network')}: every IPv4 network it is in` },
        { value: 'everywhere', label: 'Everywhere', hint: `${hostFor('everywhere')}: as far as your router lets in` },
      ],
    }),
  )
  return { ...draft, reach }
}

async function askKeeping(asker: Asker, draft: Draft): Promise<Draft> {
  const keep = await asker.ask<boolean>((prompts, streams) =>
    prompts.select<boolean>({
      ...streams,
      message: 'Keep your identity and what is said on this disk?',
      initialValue: draft.keep,
      options: [
        { value: true, label: 'Keep them', hint: 'you are the same person at the next start, and nothing is lost' },
        { value: false, label: 'Keep nothing', hint: 'somebody new at every start, with nothing to read back' },
      ],
    }),
  )
  return { ...draft, keep }
}

async function askPeer(asker: Asker, draft: Draft): Promise<Draft> {
  const peer = await asker.ask<string>((prompts, streams) =>
    prompts.text({
      ...streams,
      message: 'A peer to connect to, if there is one (host:port)',
      placeholder: 'empty: none yet',
      // What was typed before can be taken away again.
      initialValue: draft.peer,
      defaultValue: '',
      validate: (typed) => problem(typed, addressCheck),
    }),
  )
  return { ...draft, peer }
}

async function askDialects(asker: Asker, draft: Draft): Promise<Draft> {
  const dialects = await asker.ask<DialectName[]>((prompts, streams) =>
    prompts.multiselect<DialectName>({
      ...streams,
      message:
        'Which older programs may talk with you here? Nobody vouches for who they are. (space chooses, Enter goes on)',
      required: false,
      initialValues: [...draft.dialects],
      options: DIALECTS.map((value) => ({ value, label: value, hint: DIALECT_HINTS[value] })),
    }),
  )
  return { ...draft, dialects }
}

export const QUESTIONS: readonly Question[] = [askName, askReach, askKeeping, askPeer, askDialects]

export function answersOf(draft: Draft): SetupAnswers {
  return {
    username: nameCheck.read(draft.name),
    host: hostFor(draft.reach),
    ephemeral: !draft.keep,
    connect: addressCheck.read(draft.peer),
    dialects: draft.dialects,
  }
}

/** What the answers come to, a line each. `variables`: what HEARSAY_… variables say, which counts over what is written. */
export function summary(answers: SetupAnswers, configFile: string, variables: Given): string {
  const { username, host, ephemeral, connect, dialects } = answers
  const dialled = variables.connect ?? (connect === null ? [] : [connect])
  const letIn = variables.dialect?.map(({ dialect }) => dialect) ?? dialects
  const port = variables.port === undefined ? 'the first free port from 8080' : `port ${variables.port}`
  const by = (...names: readonly OptionName[]): string => {
    const set = names.filter((name) => variables[name] !== undefined).map(variableOf)
    return set.length === 0 ? '' : ` (${set.join(', ')})`
  }
  return [
    `call you    ${variables.username ?? username ?? 'user-<port>'}${by('username')}`,
    `listen on   ${variables.host ?? host}, ${port}${by('host', 'port')}`,
    `dial        ${dialled.length === 0 ? 'nobody yet (/connect <host> <port> does)' : dialled.map(formatAddress).join(', ')}${by('connect')}`,
    `let in      ${letIn.length === 0 ? 'hearsay, and no older program' : `hearsay, and ${letIn.join(', ')}`}${by('dialect')}`,
    `keep        ${ephemeral ? 'nothing' : 'your identity and what is said'}`,
    `write this  ${visible(configFile)}`,
  ].join('\n')
}

/** Where to listen for those who may reach this node. */
function hostFor(reach: Reach): string {
  if (reach === 'machine') return '127.0.0.1'
  if (reach === 'network') return '0.0.0.0'
  // :: takes IPv4 too, but cannot be listened on where IPv6 is switched off.
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return interfaces.some((address) => address.family === 'IPv6') ? '::' : '0.0.0.0'
}

/** Nothing typed is an answer too. */
function problem<T>(typed: string | undefined, check: Check<T>): string | undefined {
  if (typed === undefined || typed.trim() === '' || check.read(typed) !== null) return undefined
  return `Expected ${check.expected}`
}
