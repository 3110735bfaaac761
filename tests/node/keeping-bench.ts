import type { NodeOptions } from '../../src/node/node-options.ts'
import type { KeepOutput } from '../../src/node/outputs.ts'
import { SimStore } from '../sim/sim-store.ts'
import { Bench } from './bench.ts'

/** A node with a disk that does at once what it is asked. */
export class KeepingBench extends Bench {
  readonly store = new SimStore()
  /** Everything it gave to be kept, in order. */
  readonly kept: KeepOutput[] = []
  /** While true, nothing becomes safe. */
  isStuck = false

  constructor(seed = 1, options: Partial<NodeOptions> = {}) {
    super(seed, { isKeeping: true, ...options })
  }

  override settle(): void {
    super.settle()
    while (this.work()) super.settle()
  }

  private work(): boolean {
    const [keeps, loads] = [this.keeps.splice(0), this.loads.splice(0)]
    this.kept.push(...keeps)
    this.store.commit(keeps)
    const last = this.kept.at(-1)
    if (last !== undefined && !this.isStuck && (keeps.length > 0 || loads.length > 0)) {
      this.node.kept(last.seq, this.now())
    }
    for (const load of loads) this.node.loaded(load.request, this.store.load(load), this.now())
    return keeps.length + loads.length > 0
  }
}
