import { relative } from 'node:path';
import { asNode, childrenOf, type Node, nameOf, parseFile, typeScriptFiles } from './syntax.ts';

// The functions that check a transition and write its history and its event.
const TRANSITIONS = new Set(['moveTo', 'recordTransition']);
const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'MethodProperty',
  'Constructor',
]);
// They copy given values onto an entity, or write rows without one.
const WRITERS = new Set(['assign', 'nativeUpdate', 'update', 'set', 'upsert']);

/**
 * Statements in services/<n>/domain that change a status outside of `moveTo` and `recordTransition`. The first status of an object
 * that the same function made, or of `this` in a constructor, is no transition.
 */
export function strayingTransitions(root: string): { readonly files: number; readonly problems: readonly string[] } {
  const files = typeScriptFiles(`${root}/services`)
    .map((file) => relative(root, file))
    .filter((file) => /^services\/[^/]+\/domain\//.test(file));
  const problems = files.flatMap((file) =>
    changesIn(parseFile(`${root}/${file}`), { name: '', made: new Set() }).map(
      (where) => `${file}: ${where} changes a status; only moveTo and recordTransition do`,
    ),
  );
  return { files: files.length, problems };
}

/** The function that holds a statement, and the names of the objects that it has made itself. */
type Scope = { readonly name: string; readonly made: Set<string> };

function changesIn(node: Node, scope: Scope): string[] {
  const inner = FUNCTIONS.has(node.type) ? { name: functionName(node), made: new Set<string>() } : scope;
  if (TRANSITIONS.has(inner.name)) return [];
  const maker = node.type === 'VariableDeclarator' ? asNode(node.init) : undefined;
  if (maker && isNew(maker)) inner.made.add(nameOf(node.id) ?? '');
  const own = assignsStatus(node, inner) || writesStatus(node) ? [inner.name || 'the module'] : [];
  return [...own, ...childrenOf(node).flatMap((child) => changesIn(child, inner))];
}

function functionName(node: Node): string {
  if (node.type === 'Constructor') return 'constructor';
  return nameOf(node.key ?? node.identifier) ?? '';
}

function isNew(node: Node): boolean {
  return node.type === 'NewExpression' || (node.type === 'CallExpression' && methodOf(node) === 'create');
}

/** `order.status = …`, also with `+=` and the like. */
function assignsStatus(node: Node, { name, made }: Scope): boolean {
  if (node.type !== 'AssignmentExpression') return false;
  const target = asNode(node.left);
  if (target?.type !== 'MemberExpression' || nameOf(target.property) !== 'status') return false;
  const object = asNode(target.object);
  if (object?.type === 'ThisExpression') return name !== 'constructor';
  return !made.has(nameOf(object) ?? '');
}

/** `Object.assign(order, { status })`, `em.nativeUpdate(Order, …, { status })` and the like. */
function writesStatus(node: Node): boolean {
  if (node.type !== 'CallExpression' || !WRITERS.has(methodOf(node) ?? '')) return false;
  const given = childrenOf(node).filter(({ type }) => type === 'ObjectExpression');
  return given.some((object) => childrenOf(object).some((property) => nameOf(property.key ?? property) === 'status'));
}

function methodOf(call: Node): string | undefined {
  const callee = asNode(call.callee);
  return callee?.type === 'MemberExpression' ? nameOf(callee.property) : undefined;
}
