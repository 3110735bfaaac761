import { RUN_LEAVES_MAX } from '../../wire/transfer.ts'
import { type Holder, WINDOW_NEAR } from './holder.ts'

/**
 * How many more leaves to ask one of `holders` for; 0 until there is room for a run of them.
 *
 * What is asked of near holders is asked of all of them together no more than of one: what is on its way when the program is ended has come in vain, and that
 * is to be one mebibyte at most, from however many it comes. It is shared evenly by those that have work; near as they are, it fills any link they may have.
 * Those far away have windows of their own, as long as their links; one that is new, or has nothing to do, is asked for a run at once, whatever is under way.
 */
export function roomOf(holder: Holder, holders: ReadonlyMap<number, Holder>): number {
  if (holder.isNear !== true) return holder.room >= Math.min(RUN_LEAVES_MAX, holder.windowLeaves) ? holder.room : 0
  let underWay = 0
  let sharers = 1
  for (const each of holders.values()) {
    if (each.isNear === false) continue
    underWay += each.underWay
    if (each !== holder && each.underWay > 0) sharers++
  }
  const share = Math.max(1, Math.floor(WINDOW_NEAR / sharers))
  const run = Math.min(RUN_LEAVES_MAX, share, holder.windowLeaves)
  const own = Math.min(holder.room, share - holder.underWay)
  if (own < run) return 0
  const left = WINDOW_NEAR - underWay
  // Those that have all of it may have fallen silent, and nobody is to wait for that who has nothing to do.
  if (holder.underWay === 0) return Math.min(own, Math.max(run, left))
  return left >= run ? Math.min(own, left) : 0
}
