import { readFile } from 'node:fs/promises';
import { ConfigError } from '../config/load.ts';
import type { TemporalConfig } from './config.ts';

/** The credentials of a connection, in the form of the SDK's client and worker. */
export type Credentials = {
  readonly apiKey?: string;
  readonly tls?: true | { readonly clientCertPair: { readonly crt: Buffer; readonly key: Buffer } };
};

/** Empty without configuration, as for a server on loopback. Throws ConfigError when only one file of a pair is given. */
export async function temporalCredentials(config: TemporalConfig): Promise<Credentials> {
  const { TEMPORAL_API_KEY: apiKey, TEMPORAL_TLS_CERT_FILE: certFile, TEMPORAL_TLS_KEY_FILE: keyFile } = config;
  if (!certFile && !keyFile) return apiKey ? { apiKey, tls: true } : {};
  if (!certFile) throw new ConfigError('Configuration: TEMPORAL_TLS_CERT_FILE is missing beside TEMPORAL_TLS_KEY_FILE');
  if (!keyFile) throw new ConfigError('Configuration: TEMPORAL_TLS_KEY_FILE is missing beside TEMPORAL_TLS_CERT_FILE');
  const [crt, key] = await Promise.all([readPem('TEMPORAL_TLS_CERT_FILE', certFile), readPem('TEMPORAL_TLS_KEY_FILE', keyFile)]);
  return { ...(apiKey ? { apiKey } : {}), tls: { clientCertPair: { crt, key } } };
}

async function readPem(variable: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error: unknown) {
    throw new ConfigError(`Configuration: ${variable}: ${file} cannot be read`, { cause: error });
  }
}
