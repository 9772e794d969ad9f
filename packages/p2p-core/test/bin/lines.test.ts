import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_LINE_BYTES, readLines, type Line } from '../../bin/lines.ts'

async function linesOf(chunks: Uint8Array[]): Promise<string[]> {
  const found: string[] = []
  for await (const line of readLines((async function* () { yield* chunks })())) found.push('text' in line ? line.text : line.error.code)
  return found
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const points = [0, ...[...at].map((point) => point % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return points.slice(1).map((end, index) => bytes.subarray(points[index] ?? 0, end))
}

describe('lines on standard input', () => {
  it('[PC16] come out as they went in, however they are cut into chunks', async () => {
    const text = fc.string({ maxLength: 40, unit: 'grapheme' }).filter((line) => line.trim() !== '' && !line.includes('\n'))
    await fc.assert(fc.asyncProperty(fc.array(text, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 10 }), fc.boolean(), async (lines, cuts, ended) => {
      const bytes = new TextEncoder().encode(lines.join('\n') + (ended ? '\n' : ''))
      expect(await linesOf(cut(bytes, cuts))).toEqual(lines)
    }))
  })

  it('[PC16] one that is too long is skipped and told once, and the next is read', async () => {
    const long = new Uint8Array(3 * MAX_LINE_BYTES).fill(0x61)
    const after = new TextEncoder().encode('\nnext\n')
    expect(await linesOf([long, long, after])).toEqual(['FRAME_TOO_LARGE', 'next'])
    expect(await linesOf([new Uint8Array(MAX_LINE_BYTES).fill(0x61), after])).toEqual(['a'.repeat(MAX_LINE_BYTES), 'next'])
    expect(await linesOf([new Uint8Array(MAX_LINE_BYTES + 1).fill(0x61), after])).toEqual(['FRAME_TOO_LARGE', 'next'])
  })

  it('[PC16] what is not UTF-8 is told, and empty lines are nothing', async () => {
    expect(await linesOf([new Uint8Array([0xff, 0xfe, 0x0a, 0x0a, 0x20, 0x0a, 0x61])])).toEqual(['FRAME_INVALID', 'a'])
  })

  it('[PC16] memory stays bounded while a line without an end comes in', async () => {
    const chunk = new Uint8Array(1024 * 1024).fill(0x61)
    const before = process.memoryUsage().arrayBuffers
    let peak = 0
    const endless = (async function* () {
      for (let index = 0; index < 200; index += 1) {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers)
        yield new Uint8Array(chunk)
      }
    })()
    const found: Line[] = []
    for await (const line of readLines(endless)) found.push(line)
    expect(found).toHaveLength(1)
    expect(peak - before).toBeLessThan(150 * 1024 * 1024)
  })
})
