import type { PathKind, PathReason, PeerKind } from '@gloflow/p2p-core'

/** The three badges. */
export const PATH_LABEL: Readonly<Record<PathKind, string>> = { direct: 'Direct', lan: 'Same network', relayed: 'Relayed' }

/** Why the path is what it is, and what follows from it for the person. One sentence or two. */
export const REASON_WORDS: Readonly<Record<PathReason, string>> = {
  'dialled': 'Connected straight to its address. Nothing passes through a relay.',
  'webrtc': 'The two of you are connected straight to each other. The relay only introduced you.',
  'hole-punched': 'Connected straight through both routers. The relay only introduced you.',
  'same-network': 'Both devices are on the same network: what you send does not leave it.',
  'upgrading': 'Through the relay for the moment, while a direct path is being tried. The relay cannot read what you send.',
  'upgrade-failed': 'A direct path was tried and did not work: one of the two networks does not let it through. The relay passes on what you send and cannot read it.',
  'no-stun': 'The relay offers no STUN service, which two devices in different networks need to find each other. It passes on what you send and cannot read it.',
  'no-common-transport': 'The other side has no way to be reached directly from a browser. The relay passes on what you send.',
  'relayed-by-choice': 'You chose to be direct only with people you share with, so that others do not see your IP address. The relay passes on what you send and cannot read it.'
}

const TRANSPORT_WORDS: Readonly<Record<string, string>> = {
  'tcp': 'TCP', 'ws': 'WebSocket', 'wss': 'WebSocket over TLS', 'webrtc': 'WebRTC', 'webrtc-direct': 'WebRTC Direct', 'circuit': 'relay circuit', 'bridge': 'bridge'
}

/** The transport as people who know such names write it. */
export function transportWords(transport: string): string {
  return TRANSPORT_WORDS[transport] ?? transport
}

/** What kind of program the other side is. */
export const KIND_WORDS: Readonly<Record<PeerKind, string>> = { browser: 'in a browser', node: 'a peer without a browser', go: 'a GloFlow peer' }
