import * as z from 'zod';
import { address } from '../config/fields.ts';

/** The connection to Temporal: an embedded server, a cluster or Temporal Cloud. */
export const temporalFields = {
  TEMPORAL_ADDRESS: address('The Temporal server.').default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('The Temporal namespace that orders run in.'),
  TEMPORAL_API_KEY: z.string().optional().describe('An API key for Temporal Cloud; turns TLS on. Secret.'),
  TEMPORAL_TLS_CERT_FILE: z.string().optional().describe('The client certificate for mutual TLS with Temporal, PEM.'),
  TEMPORAL_TLS_KEY_FILE: z.string().optional().describe('The key of the client certificate, PEM.'),
};

const temporalConfig = z.object(temporalFields);

export type TemporalConfig = Readonly<z.infer<typeof temporalConfig>>;
