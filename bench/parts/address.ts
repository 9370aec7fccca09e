import type { RunningPlatform } from '../../testkit/platform.ts';

/** Where a part of a running platform answers gRPC. */
export async function grpcAddress(platform: RunningPlatform, name: string): Promise<string> {
  const { parts } = await platform.status();
  const [address = ''] = (parts.find((part) => part.name === name)?.address ?? '').split(',');
  return address;
}
