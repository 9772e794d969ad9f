/** Time for one `ip`, `nft` or `sh` command. */
export const COMMAND_TIMEOUT_MS = 20_000

/** Time for compiling the gateway with a cold build cache, on a busy machine. */
export const GATEWAY_BUILD_TIMEOUT_MS = 180_000

/** Time until a gateway process says that it is ready. */
export const GATEWAY_READY_TIMEOUT_MS = 10_000

/** Time that a process in a namespace gets to end by itself after SIGTERM. */
export const STOP_GRACE_MS = 2_000

/** RFC 4787 wants 2 min or more for UDP; home routers give 30 s, so that is what a label says where it says nothing. */
export const DEFAULT_UDP_IDLE_MS = 30_000

/** RFC 5382 wants 2 h 4 min for established TCP; the issue asks for 60 s. */
export const DEFAULT_TCP_IDLE_MS = 60_000

/** Sites of one laboratory; an address plan has one octet for them, and the last ones are taken by the laboratory. */
export const MAX_SITES = 200

/** Hosts of one site. */
export const MAX_HOSTS_PER_SITE = 100

/** Output that `exec` keeps of one process. */
export const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
