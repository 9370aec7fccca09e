import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { credentials, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from '@jest/globals';
import { createGrpcServer, type GrpcServer, served } from '../../platform/rpc/server.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import {
  ServerReflectionClient,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { usersConfig } from '../../services/users/config.ts';
import { onlyThese } from '../../testkit/handlers.ts';

const USERS = 'shopfast.users.v1.UsersService';

let server: GrpcServer;
let client: ServerReflectionClient;

afterEach(async () => {
  client.close();
  await server.close();
});

async function serve(options: { readonly reflection?: boolean }): Promise<void> {
  server = await createGrpcServer({
    definition: UsersServiceService,
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('test', 'fatal'),
    metrics: createMetrics('test', '0'),
    handlers: onlyThese(UsersServiceService, {}),
    beside: [served(OutboxServiceService, onlyThese(OutboxServiceService, {}))],
    ...options,
  });
  client = new ServerReflectionClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
}

type Question = NonNullable<ServerReflectionRequest['messageRequest']>;

/** The answers to all questions of one stream, in their order. */
async function ask(...questions: (Question | undefined)[]): Promise<ServerReflectionResponse['messageResponse'][]> {
  const stream = client.serverReflectionInfo();
  for (const messageRequest of questions) stream.write({ host: '', messageRequest });
  stream.end();
  const answers: ServerReflectionResponse['messageResponse'][] = [];
  for await (const { messageResponse } of stream) answers.push(messageResponse);
  return answers;
}

/** What a client makes of the files that it was sent; fails when one of them imports a file that was not. */
function readFiles(answer: ServerReflectionResponse['messageResponse'] | undefined) {
  if (answer?.$case !== 'fileDescriptorResponse') throw new Error(`Files were expected, not ${JSON.stringify(answer)}`);
  const files = answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  const importsFirst = new Set<FileDescriptorProto>();
  function add(name: string): void {
    const file = files.find((sent) => sent.name === name);
    if (!file) throw new Error(`${name} was not sent`);
    file.dependency.forEach(add);
    importsFirst.add(file);
  }
  for (const { name } of files) add(name);
  return { name: files[0]?.name, registry: createFileRegistry(create(FileDescriptorSetSchema, { file: [...importsFirst] })) };
}

test('a client learns the services of a server, and a call with its messages, from the server alone', async () => {
  await serve({ reflection: true });

  const [list, described] = await ask(
    { $case: 'listServices', value: '*' },
    { $case: 'fileContainingSymbol', value: `${USERS}.ValidateUser` },
  );

  expect(list).toEqual({
    $case: 'listServicesResponse',
    value: {
      service: [{ name: USERS }, { name: 'shopfast.events.v1.OutboxService' }, { name: 'grpc.reflection.v1.ServerReflection' }],
    },
  });
  const { registry } = readFiles(described);
  const method = registry.getService(USERS)?.method.validateUser;
  expect(method?.input.fields.map(({ name }) => name)).toEqual(['user_id']);
  expect(method?.methodKind).toBe('unary');
  // Everything that the file imports came along.
  expect(registry.getService(USERS)?.method.getUser?.output.field.user?.message?.field.createdAt?.message?.typeName).toBe(
    'google.protobuf.Timestamp',
  );
});

test('a file is found by its name, by its service and by a message in it', async () => {
  await serve({ reflection: true });

  const answers = await ask(
    { $case: 'fileByFilename', value: 'shopfast/users/v1/users.proto' },
    { $case: 'fileContainingSymbol', value: USERS },
    { $case: 'fileContainingSymbol', value: 'shopfast.users.v1.User' },
    { $case: 'fileContainingSymbol', value: 'shopfast.users.v1.User.email' },
  );

  expect(answers.map((answer) => readFiles(answer).name)).toEqual(Array(4).fill('shopfast/users/v1/users.proto'));
});

test('what is not there is answered with a code, and the stream goes on', async () => {
  await serve({ reflection: true });

  const answers = await ask(
    { $case: 'fileContainingSymbol', value: 'shopfast.users.v1.Nobody' },
    { $case: 'fileContainingSymbol', value: 'nobody' },
    { $case: 'fileByFilename', value: '../package.json' },
    { $case: 'allExtensionNumbersOfType', value: 'shopfast.users.v1.User' },
    undefined,
    { $case: 'listServices', value: '' },
  );

  expect(answers.map((answer) => (answer?.$case === 'errorResponse' ? answer.value.errorCode : answer?.$case))).toEqual([
    ...Array(4).fill(status.NOT_FOUND),
    status.INVALID_ARGUMENT,
    'listServicesResponse',
  ]);
});

test('without it, which is how services start unless they are told, the question is UNIMPLEMENTED', async () => {
  expect(usersConfig.shape.GRPC_REFLECTION.parse(undefined)).toBe('off');
  await serve({ reflection: false });
  await expect(ask({ $case: 'listServices', value: '*' })).rejects.toMatchObject({ code: status.UNIMPLEMENTED });

  await server.close();
  client.close();
  await serve({});
  await expect(ask({ $case: 'listServices', value: '*' })).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
});

test('a server that stops waits for no client that keeps its stream open', async () => {
  await serve({ reflection: true });
  const stream = client.serverReflectionInfo();
  const ended = new Promise((resolve) => stream.on('end', resolve));
  stream.write({ host: '', messageRequest: { $case: 'listServices', value: '*' } });
  await new Promise((resolve) => stream.once('data', resolve));

  await Promise.all([server.close(), ended]);
});
