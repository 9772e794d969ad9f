import type { VectorCase } from '../../testing/index.ts'
import { bundleCases } from './bundles.ts'
import { createCases } from './cases.ts'
import { delegationCases } from './delegations.ts'
import { operationCases } from './operations.ts'
import { checkpointCases, possessionCases } from './others.ts'
import { signatureCases } from './signatures.ts'

const SEED = 'gloflow vectors 1'

/** All cases by kind, in the order of their files. */
export async function makeVectors(): Promise<ReadonlyMap<VectorCase['kind'], readonly VectorCase[]>> {
  const cases = createCases(SEED)
  await delegationCases(cases)
  await signatureCases(cases)
  await bundleCases(cases)
  await checkpointCases(cases)
  await possessionCases(cases)
  await operationCases(cases)
  const kinds = new Map<VectorCase['kind'], VectorCase[]>()
  for (const vector of cases.all()) kinds.set(vector.kind, [...(kinds.get(vector.kind) ?? []), vector])
  return kinds
}
