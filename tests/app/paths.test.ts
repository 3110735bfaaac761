import { describe, expect, test } from 'bun:test'
import { configFolder } from '../../src/app/paths.ts'

const nobody = () => null
const ann = () => '/home/ann'

describe('the config folder', () => {
  test('is the XDG one wherever XDG_CONFIG_HOME is set to a whole path', () => {
    expect(configFolder({ XDG_CONFIG_HOME: '/x', HOME: '/h' }, 'linux', ann)).toBe('/x/hearsay')
    expect(configFolder({ XDG_CONFIG_HOME: '/x', HOME: '/h' }, 'darwin', ann)).toBe('/x/hearsay')
    expect(configFolder({ XDG_CONFIG_HOME: 'x', HOME: '/h' }, 'linux', ann)).toBe('/h/.config/hearsay')
    expect(configFolder({ XDG_CONFIG_HOME: '', HOME: '/h' }, 'linux', ann)).toBe('/h/.config/hearsay')
  })

  test('is in the usual place of each system', () => {
    expect(configFolder({ HOME: '/h' }, 'linux', ann)).toBe('/h/.config/hearsay')
    expect(configFolder({ HOME: '/Users/a' }, 'darwin', ann)).toBe('/Users/a/Library/Application Support/hearsay')
    expect(configFolder({ APPDATA: 'C:\\R' }, 'win32', nobody)).toBe('C:\\R\\hearsay')
    expect(configFolder({ USERPROFILE: 'C:\\U' }, 'win32', nobody)).toBe('C:\\U\\AppData\\Roaming\\hearsay')
  })

  test('is found in an empty environment through the password file, and told as unknown without one', () => {
    expect(configFolder({}, 'linux', ann)).toBe('/home/ann/.config/hearsay')
    expect(configFolder({ HOME: '' }, 'linux', ann)).toBe('/home/ann/.config/hearsay')
    expect(configFolder({ HOME: 'relative' }, 'linux', ann)).toBe('/home/ann/.config/hearsay')
    expect(configFolder({}, 'linux', nobody)).toBeNull()
    expect(configFolder({}, 'win32', nobody)).toBeNull()
  })

  test('of this very system is a whole path', () => {
    expect(configFolder(process.env)).toEndWith('hearsay')
  })
})
