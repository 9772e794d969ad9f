/** The outcome of reading one value: the value, or what would have been right. */
export type Reading<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly expected: string }

/** Reads one value from its text. */
export type ReadValue<Value> = (text: string) => Reading<Value>

/** One setting: the same name as a flag (`--http-port`), in the environment (`GF_RELAY_HTTP_PORT`) and in the config file (`http-port`). */
export interface Option<Value> {
  readonly flag: string
  /** How the value is shown in `--help`. */
  readonly placeholder: string
  readonly meaning: string
  readonly repeats: boolean
  readonly fallback: Value
  /** Reads the whole setting from its texts: exactly one where it does not repeat. */
  readonly read: (texts: readonly string[]) => Reading<Value>
}

/** A setting with one value. */
export function single<Value>(flag: string, placeholder: string, fallback: NoInfer<Value>, read: ReadValue<Value>, meaning: string): Option<Value> {
  return { flag, placeholder, meaning, repeats: false, fallback, read: readOne(read) }
}

/** A setting with one value or none. */
export function optional<Value>(flag: string, placeholder: string, read: ReadValue<Value>, meaning: string): Option<Value | undefined> {
  return { flag, placeholder, meaning, repeats: false, fallback: undefined, read: readOne(read) }
}

function readOne<Value>(read: ReadValue<Value>): (texts: readonly string[]) => Reading<Value> {
  return (texts) => {
    const [text] = texts
    return text === undefined || texts.length > 1 ? { ok: false, expected: 'exactly one value' } : read(text)
  }
}

/** A setting that may be given several times. Where one value of it is wrong, the setting is. */
export function list<Value>(flag: string, placeholder: string, read: ReadValue<Value>, meaning: string): Option<readonly Value[]> {
  return {
    flag,
    placeholder,
    meaning,
    repeats: true,
    fallback: [],
    read: (texts) => {
      const values: Value[] = []
      for (const text of texts) {
        const reading = read(text)
        if (!reading.ok) return { ok: false, expected: `${reading.expected} (not ${quote(text)})` }
        values.push(reading.value)
      }
      return { ok: true, value: values }
    }
  }
}

/** The environment's name of a flag: `http-port` is `GF_RELAY_HTTP_PORT`. */
export function environmentName(flag: string): string {
  return `GF_RELAY_${flag.replaceAll('-', '_').toUpperCase()}`
}

/** A value in a message: quoted, on one line, at most 60 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)
}
