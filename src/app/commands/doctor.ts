import { type Command, defineCommand } from '../command.ts'
import type { Remark } from '../doctor.ts'

const MARK: Readonly<Record<Remark['state'], string>> = { ok: 'ok', note: ' -', problem: ' !' }

export const DOCTOR: readonly Command[] = [
  defineCommand({
    name: 'doctor',
    aliases: ['diagnose'],
    group: 'hearsay',
    args: {},
    help: 'what stands between you and others, and what to do',
    run: (chat) => ({ ok: true, remarks: chat.doctor() }),
    show: ({ remarks }) =>
      remarks.flatMap(({ state, text, advice }) => [
        `${MARK[state]}  ${text}`,
        ...(advice === undefined ? [] : [`    ${advice}`]),
      ]),
  }),
]
