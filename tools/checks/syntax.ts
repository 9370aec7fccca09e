import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from '@swc/core';
import * as z from 'zod';

/** Any node of swc's syntax tree. */
export type Node = { readonly type: string; readonly [field: string]: unknown };

const node = z.looseObject({ type: z.string() });

/** The syntax tree of a TypeScript file. */
export function parseFile(file: string): Node {
  return node.parse(parseSync(readFileSync(file, 'utf8'), { syntax: 'typescript', target: 'es2024' }));
}

/** The nodes directly below a node. */
export function childrenOf(parent: Node): Node[] {
  return Object.values(parent)
    .flatMap((value) => (Array.isArray(value) ? flatten(value) : [value]))
    .flatMap((value) => nodesIn(value));
}

/** Every node below and including this one. */
export function descendants(root: Node): Node[] {
  return [root, ...childrenOf(root).flatMap(descendants)];
}

export function asNode(value: unknown): Node | undefined {
  return value !== null && typeof value === 'object' && 'type' in value && typeof value.type === 'string'
    ? { ...value, type: value.type }
    : undefined;
}

export function nameOf(value: unknown): string | undefined {
  const named = asNode(value);
  return typeof named?.value === 'string' ? named.value : undefined;
}

/** TypeScript files below `folder`, without generated code; none when there is no such folder. */
export function typeScriptFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === 'node_modules' || path === 'proto/gen' ? [] : typeScriptFiles(path);
    return name.endsWith('.ts') ? [path] : [];
  });
}

function flatten(values: readonly unknown[]): unknown[] {
  return values.flatMap((value) => (Array.isArray(value) ? flatten(value) : [value]));
}

/** Arguments and such are wrapped: `{ spread, expression }` has no type of its own. */
function nodesIn(value: unknown): Node[] {
  const found = asNode(value);
  if (found) return [found];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap((inner) => {
    const below = asNode(inner);
    return below ? [below] : [];
  });
}
