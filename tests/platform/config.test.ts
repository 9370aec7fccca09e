import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { bindHost, databaseUrl, logLevel, port, target, whole } from '../../platform/config/fields.ts';
import { ConfigError, loadConfig } from '../../platform/config/load.ts';

const schema = z.object({
  SHOP_PORT: port(8000, 'Where it listens.'),
  SHOP_DATABASE_URL: databaseUrl('Its own database.'),
  SHOP_WAIT_MS: whole(500, { min: 1, max: 10_000 }, 'Milliseconds.'),
  SHOP_ADDRESS: target('Another service.').default('127.0.0.1:9001'),
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});
const good = { SHOP_DATABASE_URL: 'postgres://shop:secret@db:5432/shop' };

test('defaults fill what is absent, an empty variable counts as absent, and the result is frozen', () => {
  const config = loadConfig(schema, { ...good, SHOP_PORT: '' });

  expect(config).toMatchObject({ SHOP_PORT: 8000, SHOP_WAIT_MS: 500, BIND_HOST: '127.0.0.1', LOG_LEVEL: 'info' });
  expect(Object.isFrozen(config)).toBe(true);
});

describe('a wrong value is one line that names the variable', () => {
  test.each([
    ['SHOP_PORT', 'eighty'],
    ['SHOP_PORT', '65536'],
    ['SHOP_PORT', '-1'],
    ['SHOP_DATABASE_URL', 'mysql://x/y'],
    ['SHOP_WAIT_MS', '0'],
    ['SHOP_WAIT_MS', '1.5'],
    ['SHOP_ADDRESS', 'shop'],
    ['SHOP_ADDRESS', 'a:1,b:2'],
    ['SHOP_ADDRESS', 'dns:///a:1,b:2'],
    ['SHOP_ADDRESS', 'static:///a:1,b'],
    ['SHOP_ADDRESS', 'http://a:1'],
    ['LOG_LEVEL', 'loud'],
  ])('%s=%s', (name, value) => {
    expect(() => loadConfig(schema, { ...good, [name]: value })).toThrow(new RegExp(`^Configuration: ${name}: must be [^\\n]+$`));
  });

  test('all of them at once, and what is missing says what it is for', () => {
    const load = () => loadConfig(schema, { SHOP_PORT: 'x' });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow('SHOP_PORT: must be a port from 0 to 65535; SHOP_DATABASE_URL is missing: Its own database.');
  });
});

test.each(['a:1', 'dns:///a.example:1', 'static:///a:1', 'static:///a:1,b:2'])('%s is a target', (value) => {
  expect(loadConfig(schema, { ...good, SHOP_ADDRESS: value }).SHOP_ADDRESS).toBe(value);
});

test('a wrong secret is not repeated in the message', () => {
  expect(() => loadConfig(schema, { SHOP_DATABASE_URL: 'postgres://shop:hunter2' })).toThrow(/^(?!.*hunter2)/);
});
