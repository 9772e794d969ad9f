import { describe, expect, test } from 'vitest'
import { chromiumPath } from '../../support/environment.ts'
import { needsLab } from '../test-support.ts'
import { runCell, type PartyKind } from './cell.ts'
import { possiblePath } from './expected.ts'

/** Within this two peers see each other: less than the 6 s that libp2p gives an address that does not answer. */
const MEET_MS = 5_000

/** The cells that differ in kind; `matrix.ts` runs all of them. */
const CELLS: readonly (readonly [PartyKind, PartyKind, string])[] = [
  ['browser', 'browser', 'pair:port-restricted+port-restricted'],
  ['browser', 'browser', 'pair:symmetric+restricted-cone'],
  ['browser', 'browser', 'pair:symmetric+port-restricted'],
  ['browser', 'browser', 'pair:no-udp+full-cone'],
  ['browser', 'browser', 'pair:tcp-443-only+open'],
  ['browser', 'browser', 'lan:port-restricted'],
  ['browser', 'browser', 'home:port-restricted+port-restricted'],
  ['browser', 'node', 'pair:port-restricted+port-restricted'],
  ['node', 'node', 'pair:port-restricted+port-restricted'],
  ['node', 'node', 'pair:symmetric+symmetric']
]

/** Two Node peers are direct only sometimes on a busy machine (see SPEC.md); `matrix.ts` counts how often. That they meet and hear each other always holds. */
function isUncertain(first: PartyKind, second: PartyKind, topology: string): boolean {
  return first === 'node' && second === 'node' && possiblePath(topology) === 'direct'
}

describe('paths through gateways', () => {
  for (const [first, second, topology] of CELLS) {
    const possible = possiblePath(topology)
    test(`${first} and ${second}, ${topology}: ${possible}${isUncertain(first, second, topology) ? ' or relayed' : ''}, and both hear each other once`, async (context) => {
      needsLab(context)
      if (chromiumPath() === undefined) context.skip('Chromium is not installed')
      const { paths, heard, metMs } = await runCell({ peers: [first, second], topology }, { prove: true })
      if (isUncertain(first, second, topology)) for (const { path, reason } of paths) expect(['direct, webrtc', 'direct, hole-punched', 'relayed, upgrade-failed', 'relayed, upgrading']).toContain(`${path}, ${reason}`)
      else if (possible === 'direct') expect(paths.map(({ path }) => path)).toEqual(topology.startsWith('lan:') ? ['lan', 'lan'] : ['direct', 'direct'])
      else expect(paths.map(({ path, reason }) => `${path}, ${reason}`)).toEqual(['relayed, upgrade-failed', 'relayed, upgrade-failed'])
      expect(heard).toEqual([1, 1])
      expect(metMs).toBeLessThan(MEET_MS)
    })
  }
})
