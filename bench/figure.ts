/** The measurements of one figure, each in the figure's unit. */
export interface Samples {
  /** What the product took. */
  readonly product: readonly number[]
  /** The least that any program would take for the same, measured in the same run; empty where there is no such thing. */
  readonly floor: readonly number[]
}

/** One figure: what it is, and how it is measured. */
export interface Figure {
  readonly id: string
  readonly title: string
  readonly unit: 'ms' | 'kB' | 'KiB' | 'MiB'
  /** What the floor is, in words; `undefined` where there is none. */
  readonly floor: string | undefined
  /** What is aimed at, in words. */
  readonly aim: string
  measure(rounds: number): Promise<Samples>
}

/** One line of the result. */
export interface Row {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly rounds: number
  readonly floor: { readonly title: string; readonly median: number; readonly ratio: number } | undefined
  readonly aim: string
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper
}

/** Sums the samples of a figure up. */
export function summarize(figure: Figure, samples: Samples): Row {
  const { product, floor } = samples
  const floorMedian = median(floor)
  return {
    id: figure.id,
    title: figure.title,
    unit: figure.unit,
    median: median(product),
    min: Math.min(...product),
    max: Math.max(...product),
    rounds: product.length,
    floor: figure.floor === undefined || floor.length === 0 ? undefined : { title: figure.floor, median: floorMedian, ratio: median(product) / floorMedian },
    aim: figure.aim
  }
}

/** The result as a table of Markdown. */
export function table(rows: readonly Row[]): string {
  const show = (value: number): string => value >= 100 ? value.toFixed(0) : value.toPrecision(3)
  const lines = rows.map((row) => {
    const floor = row.floor === undefined ? '–' : `${show(row.floor.median)} (${row.floor.title})`
    const ratio = row.floor === undefined ? '–' : row.floor.ratio.toFixed(2)
    return `| ${row.id} | ${row.title} | ${show(row.median)} ${row.unit} | ${show(row.min)}–${show(row.max)} (${row.rounds}) | ${floor} | ${ratio} | ${row.aim} |`
  })
  return ['| id | figure | median | min–max (rounds) | floor | ratio | aim |', '| --- | --- | --- | --- | --- | --- | --- |', ...lines].join('\n')
}
