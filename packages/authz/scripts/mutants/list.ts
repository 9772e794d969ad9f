/** One security rule taken out of the source, and the tests that must notice. */
export interface Mutant {
  readonly rule: string
  readonly what: string
  readonly file: string
  readonly find: string
  readonly replace: string
  readonly tests: readonly string[]
  /** Only tests whose name has this. */
  readonly named?: string
}

const token = (rule: string, what: string, file: string, find: string, replace: string): Mutant => ({ rule, what, file, find, replace, tests: ['vectors'], named: `\\[${rule}\\]` })
const member = (rule: string, what: string, file: string, find: string, replace: string, test: string): Mutant => ({ rule, what, file, find, replace, tests: [test], named: `\\[${rule}\\]` })

const TOKENS: readonly Mutant[] = [
  token('AZ1', 'depth is not bounded', 'cbor.ts', 'if (open.length >= MAX_CBOR_DEPTH) throw', 'if (open.length >= 99_999) throw'),
  token('AZ1', 'counts are not bounded', 'cbor.ts', 'if (count > MAX_CBOR_ITEMS) throw', 'if (count > Number.MAX_SAFE_INTEGER) throw'),
  token('AZ2', 'a second encoding is taken', 'cbor.ts', 'if (!equalBytes(dagCbor.encode(value), bytes)) throw', 'if (bytes.length === 0) throw'),
  token('AZ3', 'more may stand beside the signed body', 'envelope.ts', 'Object.keys(payload).length !== 2', 'Object.keys(payload).length < 2'),
  token('AZ3', 'any signature algorithm header', 'envelope.ts', 'if (!equalBytes(header, VARSIG)) throw', 'if (header.length === 0) throw'),
  { ...token('AZ3', 'an id depends on the signature', 'envelope.ts', 'id: toHex(sha256(signed))', 'id: toHex(sha256(bytes))'), named: 't19' },
  token('AZ4', 'unknown fields are ignored', 'fields.ts', 'if (!required.includes(key) && !optional.includes(key)) throw', 'if (key === "") throw'),
  token('AZ5', 'other key types are taken', 'did.ts', 'if (bytes[0] !== ED25519[0] || bytes[1] !== ED25519[1]) {', 'if (bytes.length < 3) {'),
  token('AZ6', 'weak keys are taken', 'did.ts', 'if (isWeakKey(key)) throw', 'if (key.length === 0) throw'),
  token('AZ7', 'S may be L or more', 'did.ts', ' && isBelow(signature.subarray(32), L)', ''),
  token('AZ7', 'R may be of small order', 'did.ts', '!isWeakKey(signature.subarray(0, 32)) && ', ''),
  token('AZ7', 'no signature is checked', 'verify.ts', 'return key.length === 32 && !isWeakKey(key) && isSignatureShape(signature) && crypto.verify(key, message, signature)', 'return key.length === 32 || crypto.verify(key, message, signature)'),
  token('AZ8', 'any number of links', 'bundle.ts', 'if (tokens.length > MAX_CHAIN_LINKS) throw', 'if (tokens.length > 9_999) throw'),
  token('AZ9', 'a delegation for every flow', 'delegation.ts', "if (fields.get('sub') === null) throw", "if (fields.get('sub') === 0) throw"),
  token('AZ9', 'conditions are ignored', 'delegation.ts', "if (readList(fields, 'pol', Number.MAX_SAFE_INTEGER).length > 0) throw", "if (readList(fields, 'pol', Number.MAX_SAFE_INTEGER).length > 99) throw"),
  token('AZ9', 'a nonce may be empty', 'limits.ts', 'export const MIN_NONCE_BYTES = 12', 'export const MIN_NONCE_BYTES = 0'),
  token('AZ9', 'links may live for ever', 'delegation.ts', "if (kind === 'invite' && exp === undefined) throw", "if (kind === 'invite' && exp === 0) throw"),
  { ...token('AZ10', 'commands are compared as text', 'roles.ts', 'return have.length <= want.length && have.every((segment, i) => segment === want[i])', 'return want.length > 0 && have.length > 0 && needed.startsWith(granted)'), tests: ['properties'] },
  token('AZ11', 'any root will do', 'bundle.ts', "const whole = root.iss === root.sub && root.cmd === '/gf/flow' && root.kind === 'grant'", 'const whole = root.iss !== root.aud'),
  token('AZ11', 'a root may end', 'bundle.ts', 'if (!whole || root.exp !== undefined || root.nbf !== undefined) {', 'if (!whole) {'),
  token('AZ11', 'another flow’s root counts', 'authorize.ts', "if (bundle.flow !== view.flow) return denied('FLOW_MISMATCH', 0)", ''),
  token('AZ12', 'links need not meet', 'bundle.ts', 'if (child.iss !== parent.aud) throw', 'if (child.iss === child.aud) throw'),
  token('AZ12', 'the subject may change', 'bundle.ts', 'if (child.sub !== parent.sub) throw', 'if (child.sub === child.aud) throw'),
  token('AZ12', 'a child may widen', 'bundle.ts', 'if (!covers(parent.cmd, child.cmd)) throw', 'if (child.iss === child.aud) throw'),
  token('AZ12', 'a link may come twice', 'bundle.ts', 'if (ids.has(child.id)) throw', 'if (child.iss === child.aud) throw'),
  token('AZ13', 'everybody hands on what it has', 'bundle.ts', 'if (level >= ADMIN && level > child.level) return child.level', 'if (level >= child.level) return child.level'),
  token('AZ13', 'an admin makes admins', 'bundle.ts', 'if (level >= ADMIN && level > child.level) return child.level', 'if (level >= ADMIN) return child.level'),
  token('AZ13', 'a guest passes on, an invite grants', 'bundle.ts', "if (parent.kind === 'guest' || afterInvite !== (child.kind === 'guest')) throw", "if (parent.kind === 'owner' && afterInvite) throw"),
  token('AZ13', 'anybody hands the flow over', 'bundle.ts', 'if (level === OWNER) return OWNER', 'if (level >= 0) return OWNER'),
  token('AZ14', 'the end is a second early', 'bundle.ts', 'now > link.exp + CLOCK_SKEW_S', 'now >= link.exp + CLOCK_SKEW_S'),
  token('AZ14', 'what has not begun counts', 'bundle.ts', 'if (link.nbf !== undefined && now < link.nbf - CLOCK_SKEW_S) return', 'if (link.nbf === -1) return'),
  token('AZ15', 'only the last signature is checked', 'bundle.ts', 'for (const [i, link] of parsed.links.entries()) await', 'for (const [i, link] of [parsed.last].entries()) await'),
  { ...token('AZ16', 'any proof will do', 'bundle.ts', 'if (link.id !== id) throw', 'if (link.id === "") throw'), tests: ['tokens'] },
  token('AZ17', 'the remote is not compared', 'authorize.ts', "if (bundle.last.aud !== request.remote) return denied('WRONG_AUDIENCE', bundle.links.length - 1)", ''),
  token('AZ17', 'the role is not compared', 'authorize.ts', 'if (!covers(commandOfLevel(standing.level), needed)) return', 'if (needed === "") return'),
  token('AZ17', 'public lets anyone write', 'authorize.ts', "if (view.publicView && request.operation === 'flow_get') return", 'if (view.publicView) return'),
  token('AZ18', 'unknown links count', 'authorize.ts', "if (record === undefined) return denied('LINK_UNKNOWN', i)", 'if (record === undefined) continue'),
  token('AZ18', 'void links count', 'authorize.ts', "if (record.status === 'void') return denied('LINK_VOID', i)", ''),
  token('AZ18', 'ended links count', 'authorize.ts', "if (record.status === 'ended') return denied('LINK_ENDED', i)", ''),
  token('AZ18', 'a demotion does not show', 'authorize.ts', 'if (record.level < level) level = record.level', ''),
  token('AZ19', 'void links count outside', 'authorize.ts', 'if (view.voidLinks.has(link.id) && !kept) return', 'if (view.voidLinks.has(link.id) && kept) return'),
  token('AZ20', 'an empty list of flows is allowed', 'authorize.ts', "if (request.flows.length === 0) return denied('NO_RESOURCE')", ''),
  token('AZ21', 'age is not bounded', 'checkpoint.ts', 'if (next.iat < now - maxAgeS) throw', 'if (next.iat < 0) throw'),
  token('AZ21', 'a verifier goes back', 'checkpoint.ts', 'const behind = next.iat < floor.iat || (next.iat === floor.iat && next.id !== floor.id)', 'const behind = next.iat < 0'),
  token('AZ21', 'a removed admin signs news', 'checkpoint.ts', 'for (const view of floor === undefined ? [accepted] : [floor, accepted]) {', 'for (const view of [accepted]) {'),
  token('AZ21', 'anybody signs checkpoints', 'checkpoint.ts', 'if (chain.level < ADMIN) throw', 'if (chain.level < 0) throw'),
  token('AZ22', 'a proof is replayed', 'possession.ts', ' && equalBytes(proof.nonce, policy.nonce)', ''),
  token('AZ22', 'a proof serves another server', 'possession.ts', 'proof.aud === policy.server && ', ''),
  token('AZ22', 'a proof serves another request', 'possession.ts', ' && equalBytes(proof.request, policy.request)', '')
]

