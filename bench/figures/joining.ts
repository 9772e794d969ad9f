import type { Figure } from '../figure.ts'
import { createStage, type Person, type Stage } from '../browser.ts'

/** Milliseconds that the browser needs to load the page's files, without joining anything. */
async function loadMs({ page }: Person): Promise<number> {
  return page.evaluate(() => {
    const [entry] = performance.getEntriesByType('navigation')
    return entry instanceof PerformanceNavigationTiming ? entry.domContentLoadedEventEnd : Number.NaN
  })
}

async function inRounds(rounds: number, round: (stage: Stage) => Promise<{ product: number; floor: number }>): Promise<{ product: number[]; floor: number[] }> {
  await using stage = await createStage()
  await round(stage) // the browser's own start is not the page's
  const product: number[] = []
  const floor: number[] = []
  for (let count = 0; count < rounds; count++) {
    const result = await round(stage)
    product.push(result.product)
    floor.push(result.floor)
  }
  return { product, floor }
}

/** A new person opens the URL. */
export const joinCold: Figure = {
  id: 'join-cold',
  title: 'page opened → joined, first visit',
  unit: 'ms',
  floor: 'page loaded',
  aim: '500–1200 ms',
  measure: (rounds) => inRounds(rounds, async (stage) => {
    const person = await stage.newPerson()
    const product = await person.open()
    const floor = await loadMs(person)
    await person.context.close()
    return { product, floor }
  })
}

/** The same person opens it again. */
export const joinWarm: Figure = {
  id: 'join-warm',
  title: 'page opened → joined, again',
  unit: 'ms',
  floor: 'page loaded',
  aim: '200–300 ms',
  measure: (rounds) => inRounds(rounds, async (stage) => {
    const person = await stage.newPerson()
    await person.open()
    const product = await person.reload()
    const floor = await loadMs(person)
    await person.context.close()
    return { product, floor }
  })
}

/** Bytes over HTTP until the page has joined, compressed as they travel. */
export const bytesUntilJoined: Figure = {
  id: 'bytes-joined',
  title: 'bytes loaded until joined, as compressed on the wire',
  unit: 'kB',
  floor: undefined,
  aim: '≤ 185 kB',
  async measure() {
    await using stage = await createStage()
    const person = await stage.newPerson()
    const session = await person.context.newCDPSession(person.page)
    let bytes = 0
    session.on('Network.loadingFinished', (event) => { bytes += event.encodedDataLength })
    await session.send('Network.enable')
    await person.open()
    return { product: [bytes / 1000], floor: [] }
  }
}
