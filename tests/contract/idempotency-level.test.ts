import { readFileSync } from 'node:fs';
import { createFileRegistry, type DescMethod, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { expect, test } from '@jest/globals';

// Without a key, and not the same when it is done twice: each call makes tokens, or a lease, of its own.
const NEVER_THE_SAME = ['AuthenticateUser', 'RefreshToken', 'ClaimDeliveries'];
// Without a key, and the same when it is done twice: what is revoked stays revoked. Events and leases have ids of their own.
const SAME_WITHOUT_A_KEY = [
  ...['RevokeToken', 'RemoveWebhook', 'AcceptEvents', 'SettleDeliveries', 'ReplayDelivery', 'MarkRelayed'],
];

const READ = /^(Get|List|Search|Check|Validate)[A-Z]|^Audit$/;

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync('proto/gen/descriptors.binpb')));
const methods = Array.from(registry.files)
  .filter(({ name }) => name.startsWith('shopfast/'))
  .flatMap(({ services }) => services)
  .flatMap((service) => service.methods);

function levelOf({ proto }: DescMethod): string {
  return MethodOptions_IdempotencyLevel[proto.options?.idempotencyLevel ?? 0] ?? '';
}

/** What the contract must say of a call: keyed writes may be repeated, reads may be repeated and cached. */
function expectedLevel({ name, input }: DescMethod): string {
  if (input.field.idempotencyKey || SAME_WITHOUT_A_KEY.includes(name)) return 'IDEMPOTENT';
  if (NEVER_THE_SAME.includes(name)) return 'IDEMPOTENCY_UNKNOWN';
  return READ.test(name) ? 'NO_SIDE_EFFECTS' : `${name} changes something and takes no idempotency_key`;
}

test('every call says whether it may be repeated: reads change nothing, what changes something takes a key', () => {
  expect(methods.length).toBeGreaterThanOrEqual(50);
  const said = Object.fromEntries(methods.map((method) => [`${method.parent.typeName}.${method.name}`, levelOf(method)]));
  const expected = Object.fromEntries(
    methods.map((method) => [`${method.parent.typeName}.${method.name}`, expectedLevel(method)]),
  );
  expect(said).toEqual(expected);
});

test('no read takes a key', () => {
  const keyed = methods.filter(({ input }) => input.field.idempotencyKey).map(({ name }) => name);
  expect(keyed.filter((name) => READ.test(name))).toEqual([]);
});
