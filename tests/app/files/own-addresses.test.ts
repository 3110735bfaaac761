import { expect, test } from 'bun:test'
import { ownAddresses } from '../../../src/app/files/own-addresses.ts'

const MANY = ['127.0.0.1', '192.0.2.1', '2001:db8::1', '192.0.2.2', '192.0.2.3', '192.0.2.4']
const hosts = (host: string) => ownAddresses({ host, port: 7 }, MANY).map((address) => address.host)

test('who listens in one place is there, who listens everywhere at each address that others can reach', () => {
  expect(ownAddresses({ host: '192.0.2.9', port: 7 }, MANY)).toEqual([{ host: '192.0.2.9', port: 7 }])
  expect(hosts('127.0.0.1')).toEqual(['127.0.0.1'])
  expect(hosts('0.0.0.0')).toEqual(['192.0.2.1', '2001:db8::1', '192.0.2.2', '192.0.2.3'])
  expect(hosts('::')).toHaveLength(4)
})

test('who listens under a name tells no address', () => {
  expect(hosts('somewhere.example')).toEqual([])
})
