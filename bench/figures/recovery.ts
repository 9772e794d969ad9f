import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from '../figure.ts'
import { createStage } from '../browser.ts'

/** How long the relay is away: long enough that the first quick attempts have failed. */
const AWAY_MS = 4_000

/** The relay is killed, is away, and comes back: from its READY until the page has its place again. */
export const recovery: Figure = {
  id: 'recovery',
  title: 'relay killed, back after 4 s → page has its place again',
  unit: 'ms',
  floor: undefined,
  aim: '1–3 s, ≤ 10 s',
  async measure(rounds) {
    await using stage = await createStage()
    const person = await stage.newPerson()
    await person.open()
    const product: number[] = []
    const html = person.page.locator('html')
    for (let count = 0; count < rounds; count++) {
      await stage.relay.kill()
      await html.and(person.page.locator(':not([data-gf-state=online])')).waitFor({ state: 'attached' })
      await sleep(AWAY_MS)
      await stage.relay.restart()
      const readyAt = performance.now()
      await html.and(person.page.locator('[data-gf-state=online]')).waitFor({ state: 'attached' })
      product.push(performance.now() - readyAt)
    }
    return { product, floor: [] }
  }
}
