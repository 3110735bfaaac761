import { openOpus } from '../../src/adapters/opus.ts'
import { codecCompliance } from './codec.compliance.ts'
import { PlainCodec } from './plain-codec.ts'

const opus = await openOpus()
if (!opus.ok) throw opus.cause

codecCompliance('Opus', opus)

codecCompliance('The plain codec of simulations', new PlainCodec())
