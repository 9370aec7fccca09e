/** gRPC server reflection (grpc.reflection.v1): a client such as grpcurl learns the calls and messages from the server itself. */
import type { Server, ServerDuplexStream } from '@grpc/grpc-js';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionService,
} from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import type { ServedService } from './methods.ts';

type Stream = ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;

/** Adds reflection for the services to their server. A client may keep its stream open, so a stop has to end them. */
export function addReflection(server: Server, services: readonly Pick<ServedService, 'definition'>[]): { endStreams(): void } {
  const names = [...services.map(({ definition }) => definition), ServerReflectionService].map(serviceName);
  const streams = new Set<Stream>();
  server.addService(ServerReflectionService, {
    serverReflectionInfo(stream: Stream) {
      // Some 12 MiB with the library that reads descriptors: only for a server that is asked.
      const answers = import('./reflection-answers.ts');
      streams.add(stream);
      stream.on('data', (request: ServerReflectionRequest) => {
        answers.then(
          ({ answer }) => stream.write({ validHost: '', originalRequest: request, messageResponse: answer(request, names) }),
          (error: unknown) => stream.emit('error', error),
        );
      });
      const end = () => stream.end();
      stream.on('end', () => {
        answers.then(end, end);
      });
      stream.on('close', () => streams.delete(stream));
    },
  });
  return {
    endStreams() {
      for (const stream of streams) stream.end();
    },
  };
}

/** `shopfast.users.v1.UsersService`, from the path of one of its calls. */
function serviceName(definition: Readonly<Record<string, { readonly path: string }>>): string {
  const [first] = Object.values(definition);
  return first?.path.split('/')[1] ?? '';
}
