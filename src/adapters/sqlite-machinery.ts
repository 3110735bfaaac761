import { Bundles } from './sqlite-bundles.ts'
import { Forks } from './sqlite-forks.ts'
import { SearchIndex } from './sqlite-index.ts'
import { Projection } from './sqlite-projection.ts'
import { Registry } from './sqlite-registry.ts'
import type { Rows } from './sqlite-rows.ts'

/** What keeps a history's tables, over one connection. */
export class Machinery {
  readonly registry: Registry
  readonly index: SearchIndex
  readonly forks: Forks
  readonly bundles: Bundles
  readonly projection: Projection

  constructor(readonly rows: Rows) {
    this.registry = new Registry(rows)
    this.index = new SearchIndex(rows)
    this.forks = new Forks(rows, this.registry, () => this.projection)
    this.bundles = new Bundles(rows, this.registry, this.forks, () => this.projection)
    this.projection = new Projection(rows, this.registry, this.index, {
      forget: (feed, number, event) => this.bundles.forgetBody(feed, number, event),
    })
  }
}
