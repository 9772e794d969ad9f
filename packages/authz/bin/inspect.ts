import { splitBundle, timeProblem } from '../src/bundle.ts'
import { AuthzError, createVerifier, type Delegation, parseBundle, parseDelegation, type Role, roleOf } from '../src/index.ts'
import { createNodeCrypto } from '../testing/index.ts'

export interface Inspection {
  readonly text: string
  readonly verifies: boolean
}

/** Describes a token or a chain link by link, and says what is wrong with each part. Never throws for hostile input. */
export async function inspect(bytes: Uint8Array, now: number): Promise<Inspection> {
  const tokens = attempt(() => splitBundle(bytes))
  if ('error' in tokens) {
    const token = attempt(() => parseDelegation(bytes))
    const isToken = !('error' in token) || tokens.error.code === 'BUNDLE_INVALID' || tokens.error.code === 'BUNDLE_TOO_LARGE'
    if (!isToken) return { text: `does not parse: ${explainError(tokens.error)}\n\nDOES NOT VERIFY`, verifies: false }
    const part = await describeLink(bytes, 0, now)
    return conclude([`delegation of ${bytes.length} bytes, judged at ${date(now)}`, '', ...part.lines], part.verifies)
  }
  const lines = [`bundle of ${bytes.length} bytes, ${tokens.value.length} links, judged at ${date(now)}`]
  const parts = await Promise.all(tokens.value.map((token, i) => describeLink(token, i, now)))
  for (const part of parts) lines.push('', ...part.lines)
  const whole = attempt(() => parseBundle(bytes))
  lines.push('')
  if ('error' in whole) lines.push(`✗ the chain: ${explainError(whole.error)}`)
  else lines.push(`flow ${whole.value.flow}`, `gives ${whole.value.last.aud}`, `the role ${roleOf(whole.value.level)}, as long as the flow's own history has not taken it back`)
  return conclude(lines, !('error' in whole) && parts.every(({ verifies }) => verifies))
}

function conclude(lines: readonly string[], verifies: boolean): Inspection {
  return { text: [...lines, '', verifies ? 'VERIFIES' : 'DOES NOT VERIFY'].join('\n'), verifies }
}

async function describeLink(token: Uint8Array, i: number, now: number): Promise<{ readonly lines: readonly string[]; readonly verifies: boolean }> {
  const parsed = attempt(() => parseDelegation(token))
  if ('error' in parsed) return { lines: [`${i} does not parse  ${token.length} bytes`, `    ✗ ${explainError(parsed.error)}`], verifies: false }
  const link = parsed.value
  const signature = await createVerifier(createNodeCrypto()).check(link).then(() => undefined, (error: unknown) => error)
  const time = timeProblem([link], now)
  const lines = [
    `${i} ${titleOf(link, i)}  ${token.length} bytes`,
    ...factsOf(link),
    signature === undefined ? '    ✓ signed by its issuer' : `    ✗ ${explainError(signature)}`,
    time === undefined ? '    ✓ in force' : `    ✗ ${explainError(time)}`
  ]
  return { lines, verifies: signature === undefined && time === undefined }
}

function titleOf(link: Delegation, i: number): string {
  const role: Role = roleOf(link.level)
  switch (link.kind) {
    case 'grant':
      return link.iss === link.sub ? 'root: the flow, given to its owner' : i === 0 ? `grant: ${role} (no root: a part of a chain)` : `grant: ${role}`
    case 'device':
      return `device of the same person, up to ${role}`
    case 'owner':
      return 'hand-over of the flow'
    case 'invite':
      return 'invitation link: view'
    case 'guest':
      return 'guest of a link: view'
  }
}

function factsOf(link: Delegation): readonly string[] {
  return [
    `    id   ${link.id}`,
    `    from ${link.iss}`,
    `    to   ${link.aud}`,
    `    for  ${link.cmd}`,
    `    time ${link.nbf === undefined ? '' : `from ${date(link.nbf)} `}${link.exp === undefined ? 'without end' : `until ${date(link.exp)}`}`
  ]
}

/** The date, or the bare number where no calendar has it. */
function date(seconds: number): string {
  return seconds > 8_640_000_000_000 ? `${seconds} s` : new Date(seconds * 1000).toISOString().replace('.000', '')
}

function explainError(error: unknown): string {
  if (!(error instanceof AuthzError)) return String(error)
  return `${error.code}${error.link === undefined ? '' : ` at link ${error.link}`}: ${error.message}`
}

function attempt<T>(run: () => T): { readonly value: T } | { readonly error: AuthzError } {
  try {
    return { value: run() }
  } catch (error) {
    if (error instanceof AuthzError) return { error }
    throw error
  }
}
