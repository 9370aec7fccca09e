/** The OpenAPI 3.1 document, made from the schemas that validate. */
import * as z from 'zod';
import { idempotencyKey } from '../../platform/rpc/fields.ts';
import { IDEMPOTENCY_KEY } from './idempotency-key.ts';
import { declaredProblems } from './problems/declared.ts';
import { PROBLEM_TYPE } from './problems/problem-json.ts';
import { PROBLEMS } from './problems/table.ts';
import { type Operation, TAGS } from './route.ts';
import { problem } from './schemas.ts';

type Json = Record<string, unknown>;

export function openApiDocument(version: string, operations: readonly Operation[]): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  const problemSchema = schemaOf(problem, 'output', schemas);
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}');
    const item = paths[path] ?? {};
    paths[path] = item;
    item[operation.method.toLowerCase()] = describe(operation, schemas, problemSchema);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'ShopFast',
      version,
      description:
        'Money is in minor units; times are RFC 3339 UTC; ids are UUIDs. A path without `/v1` is an alias of the newest version. ' +
        'Every error is an RFC 9457 problem document with a stable `reason`; /docs/problems.md explains each.',
    },
    servers: [{ url: '/' }],
    tags: TAGS.map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'Names the application; absent: anonymous.' },
      },
    },
  };
}

function describe(operation: Operation, schemas: Json, problemSchema: Json): Json {
  const { id, tag, summary, description, access, body } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    ...(typeof access === 'string' ? {} : { 'x-roles': access }),
    security: access === 'anyone' ? [{}, { apiKey: [] }] : [{ accessToken: [] }, { accessToken: [], apiKey: [] }],
    parameters: parametersOf(operation, schemas),
    ...(body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input', schemas) } } } }
      : {}),
    responses: { ...answersOf(operation, schemas), ...problemsOf(operation, problemSchema) },
  };
}

function parametersOf({ path, query, headers }: Operation, schemas: Json): Json[] {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  }));
  const { properties = {} } = query ? queryShape.parse(schemaOf(query, 'input', schemas)) : {};
  const inQuery = Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
  const inHeaders = Object.entries(headers ?? {}).map(([name, { description, required = false }]) => ({
    name,
    in: 'header',
    required,
    description,
    schema: name === IDEMPOTENCY_KEY ? schemaOf(idempotencyKey, 'input', schemas) : { type: 'string' },
  }));
  return [...inPath, ...inQuery, ...inHeaders];
}

// No query parameter is required; one that were would be a list in `required`, which this refuses.
const queryShape = z.object({ properties: z.record(z.string(), z.unknown()).optional(), required: z.undefined().optional() });

function answersOf({ answers }: Operation, schemas: Json): Json {
  const described = Object.entries(answers).map(([status, { description, schema, example, contentType, headers }]) => {
    const content = schema
      ? { 'application/json': { schema: schemaOf(schema, 'output', schemas), ...(example ? { example } : {}) } }
      : contentType && { [contentType]: { schema: { type: contentType === 'application/json' ? 'object' : 'string' } } };
    const named = Object.entries(headers ?? {}).map(([name, meaning]) => [
      name,
      { description: meaning, schema: { type: 'string' } },
    ]);
    return [
      status,
      { description, ...(content ? { content } : {}), ...(named.length > 0 ? { headers: Object.fromEntries(named) } : {}) },
    ];
  });
  return Object.fromEntries(described);
}

function problemsOf(operation: Operation, problemSchema: Json): Json {
  return Object.fromEntries(
    [...declaredProblems(operation)].map(([status, reasons]) => [
      status,
      {
        description: [...reasons].map((reason) => `${reason}: ${PROBLEMS[reason].title}.`).join(' '),
        content: {
          [PROBLEM_TYPE]: {
            schema: { allOf: [problemSchema, { type: 'object', properties: { reason: { enum: [...reasons] } } }] },
          },
        },
      },
    ]),
  );
}

/** The schema for OpenAPI. A named one goes into `schemas` and is referenced. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Json): Json {
  const { $schema: _, $defs = {}, ...own } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'throw' });
  for (const [name, definition] of Object.entries($defs)) schemas[name] = relocated(definition);
  const name = own.id;
  if (typeof name !== 'string') return relocated(own);
  schemas[name] = relocated(own);
  return { $ref: `#/components/schemas/${name}` };
}

function relocated(schema: object): Json {
  const moved = JSON.stringify(schema, (key, value: unknown) => (key === 'id' && typeof value === 'string' ? undefined : value));
  return z.record(z.string(), z.unknown()).parse(JSON.parse(moved.replaceAll('"#/$defs/', '"#/components/schemas/')));
}
