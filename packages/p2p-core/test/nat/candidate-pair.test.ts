import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSameNetwork, readPair } from '../../src/nat/candidate-pair.ts'
import type { Candidate } from '../../src/nat/candidate-pair.ts'

const side = (type: Candidate['type'], address: string | undefined): Candidate => ({ type, address })

/** A report as Chromium and Firefox give it, with a second pair that lost. */
function report(local: Candidate, remote: Candidate, named: boolean): Map<string, unknown> {
  const entry = ({ type, address }: Candidate): object => ({ candidateType: type, ...(address === undefined ? {} : { address }) })
  return new Map<string, unknown>([
    ['P0', { type: 'candidate-pair', state: 'failed', nominated: false, localCandidateId: 'R', remoteCandidateId: 'L' }],
    ['P1', { type: 'candidate-pair', state: 'succeeded', nominated: true, localCandidateId: 'L', remoteCandidateId: 'R' }],
    ['L', entry(local)],
    ['R', entry(remote)],
    ...(named ? [['T', { type: 'transport', selectedCandidatePairId: 'P1' }] as const] : [])
  ])
}

describe('the pair of addresses that ICE chose', () => {
  test.each([true, false])('[NA10] is read from the report, with the transport naming it: %s', named => {
    const [local, remote] = [side('host', '192.168.0.2'), side('srflx', '203.0.113.9')]
    expect(readPair(report(local, remote, named))).toEqual({ local, remote })
  })

  test.each<[boolean, Candidate, Candidate]>([
    [true, side('host', '192.168.0.2'), side('host', '192.168.0.3')],
    [true, side('host', '127.0.0.1'), side('host', '127.0.0.1')],
    [true, side('host', undefined), side('host', '5b2c1f0e-6d0f-4d3f-9d53-2b7c3a1d9e77.local')],
    [true, side('host', 'fd00::2'), side('prflx', 'fd00::3')],
    [false, side('host', '192.168.0.2'), side('srflx', '203.0.113.9')],
    [false, side('srflx', '8.8.8.8'), side('srflx', '9.9.9.9')],
    [false, side('host', '8.8.8.8'), side('host', '9.9.9.9')],
    [false, side('host', '192.168.0.2'), side('prflx', undefined)],
    [false, side('host', '192.168.0.2'), side('relay', '10.0.0.1')],
    [false, side('host', '192.168.0.2'), side('unknown', undefined)]
  ])('[NA10] proves one network (%s) only by addresses of both sides\' own interfaces: %j, %j', (expected, local, remote) => {
    expect(isSameNetwork({ local, remote })).toBe(expected)
    expect(isSameNetwork({ local: remote, remote: local })).toBe(expected)
  })

  test('[NA10] is not made up from anything else', () => {
    fc.assert(fc.property(fc.anything(), value => { expect(readPair(value)).toBeUndefined() }))
    const odd = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.anything()).map(entries => new Map(Object.entries(entries)))
    fc.assert(fc.property(odd, entries => {
      const pair = readPair(entries)
      expect(pair === undefined || !isSameNetwork(pair) || entries.size >= 2).toBe(true)
    }))
  })
})
