/** gRPC server reflection: a client such as grpcurl learns the calls and messages from the server itself. */
import { readFileSync } from 'node:fs';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { handleBidiStreamingCall, Server, ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import type { ServedService } from './methods.ts';

type Stream = ServerDuplexStream<unknown, unknown>;

// `npm run proto` writes it.
const DESCRIPTORS = new URL('../../proto/gen/descriptors.binpb', import.meta.url);

/** Adds reflection for the services to their server. A client may keep its stream open: a server that stops has to end it. */
export function addReflection(
  server: Pick<Server, 'addService'>,
  services: readonly Pick<ServedService, 'definition'>[],
): { endStreams(): void } {
  const streams = new Set<Stream>();
  // The library only takes the files of a package definition. proto-loader would build one, but with relative type names.
  const contracts = {
    format: 'Protocol Buffer 3 EnumDescriptorProto' as const,
    type: {},
    fileDescriptorProtos: filesOf(readFileSync(DESCRIPTORS)),
  };
  const names = services.map(({ definition }) => serviceName(definition));
  const reflection = new ReflectionService({ contracts }, { services: names });
  reflection.addToServer({
    addService: (definition, implementation) => server.addService(definition, tracked(implementation, streams)),
  });
  return {
    endStreams() {
      for (const stream of streams) stream.end();
    },
  };
}

/** The files of a FileDescriptorSet, whose only field is `repeated FileDescriptorProto file = 1`. */
function filesOf(set: Uint8Array): Buffer[] {
  const reader = new BinaryReader(set);
  const files: Buffer[] = [];
  while (reader.pos < reader.len) {
    reader.tag();
    files.push(Buffer.from(reader.bytes()));
  }
  return files;
}

/** The same implementation, which also keeps the set of its open streams. */
function tracked(implementation: UntypedServiceImplementation, streams: Set<Stream>): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(implementation).map(([name, handler]) => {
      // Every method of the reflection service is a stream in both directions.
      const answer = handler as handleBidiStreamingCall<unknown, unknown>;
      const track = (stream: Stream) => {
        streams.add(stream);
        stream.on('close', () => streams.delete(stream));
        answer(stream);
      };
      return [name, track];
    }),
  );
}

/** `shopfast.users.v1.UsersService`, from the path of one of its calls. */
function serviceName(definition: Readonly<Record<string, { readonly path: string }>>): string {
  const [first] = Object.values(definition);
  return first?.path.split('/')[1] ?? '';
}