const MEMBERSHIP: readonly Mutant[] = [
  member('AZ24', 'strangers’ operations are kept', 'state/graph.ts', "if (!letIn) return 'NOT_A_MEMBER'", '', 'log'),
  member('AZ24', 'chains may be broken', 'state/graph.ts', "return 'OPERATION_CHAIN'", 'return undefined', 'rules'),
  member('AZ24', 'any number may wait', 'log.ts', 'if (pending.size >= limits.maxPending || pendingBytes + op.bytes.length > limits.maxPendingBytes || ofAuthor >= limits.maxPendingPerAuthor) return false', '', 'log'),
  member('AZ25', 'a revocation voids nothing', 'state/world.ts', "return isAbout(world, by, did, author.level) && outranks(world, by, author.level) && world.facts.reach(by).mode !== 'self'", 'return false', 'convergence'),
  member('AZ25', 'seen may be older than what was known', 'state/judge.ts', 'tip.seen === expected[i].seen)', 'true)', 'convergence'),
  member('AZ25', 'seen need not be said', 'state/judge.ts', 'if (tips.length !== expected.length) return false', 'if (tips.length === 0) return true', 'rules'),
  member('AZ25', 'strangers can be removed', 'state/judge.ts', "(act.scope === 'person' && !wasGranted(world, person, at))", 'false', 'convergence'),
  member('AZ26', 'an admin erases', 'state/judge.ts', 'return sawAll(world, at, act.tips, author.level === OWNER)', 'return sawAll(world, at, act.tips, true)', 'convergence'),
  member('AZ26', 'erasing erases nothing', 'state/world.ts', 'if (!erases && graph.before(at, by)) return false', 'if (graph.before(at, by)) return false', 'convergence'),
  member('AZ26', 'a forked revocation holds', 'state/width.ts', "if (isForked(world, at, inStage)) found.set(at, 'REVOCATION_FORKED')\n    else if", 'if', 'convergence'),
  member('AZ26', 'what the owner builds on can be voided', 'state/width.ts', 'return byOwner || builtOn.length > MAX_VOIDED_BY_ADMIN', 'return builtOn.length > MAX_VOIDED_BY_ADMIN', 'convergence'),
  member('AZ26', 'an admin erases years', 'state/width.ts', 'return byOwner || builtOn.length > MAX_VOIDED_BY_ADMIN', 'return byOwner', 'convergence'),
  member('AZ26', 'who is removed undoes it by making more', 'state/width.ts', 'const builtOn = voided.filter((x) => builders.some((builder) => graph.before(x, builder)))', 'const builtOn = voided', 'convergence'),
  member('AZ27', 'equals revoke equals', 'state/world.ts', "return mode === 'recovery' ? levelAt(world, by) >= level : levelAt(world, by) > level", 'return levelAt(world, by) >= level', 'rules'),
  member('AZ27', 'an admin removes one made admin meanwhile', 'state/world.ts', 'holds(world, by) && levelAt(world, by) > level\n', 'holds(world, by)\n', 'convergence'),
  member('AZ27', 'the owner can be removed', 'state/judge.ts', "if (ownerIn(world, at) === person) return 'OWNER_IRREMOVABLE'", '', 'convergence'),
  member('AZ27', 'admins remove admins', 'state/judge.ts', 'return author.level < OWNER && (personLevel(world, person, at)?.level ?? 0) >= ADMIN ?', 'return author.level < TAGGER && (personLevel(world, person, at)?.level ?? 0) >= ADMIN ?', 'convergence'),
  member('AZ27', 'an admin makes admins', 'state/judge.ts', "if (dlg.level >= author.level) return 'ROLE_TOO_LOW'", '', 'convergence'),
  member('AZ27', 'anybody does anything', 'state/judge.ts', "if (needOf(world, op) > author.level) return 'ROLE_TOO_LOW'", '', 'convergence'),
  member('AZ27', 'a race raises', 'state/world.ts', 'b.giver - a.giver || a.level - b.level', 'b.level - a.level', 'convergence'),
  member('AZ28', 'a concurrent grant beats a removal', 'state/world.ts', 'const ends = (by: number): boolean => facts.inScope(by, scope) && !facts.graph.before(by, at)', 'const ends = (by: number): boolean => facts.inScope(by, scope) && facts.graph.before(at, by)', 'convergence'),
  member('AZ28', 'nobody comes back', 'state/world.ts', 'const ends = (by: number): boolean => facts.inScope(by, scope) && !facts.graph.before(by, at)', 'const ends = (by: number): boolean => facts.inScope(by, scope)', 'convergence'),
  member('AZ29', 'a demoted admin goes on meanwhile', 'state/world.ts', "return act?.t === 'grant' && !graph.before(at, by)", "return act?.t === 'adopt' && !graph.before(at, by)", 'convergence'),
  member('AZ29', 'a role change sees nothing', 'state/judge.ts', "if (!sawAll(world, at, act.tips, false)) return 'SEEN_MISMATCH'\n  if (via", 'if (via', 'convergence'),
  member('AZ30', 'cascade does nothing', 'state/world.ts', 'if (facts.cascades().some((by) => facts.reach(by).devices.has(op.iss) && ends(by))) return true', '', 'convergence'),
  member('AZ30', 'a cascade goes by void grants, too', 'state/world.ts', '(cascaded.get(did) ?? []).some((grant) => holds(world, grant) && levelAt(world, grant) > level)', 'cascaded.has(did)', 'convergence'),
  member('AZ30', 'everything cascades', 'state/facts.ts', "if (act.t === 'revoke' && act.cascade) cascades.push(at)", "if (act.t === 'revoke') cascades.push(at)", 'convergence'),
  member('AZ30', 'links of a revoked device stay', 'state/facts.ts', 'linkedFrom(device, scope, false)', 'new Set([device])', 'persons'),
  member('AZ31', 'anybody adopts', 'state/judge.ts', "return target?.t === 'content' ? CONTENT_LEVELS[target.need] : EDITOR", 'return 0', 'convergence'),
  member('AZ31', 'what is set aside is not bounded', 'state/state.ts', 'if (count < MAX_QUARANTINED_PER_AUTHOR) quarantine', 'quarantine', 'convergence'),
  member('AZ32', 'one of two hand-overs counts', 'state/stages.ts', 'if (candidates.length > 1 || only', 'if (only', 'convergence'),
  member('AZ32', 'the old owner commands beside the hand-over', 'state/stages.ts', 'candidates.includes(at) || candidates.some((candidate) => facts.graph.before(at, candidate)) ? isOwner(standing, at) : undefined', 'isOwner(standing, at)', 'convergence'),
  member('AZ33', 'no consent is needed', 'actions.ts', 'if (card.iss !== iss || card.by !== by) throw', 'if (card.iss !== iss) throw', 'persons'),
  member('AZ33', 'a removed person’s other devices stay', 'state/facts.ts', '=> linkedFrom(person, scope, true)', '=> new Set([person])', 'persons'),
  member('AZ33', 'links that do not hold count', 'state/world.ts', "(op.act.t !== 'device' && op.act.t !== 'recovery') || !facts.inScope(at, scope) || !holds(world, at)) continue", "(op.act.t !== 'device' && op.act.t !== 'recovery') || !facts.inScope(at, scope)) continue", 'persons'),
  member('AZ34', 'a device outranks its person’s others', 'state/judge.ts', 'if (author.level < ADMIN || person === author.person) return', 'if (author.level < ADMIN) return', 'persons'),
  member('AZ34', 'a thief mints a senior', 'state/recovery.ts', 'return holds(world, first.at) && (isOld(world, first) || isConfirmed(world, first, scope))', 'return holds(world, first.at)', 'persons'),
  member('AZ34', 'a device replaces the key', 'state/facts.ts', 'if (same === undefined && byOld === undefined && current.some((other) => isOldEnough(other))) return\n', '', 'persons'),
  member('AZ34', 'a replaced key goes on', 'state/recovery.ts', 'return !replaced && current', 'return current', 'persons'),
  member('AZ34', 'two first keys both count', 'state/recovery.ts', ' && !isSeniorityFrozen(world, person)', '', 'persons'),
  member('AZ34', 'an accomplice takes a device out of the key’s reach', 'state/facts.ts', 'inScope(other.at, at) && devicesOf(other.person, at).has(who))', 'inScope(other.at, at) && personOf(who, at) === other.person)', 'persons'),
  member('AZ34', 'the author confirms itself', 'state/judge.ts', "if (own) return 'RECOVERY_INVALID'", '', 'persons'),
  member('AZ34', 'a promotion brings a lost device back', 'state/world.ts', 'if (own !== undefined && !isFirstDeviceLost(world, did, scope)) yield', 'if (own !== undefined) yield', 'persons'),
  member('AZ35', 'an epoch hands out any key', 'epoch-keys.ts', 'if (!equalBytes(commitmentOf(flow, key), commit)) throw', 'if (key.length === 0) throw', 'read-access'),
  member('AZ35', 'a wrap is not bound to its recipient and epoch', 'epoch-keys.ts', 'return concatBytes(commit, keyOfDid(did))', 'return keyOfDid(did).subarray(0, commit.length * 0)', 'read-access'),
  member('AZ35', 'what is sealed is not bound to its image', 'epoch-keys.ts', "return concatBytes(utf8('gf-image-key-v1'), idBytes(flow), idBytes(epoch), digest)", "return concatBytes(utf8('gf-image-key-v1'), idBytes(flow), idBytes(epoch), digest.subarray(32))", 'read-access'),
  member('AZ36', 'an epoch that a removed member reads is written under', 'state/epochs.ts', 'usable: [...readers].every((did) => allowed.has(did))', 'usable: readers.size >= 0 && allowed.size >= 0', 'read-access'),
  member('AZ36', 'keys are wrapped for strangers', 'state/epochs.ts', "return act.wraps.every((wrap) => cameIn(wrap.did)) ? undefined : 'RECIPIENT_NOT_ALLOWED'", 'return act.wraps.some((wrap) => cameIn(wrap.did)) ? undefined : undefined', 'read-access'),
  member('AZ36', 'content names no epoch', 'state/epochs.ts', "if (act?.t === 'content') return isEpoch(act.epoch, true) ? undefined : 'EPOCH_UNKNOWN'", "if (act?.t === 'content') return undefined", 'read-access'),
  member('AZ37', 'public wins', 'state/state.ts', 'return keys.includes(undefined) ? undefined : keys[0]', 'return keys.find((key) => key !== undefined)', 'read-access'),
  member('AZ38', 'an admission gives any role', 'state/judge.ts', "if (dlg.level > offer.level) return 'ROLE_TOO_LOW'", '', 'rules'),
  member('AZ39', 'concurrent admissions all count', 'state/stages.ts', "for (const at of overAdmitted(world)) overrule(world, at, 'INVITE_EXHAUSTED')", 'overAdmitted(world)', 'persons'),
  member('AZ40', 'a dead link admits', 'state/judge.ts', "if (offer?.t !== 'invite') return 'INVITE_DEAD'", "if (offer?.t !== 'invite') return undefined", 'persons'),
  member('AZ40', 'links of a removed maker live on', 'state/facts.ts', 'for (const i of within(invitesBy.get(device), at)) addInvite(named, i)\n', '', 'persons'),
  member('AZ40', 'the link that a removed person came by lives on', 'state/facts.ts', "if (act.scope === 'person') for (const i of within(grants.get(person), at)) addVia(named, i)", '', 'persons'),
  member('AZ40', 'other links live on', 'authoring.ts', '(live && !kept.has(link) ? [link] : [])', '(live && kept.has("" as never) ? [link] : [])', 'persons'),
  member('AZ41', 'another flow’s operations count', 'operation.ts', 'if (operation.flow !== flow) throw', 'if (operation.flow === "") throw', 'log'),
  { ...member('AZ41', 'tokens inside operations are not checked', 'operation.ts', 'for (const signed of [operation, ...carried(operation.act)]) await', 'for (const signed of [operation]) await', 'vectors'), named: 'AZ41' },
  member('AZ42', 'the words’ checksum is ignored', 'recovery-key.ts', 'if (bytes[ENTROPY_BYTES] !== sha256(entropy)[0]) throw', 'if (entropy.length === 0) throw', 'persons'),
  member('AZ42', 'few rounds are taken', 'recovery-key.ts', 'rounds >= MIN_PBKDF2_ROUNDS && ', '', 'persons')
]

