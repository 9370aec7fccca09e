/**
 * The resolver behind `static:///host:port,host:port`: instances that are listed in the configuration. Calls are spread over those that
 * can be reached.
 */
import { experimental } from '@grpc/grpc-js';

type Target = { readonly path: string };

const { registerResolver, statusOrFromValue } = experimental;

const ADDRESS = /^(?<host>[^\s:/]+|\[[0-9a-f:]+\]):(?<port>\d{1,5})$/i;
const SERVICE_CONFIG = statusOrFromValue({ loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] });

class StaticResolver implements experimental.Resolver {
  readonly #endpoints: experimental.Endpoint[];
  readonly #listener: experimental.ResolverListener;
  #answered = false;

  constructor(target: Target, listener: experimental.ResolverListener) {
    this.#endpoints = target.path.split(',').map((address) => ({ addresses: [parse(address)] }));
    this.#listener = listener;
  }

  /** Answers once: grpc-js asks again whenever a connection fails, and an answer makes it connect without a pause. */
  updateResolution(): void {
    if (this.#answered) return;
    this.#answered = true;
    process.nextTick(() => this.#listener(statusOrFromValue(this.#endpoints), {}, SERVICE_CONFIG, ''));
  }

  destroy(): void {
    this.#answered = false;
  }

  static getDefaultAuthority({ path }: Target): string {
    const [first = ''] = path.split(',');
    parse(first);
    return first;
  }
}

function parse(address: string): { host: string; port: number } {
  const { host, port } = ADDRESS.exec(address)?.groups ?? {};
  if (!host || !port) throw new Error(`A static target lists host:port, separated by commas, not "${address}"`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

export function registerStaticResolver(): void {
  registerResolver('static', StaticResolver);
}
