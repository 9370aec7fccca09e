import * as z from 'zod';
import type { RunningPlatform } from '../../testkit/platform.ts';

const listed = z.object({ parts: z.array(z.object({ name: z.string(), address: z.string() })) });

/** Where a part of a running platform answers gRPC. */
export async function grpcAddress(platform: RunningPlatform, name: string): Promise<string> {
  const { parts } = listed.parse(await platform.status());
  const [address = ''] = (parts.find((part) => part.name === name)?.address ?? '').split(',');
  return address;
}
