import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Client, credentials, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterEach, expect, test } from '@jest/globals';
import { createGrpcServer, type GrpcServer, served } from '../../platform/rpc/server.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { usersConfig } from '../../services/users/config.ts';
import { onlyThese } from '../../testkit/fakes/handlers.ts';

const USERS = 'shopfast.users.v1.UsersService';

type Question =
  | { readonly listServices: string }
  | { readonly fileByFilename: string }
  | { readonly fileContainingSymbol: string }
  | { readonly allExtensionNumbersOfType: string }
  | Record<string, never>;

type Answer = {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly errorResponse?: { readonly errorCode: number };
};

const { ServerReflectionInfo } = reflectionMethods();

let server: GrpcServer;
let client: Client;

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
    alsoServe: [served(OutboxServiceService, onlyThese(OutboxServiceService, {}))],
    ...options,
  });
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
}

/** The contract of grpc.reflection.v1, as any client has it. */
function reflectionMethods() {
  const contract = new URL(
    '../../node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
    import.meta.url,
  );
  const service = loadSync(contract.pathname, { oneofs: false })['grpc.reflection.v1.ServerReflection'];
  if (!service || 'format' in service || !service.ServerReflectionInfo) throw new Error('The contract has no such method');
  return { ServerReflectionInfo: service.ServerReflectionInfo };
}

function openStream() {
  const { path, requestSerialize, responseDeserialize } = ServerReflectionInfo;
  return client.makeBidiStreamRequest<object, object>(path, requestSerialize, responseDeserialize);
}

/** The answers to all questions of one stream, in their order. */
async function ask(...questions: Question[]): Promise<Answer[]> {
  const stream = openStream();
  for (const question of questions) stream.write(question);
  stream.end();
  const answers: Answer[] = [];
  for await (const answer of stream) answers.push(answer);
  return answers;
}

/** What a client makes of the files that it was sent; fails when one of them imports a file that was not. */
function readFiles(answer: Answer | undefined) {
  if (!answer?.fileDescriptorResponse) throw new Error(`Files were expected, not ${JSON.stringify(answer)}`);
  const files = answer.fileDescriptorResponse.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
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

  const [list, described] = await ask({ listServices: '*' }, { fileContainingSymbol: `${USERS}.ValidateUser` });

  const names = list?.listServicesResponse?.service.map(({ name }) => name);
  expect(names?.toSorted()).toEqual(['shopfast.events.v1.OutboxService', USERS]);
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
    { fileByFilename: 'shopfast/users/v1/users.proto' },
    { fileContainingSymbol: USERS },
    { fileContainingSymbol: 'shopfast.users.v1.User' },
    { fileContainingSymbol: 'shopfast.users.v1.User.email' },
  );

  expect(answers.map((answer) => readFiles(answer).name)).toEqual(Array(4).fill('shopfast/users/v1/users.proto'));
});

test('what is not there is answered with a code, and the stream goes on', async () => {
  await serve({ reflection: true });

  const answers = await ask(
    { fileContainingSymbol: 'shopfast.users.v1.Nobody' },
    { fileContainingSymbol: 'nobody' },
    { fileByFilename: '../package.json' },
    { allExtensionNumbersOfType: 'shopfast.users.v1.User' },
    {},
    { listServices: '' },
  );

  const codes = answers.map(({ errorResponse }) => errorResponse?.errorCode);
  expect(codes).toEqual([...Array(4).fill(status.NOT_FOUND), status.UNIMPLEMENTED, undefined]);
  expect(answers.at(-1)?.listServicesResponse?.service).toHaveLength(2);
});

test('without it, which is how services start unless they are told, the question is UNIMPLEMENTED', async () => {
  expect(usersConfig.shape.GRPC_REFLECTION.parse(undefined)).toBe('off');
  await serve({ reflection: false });
  await expect(ask({ listServices: '*' })).rejects.toMatchObject({ code: status.UNIMPLEMENTED });

  await server.close();
  client.close();
  await serve({});
  await expect(ask({ listServices: '*' })).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
});

test('a server that stops waits for no client that keeps its stream open', async () => {
  await serve({ reflection: true });
  const stream = openStream();
  const ended = new Promise((resolve) => stream.on('end', resolve));
  stream.write({ listServices: '*' });
  await new Promise((resolve) => stream.once('data', resolve));

  await Promise.all([server.close(), ended]);
});
