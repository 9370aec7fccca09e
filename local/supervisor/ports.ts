import { connect, createServer } from 'node:net';
import { ConfigError } from '../../platform/config/load.ts';
import type { LocalConfig, PortVariable } from '../config.ts';
import { findPortOwner } from './port-owner.ts';

// Below the range that systems take client ports from (32768 on Linux, 49152 on macOS): a part that restarts finds its
// port still free.
const LOWEST = 15_000;
const HIGHEST = 32_000;

export type Ports = Readonly<Record<PortVariable, number>>;

/**
 * The port of every variable in `used`: as configured, or for 0 a free one, kept from here on. Throws one ConfigError
 * that names every port that is taken, by whom, and the variable that changes it.
 */
export async function resolvePorts(config: LocalConfig, used: readonly PortVariable[]): Promise<Ports> {
  const ports: Record<PortVariable, number> = { ...config };
  const problems: string[] = [];
  const holders = new Map<number, PortVariable>();
  for (const variable of used) {
    const port = ports[variable];
    const other = holders.get(port);
    if (port === 0) continue;
    if (other) problems.push(`${other} and ${variable} are both ${port}: set one of them to another port`);
    else if (!(await isFree(port)))
      problems.push(`Port ${port} is taken${await findPortOwner(port)}: stop that, or set ${variable} to another port`);
    holders.set(port, variable);
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  for (const variable of used) {
    if (ports[variable] !== 0) continue;
    ports[variable] = await pickFreePort(new Set(holders.keys()));
    holders.set(ports[variable], variable);
  }
  return ports;
}

/** A port nobody listens on and that is not in `taken`. */
export async function pickFreePort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (!taken.has(port) && (await isFree(port))) return port;
  }
}

/** Some systems let one listen beside another who listens on all addresses; whoever answers has the port. */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port)) && !(await answers(port));
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
