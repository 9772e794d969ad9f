import { AuthzError } from './errors.ts'

/** Roles by rising power. */
export const ROLES = ['viewer', 'tagger', 'editor', 'admin', 'owner'] as const
export type Role = (typeof ROLES)[number]

/** A role as a number: viewer 0, tagger 1, editor 2, admin 3, owner 4. */
export type Level = 0 | 1 | 2 | 3 | 4
export const TAGGER = 1
export const EDITOR = 2
export const ADMIN = 3
export const OWNER = 4

/** The command of each role (SPEC AZ10): each contains the ones after it. The owner has the admin's, by the root. */
export const COMMANDS = {
  admin: '/gf/flow',
  editor: '/gf/flow/edit',
  tagger: '/gf/flow/edit/tag',
  viewer: '/gf/flow/edit/tag/view'
} as const

const LEVELS: ReadonlyMap<string, Level> = new Map([
  [COMMANDS.viewer, 0],
  [COMMANDS.tagger, 1],
  [COMMANDS.editor, 2],
  [COMMANDS.admin, 3]
])

/** What GloFlow's ten operations and membership need. */
const OPERATION_COMMANDS: ReadonlyMap<string, string> = new Map([
  ['flow_get', COMMANDS.viewer],
  ['flow_add_tag', COMMANDS.tagger],
  ['flow_remove_tag', COMMANDS.tagger],
  ['flow_add_img_tag', COMMANDS.tagger],
  ['flow_remove_img_tag', COMMANDS.tagger],
  ['flow_add_img_note', COMMANDS.tagger],
  ['flow_remove_img_note', COMMANDS.tagger],
  ['flow_add_img', COMMANDS.editor],
  ['flow_remove_img', COMMANDS.editor],
  ['flow_delete', COMMANDS.admin],
  ['membership', COMMANDS.admin]
])

/** Names of the operations that can be asked for. */
export const OPERATIONS: readonly string[] = [...OPERATION_COMMANDS.keys()]

/** The command that `operation` needs; undefined for an operation that nobody defines. Exact names only. */
export function commandOf(operation: string): string | undefined {
  return OPERATION_COMMANDS.get(operation)
}

export function roleOf(level: Level): Role {
  return ROLES[level]
}

/** The command of a level; the owner's is the admin's. */
export function commandOfLevel(level: Level): string {
  return COMMANDS[ROLES[level === OWNER ? ADMIN : level] as keyof typeof COMMANDS]
}

/**
 * The level of a command, which must be a role's, letter by letter.
 * @throws AuthzError COMMAND_INVALID
 */
export function levelOf(command: string): Level {
  const level = LEVELS.get(command)
  if (level === undefined) throw new AuthzError('COMMAND_INVALID', 'A command is one of the four role paths, such as /gf/flow/edit')
  return level
}

/** True where `granted` is `needed` or an ancestor of it, compared segment by segment: `/gf/flow/e` does not cover `/gf/flow/edit`. */
export function covers(granted: string, needed: string): boolean {
  const have = granted.split('/')
  const want = needed.split('/')
  return have.length <= want.length && have.every((segment, i) => segment === want[i])
}
