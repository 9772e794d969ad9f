import { messageOf } from '../errors.ts'
import { MAX_CONFIG_FILE_BYTES } from '../limits.ts'
import { optionEntries } from './options.ts'

/** Reads a JSON config file into texts by flag name. Adds to `problems` what is wrong with it and leaves that out. */
export function readFileSettings(path: string, readFile: (path: string) => string, problems: string[]): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, readonly string[]>()
  const content = readJson(path, readFile, problems)
  if (content === undefined) return settings
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.push(`${path}: expected one JSON object, such as {"http-port": 8080}.`)
    return settings
  }
  const repeats = new Map(optionEntries().map(([, option]) => [option.flag, option.repeats]))
  for (const [name, value] of Object.entries(content)) {
    const mayRepeat = repeats.get(name)
    if (mayRepeat === undefined) {
      problems.push(`"${name.slice(0, 60)}" in ${path}: there is no such setting; see --help.`)
      continue
    }
    const texts = toTexts(value, mayRepeat)
    if (texts === undefined) problems.push(`"${name}" in ${path}: expected ${mayRepeat ? 'a list of texts' : 'one text, number or boolean'}.`)
    else settings.set(name, texts)
  }
  return settings
}

function readJson(path: string, readFile: (path: string) => string, problems: string[]): unknown {
  try {
    const text = readFile(path)
    if (Buffer.byteLength(text) > MAX_CONFIG_FILE_BYTES) {
      problems.push(`${path}: is larger than ${MAX_CONFIG_FILE_BYTES} bytes, so it is hardly a config file.`)
      return undefined
    }
    return JSON.parse(text)
  } catch (error) {
    problems.push(`${path}: cannot be read as JSON (${messageOf(error)}).`)
    return undefined
  }
}

function toTexts(value: unknown, mayRepeat: boolean): readonly string[] | undefined {
  if (Array.isArray(value)) {
    const texts = value.map(toText)
    return mayRepeat && texts.every((text) => text !== undefined) ? texts : undefined
  }
  const text = toText(value)
  return text === undefined ? undefined : [text]
}

function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}
