import fc from 'fast-check'
import { expect, it } from 'vitest'
import { applyOperations, createOperationLog, stateHash } from '../src/index.ts'
import { playHistory, problemsOf, sharesOf, type Step } from '../testing/index.ts'

const step: fc.Arbitrary<Step> = fc.record({ actor: fc.nat(1e6), act: fc.nat(1e6), target: fc.nat(1e6), knowledge: fc.nat(1e6) })
const steps = fc.array(step, { minLength: 4, maxLength: 18 })
const orders = fc.array(fc.array(fc.nat(1e6), { minLength: 8, maxLength: 30 }), { minLength: 2, maxLength: 2 })

it('[AZ23] 26: 1,000 histories, biased to concurrent and back-dated operations, have one state in any order and break no invariant', async () => {
  const total = { pairs: 0, concurrent: 0, operations: 0, backDated: 0 }
  await fc.assert(
    fc.asyncProperty(steps, orders, async (taken, shuffles) => {
      const history = await playHistory(taken)
      const shares = sharesOf(history)
      for (const key of ['pairs', 'concurrent', 'operations', 'backDated'] as const) total[key] += shares[key]
      expect(problemsOf(history, shuffles)).toEqual([])
    }),
    { numRuns: 1_000, seed: 20_260_601 }
  )
  console.log(`histories: ${percent(total.concurrent, total.pairs)} of pairs concurrent, ${percent(total.backDated, total.operations)} of ${total.operations} operations back-dated`)
  expect(total.concurrent / total.pairs).toBeGreaterThan(0.1)
  expect(total.backDated / total.operations).toBeGreaterThan(0.05)
}, 600_000)

it('[AZ24] what arrives one by one in any order ends in the state of the set', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.array(fc.nat(1e6), { minLength: 8, maxLength: 30 }), async (taken, keys) => {
      const { scene, operations } = await playHistory(taken)
      const log = createOperationLog(scene.flow)
      const shuffled = operations.map((op, i) => [keys[i % keys.length] ?? 0, op] as const).sort(([a], [b]) => a - b)
      for (const [, op] of shuffled) log.add([op])
      const arrived = applyOperations({ flow: scene.flow, operations: log.operations() })
      expect(stateHash(arrived)).toBe(stateHash(applyOperations({ flow: scene.flow, operations })))
    }),
    { numRuns: 60, seed: 7 }
  )
}, 120_000)

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`
}
