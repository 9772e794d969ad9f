/** GloFlow's general channel: newline-framed JSON objects. The ID is GloFlow's own and does not change. */
export const GENERAL_PROTOCOL = '/gf/general/0.0.1'

/** Sending a file to a person who is here. */
export const SEND_PROTOCOL = '/gf/send/1.0.0'

/** Presents proofs of permission once a connection. */
export const AUTH_PROTOCOL = '/gf/auth/1.0.0'

/** Exchanges the signed operations of a flow. */
export const FLOW_SYNC_PROTOCOL = '/gf/flow-sync/1.0.0'

/** libp2p's rendezvous protocol. Source: libp2p/specs, rendezvous/README.md. */
export const RENDEZVOUS_PROTOCOL = '/rendezvous/1.0.0'

/** The network that peers join by default: rendezvous namespace and GloFlow's DHT rendezvous string. */
export const DEFAULT_NETWORK = 'gloflow_testnet'
