/** The invitation to use this origin's relay in a page's address (`#relay-invite=…`); undefined where there is none. */
export function invitationIn(hash: string): string | undefined {
  return /^#relay-invite=([\w-]{0,512})$/.exec(hash)?.[1]
}
