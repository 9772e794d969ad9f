import { AuthzError, createVerifyBudget, type Did, type Operation, type VerifiedOperation, type Verifier, type VerifyBudget, verifyOperation } from '@gloflow/authz'
import { MAX_SYNC_BUDGETS, SYNC_VERIFY_BURST, SYNC_VERIFY_PAUSE_MS, SYNC_VERIFY_PER_S } from './limits.ts'

/** Checks signatures at the pace that each member has: whoever sends more is read more slowly, on all of its streams together. */
export interface VerifyPace {
  /** Throws AuthzError SIGNATURE_INVALID, FLOW_MISMATCH. Waits while the budget is spent; gives up with VERIFY_BUDGET when `signal` aborts. */
  verify(operation: Operation, flow: string, from: Did, signal: AbortSignal): Promise<VerifiedOperation>
}

export function createVerifyPace(verifier: Verifier, nowS: () => number): VerifyPace {
  const budgets = new Map<Did, VerifyBudget>()

  function budgetOf(did: Did): VerifyBudget {
    const budget = budgets.get(did) ?? createVerifyBudget(nowS(), SYNC_VERIFY_BURST, SYNC_VERIFY_PER_S)
    budgets.delete(did)
    budgets.set(did, budget)
    const [oldest] = budgets.keys()
    if (budgets.size > MAX_SYNC_BUDGETS && oldest !== undefined) budgets.delete(oldest)
    budget.refill(nowS())
    return budget
  }

  return {
    async verify(operation, flow, from, signal) {
      for (;;) {
        try {
          return await verifyOperation(operation, flow, verifier, budgetOf(from))
        } catch (error) {
          if (!(error instanceof AuthzError) || error.code !== 'VERIFY_BUDGET' || signal.aborted) throw error
          await new Promise((resolve) => { setTimeout(resolve, SYNC_VERIFY_PAUSE_MS) })
        }
      }
    }
  }
}
