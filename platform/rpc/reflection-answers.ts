/** What reflection answers, from proto/gen/descriptors.binpb, which `npm run proto` writes. */
import { readFileSync } from 'node:fs';
import { createFileRegistry, type DescFile, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import type { ServerReflectionRequest, ServerReflectionResponse } from '../../proto/gen/grpc/reflection/v1/reflection.ts';

const DESCRIPTORS = new URL('../../proto/gen/descriptors.binpb', import.meta.url);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS)));

type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

/** `names` are the services that the server has. An error is an answer, so that the stream can go on. */
export function answer({ messageRequest }: ServerReflectionRequest, names: readonly string[]): Answer {
  switch (messageRequest?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: names.map((name) => ({ name })) } };
    case 'fileByFilename':
      return withFile(registry.getFile(messageRequest.value), `file ${messageRequest.value}`);
    case 'fileContainingSymbol':
      return withFile(declaring(messageRequest.value), `symbol ${messageRequest.value}`);
    case 'fileContainingExtension':
    case 'allExtensionNumbersOfType':
      return refused(status.NOT_FOUND, 'The contracts have no extensions');
    case undefined:
      return refused(status.INVALID_ARGUMENT, 'The request asks for nothing');
  }
}

/** The file of a service, message or enum, or of a member of one, whose last name is then the member's. */
function declaring(symbol: string): DescFile | undefined {
  const parent = symbol.split('.').slice(0, -1).join('.');
  return (registry.get(symbol) ?? registry.get(parent))?.file;
}

/** The file and everything that it imports, itself first. */
function withFile(file: DescFile | undefined, what: string): Answer {
  if (!file) return refused(status.NOT_FOUND, `There is no ${what}`);
  const files = new Set([file]);
  // A set that grows while it is walked is walked to its end.
  for (const { dependencies } of files) for (const imported of dependencies) files.add(imported);
  const bytes = Array.from(files, ({ proto }) => Buffer.from(toBinary(FileDescriptorProtoSchema, proto)));
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto: bytes } };
}

function refused(errorCode: status, errorMessage: string): Answer {
  return { $case: 'errorResponse', value: { errorCode, errorMessage } };
}