const history = (what: string, file: string, find: string, replace: string): Mutant => ({ rule: 'AZ23', what: `${what} (random histories)`, file, find, replace, tests: ['histories'], named: '\\[AZ23\\]' })

/** What the random histories must notice by themselves: a generator that draws nothing concurrent or back-dated would let these live. */
const HISTORIES: readonly Mutant[] = [
  history('the order of delivery decides ties', 'state/graph.ts', 'a.depth - b.depth || compareText(a.op.id, b.op.id)', 'a.depth - b.depth'),
  history('a revocation voids nothing', 'state/world.ts', "return isAbout(world, by, did, author.level) && outranks(world, by, author.level) && world.facts.reach(by).mode !== 'self'", 'return false'),
  history('a concurrent grant beats a removal', 'state/world.ts', 'const ends = (by: number): boolean => facts.inScope(by, scope) && !facts.graph.before(by, at)', 'const ends = (by: number): boolean => facts.inScope(by, scope) && facts.graph.before(at, by)'),
  history('the owner can be removed', 'state/world.ts', 'if (ownerIn(world, scope) === person) return { at: tenureIn(world, scope)?.start ?? 0, level: OWNER, giver: OWNER }\n', ''),
  history('concurrent admissions all count', 'state/stages.ts', "for (const at of overAdmitted(world)) overrule(world, at, 'INVITE_EXHAUSTED')", 'overAdmitted(world)'),
  history('removal does not last', 'state/world.ts', 'if (facts.removing(person).some(ends)) return true', ''),
  history('void links are handed out as chains', 'state/links.ts', "if (!holds(world, at)) return { status: 'void', level: 0 }", "if (!holds(world, at)) return { status: 'live', level: delegation.level }")
]

export const MUTANTS: readonly Mutant[] = [...TOKENS, ...MEMBERSHIP, ...HISTORIES]
