/** How much a line matters. */
export type LogLevel = 'info' | 'warn' | 'error'

/** Facts beside a line. They name no peer and no address, unless they are the operator's own. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Writes the relay's log. */
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void

/** Makes a log that writes one line an entry: JSON for programs, or words for people. */
export function createLog(format: 'json' | 'pretty', write: (line: string) => void): Log {
  if (format === 'json') {
    return (level, message, fields = {}) => write(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }))
  }
  return (level, message, fields = {}) => {
    const facts = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`)
    write([level === 'info' ? '' : `${level}:`, message, ...facts].filter((part) => part !== '').join(' '))
  }
}
