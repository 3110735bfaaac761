import { whyNoNetworks } from './namespace.ts'

const reason = whyNoNetworks()
if (reason !== null) console.error(`tests/e2e/netns was not run: ${reason}`)

/** Whether this machine can make the networks that the tests of this folder run in; if not, why has been said once. */
export const networkTests = reason === null
