import { describe, expect, it } from 'vitest'
import { createTeardown } from '../../src/teardown.ts'

describe('stopping', () => {
  it('[PC10] goes backwards, and what fails does not keep the rest from being stopped', async () => {
    const order: string[] = []
    const teardown = createTeardown()
    teardown.defer(() => { order.push('first') })
    teardown.defer(async () => { throw new TypeError('broken') })
    teardown.defer(async () => { order.push('last') })
    await expect(teardown.run()).rejects.toThrow('broken')
    expect(order).toEqual(['last', 'first'])
    await teardown.run()
    expect(order).toHaveLength(2)
  })
})
