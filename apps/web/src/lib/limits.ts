// Every number of the page, named and explained. Times in ms, sizes in bytes.

/** How often a tab ticks: the leader says that it lives, the others ask for it. */
export const TAB_TICK_MS = 500

/** Questions in a row that the leader leaves unanswered before another tab takes over: at least 2.5 s of silence, more than the lease. */
export const TAB_UNANSWERED_BEFORE_TAKEOVER = 5

/** How often a leader confirms in storage that it still leads. */
export const TAB_CONFIRM_EVERY_MS = 750

/** How long a leader may act on its last confirmation. It bounds the overlap of two leaders, and is shorter than the silence before a take-over. */
export const TAB_LEASE_MS = 2_000

/** A tab whose own ticks came later than this was asleep: the silence it noticed says nothing about the leader. */
export const TAB_OWN_SLEEP_MS = 1_500

/** Time for one call from a tab to the leading tab, a hand-over in between included. */
export const TAB_CALL_TIMEOUT_MS = 30_000

/** Time without any leader before a call is given up. */
export const TAB_NO_LEADER_TIMEOUT_MS = 8_000

/** Least time between two snapshots that the leader sends to the other tabs. */
export const SNAPSHOT_EVERY_MS = 100

/** How often the numbers of the connected people (bytes, round-trip time) are read again. */
export const PEOPLE_REFRESH_MS = 2_000

/** Messages of the general channel that are kept to be shown. */
export const MAX_SHOWN_MESSAGES = 200

/** Longest text of one message that can be written in the page, in characters. */
export const MAX_MESSAGE_CHARS = 4_000

/** Longest name that a person can choose, in characters. */
export const MAX_NAME_CHARS = 40

/** Least time between two announcements of one's own name to the people who are here. */
export const PROFILE_EVERY_MS = 4_000

/** Names of other people that are remembered. */
export const MAX_REMEMBERED_NAMES = 2_000

/** Ended transfers that are kept to be shown. */
export const MAX_SHOWN_TRANSFERS = 100

/** Questions "will you take this file?" that are shown at once; further ones are declined. */
export const MAX_OPEN_OFFERS = 20

/** People who are in the network and not connected, that can be searched. */
export const MAX_FOUND_PEOPLE = 500

/** People that are shown as cards; the rest is a number and a search. */
export const MAX_SHOWN_PEOPLE = 20

/** Longest multiaddr or ticket that the form takes, in characters. */
export const MAX_TARGET_CHARS = 2_000

/** How long a refusal may still come that the relay sent before it took an invitation. */
export const REFUSAL_LATE_MS = 10_000

/** How long the relay has to answer when an invitation is shown to it. */
export const INVITATION_TIMEOUT_MS = 10_000

/** Time for one step of the self-test. */
export const SELF_TEST_STEP_MS = 6_000

/** Greatest size of the relay's info document that the self-test reads. */
export const MAX_INFO_BYTES = 64 * 1024

/** Greatest size of one message between a page and the peer it embeds, as JSON text, in characters. */
export const MAX_EMBED_MESSAGE_CHARS = 16_384

/** Messages a second that the embedded peer takes from the page around it. */
export const MAX_EMBED_MESSAGES_PER_SECOND = 20

/** Largest file that is copied into this browser's storage so that sending it goes on after a reload. */
export const OUTBOX_MAX_FILE_BYTES = 256 * 1024 * 1024

/** How long an author who speaks through a bridge is shown as being here after the last message. */
export const BRIDGED_PERSON_SHOWN_MS = 10 * 60_000

/** Authors behind bridges that are shown; a bridge could name any number. */
export const MAX_BRIDGED_PEOPLE = 50

/** Longest text of a received message that is shown, in characters. */
export const MAX_SHOWN_TEXT_CHARS = 8_000

/** How long several changes of the peer are gathered before they are shown. */
export const SNAPSHOT_GATHER_MS = 30

/** How long the start of the peer waits for the relay's info document, which names the network. */
export const RELAY_FACTS_TIMEOUT_MS = 4_000

/** How long a call to give a file waits for a refusal before the rest is left to the list of files. */
export const SEND_START_WAIT_MS = 1_500

/** How long a file that was not handed over waits for its person, so that it goes on after a reload. */
export const OUTBOX_KEEP_MS = 24 * 3_600_000

/** Files that wait at most; further ones are given without being kept. */
export const OUTBOX_MAX_FILES = 32

/** How long a tab that takes over waits for the people who were connected before it speaks to everyone. */
export const REUNION_MAX_MS = 6_000
