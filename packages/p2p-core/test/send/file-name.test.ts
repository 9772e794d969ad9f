import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { localFileName, numberedName, requireFileName } from '../../src/protocol/file-name.ts'

const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength
const isFine = (name: string): boolean => {
  try {
    return requireFileName(name) === name
  } catch (error) {
    expect(error).toMatchObject({ code: 'FILE_NAME_INVALID' })
    return false
  }
}

describe('file names', () => {
  it.each(['../x', '..', '.', '', '/etc/passwd', 'a/b', 'C:\\x', 'a\\b', 'a\u0000.png', 'a\nb', '\u202egpj.exe', '\ud800', 'x'.repeat(256), 'ä'.repeat(128)])('[SD1] %j is refused', name => {
    expect(isFine(name)).toBe(false)
  })

  it.each(['a.png', 'Urlaub am Meer (3).jpeg', '写真.png', '.hidden', 'NUL', 'a:b', '🙂.gif', 'x'.repeat(255)])('[SD1] %j may be offered', name => {
    expect(isFine(name)).toBe(true)
  })

  it.each([
    ['a:b?.png', 'a_b_.png'], ['NUL', '_NUL'], ['nul.txt', '_nul.txt'], ['com1.tar.gz', '_com1.tar.gz'], ['.bashrc', '_bashrc'], ['a. ', 'a'], ['...', 'file'],
    ['console.log', 'console.log'], [`${'x'.repeat(250)}.jpeg`, `${'x'.repeat(234)}.jpeg`]
  ])('[SD2] %j is stored as %j', (name, stored) => {
    expect(localFileName(name)).toBe(stored)
  })

  it('[SD2] whatever may be offered is stored under a name that is safe on any common file system, and stays so when it is numbered', () => {
    const pieces = fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('.', '..', ' ', '/', '\\', ':', 'CON', 'nul', 'lpt1', '.png', '\u202e', '\u0000', 'é', '🙂', 'x'.repeat(200))), { maxLength: 8 })
    fc.assert(fc.property(pieces, fc.integer({ min: 1, max: 999 }), (parts, number) => {
      const name = parts.join('')
      fc.pre(isFine(name))
      const stored = localFileName(name)
      for (const safe of [stored, numberedName(stored, number)]) {
        expect(isFine(safe)).toBe(true)
        expect(safe).not.toMatch(/[<>:"/\\|?*\p{Cc}]/u)
        expect(safe).not.toMatch(/[. ]$/)
        expect(safe).not.toMatch(/^\./)
        expect(safe).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i)
        expect(bytesOf(safe)).toBeLessThanOrEqual(255)
      }
      expect(localFileName(stored)).toBe(stored)
    }), { numRuns: 500 })
  })

  it('[SD2] numbers go before the ending', () => {
    expect(numberedName('a.png', 1)).toBe('a.png')
    expect(numberedName('a.png', 2)).toBe('a (2).png')
    expect(numberedName('README', 3)).toBe('README (3)')
  })
})
