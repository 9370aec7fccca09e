/** The bytes that an RPC hop carries; about what a request of the saga has. */
export const PAYLOAD = Buffer.alloc(120, 'x');

const asIs = (bytes: Buffer): Buffer => bytes;

export const echoDefinition = {
  echo: {
    path: '/bench.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
} as const;
