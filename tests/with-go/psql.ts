// As much of psql as deploy/postgres/init.sh uses: -v NAME=VALUE, -U, and :"NAME" and :'NAME' in the statements on standard input.
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import pg from 'pg';

const { values } = parseArgs({
  options: { variable: { type: 'string', short: 'v', multiple: true }, username: { type: 'string', short: 'U' } },
});
const variables = new Map((values.variable ?? []).map((given) => [given.split('=')[0], given.slice(given.indexOf('=') + 1)]));
const variable = (name: string): string => variables.get(name) ?? fail(`variable ${name} is not set`);

const client = new pg.Client({ user: values.username, database: 'postgres' });
await client.connect();
for (const statement of (await text(process.stdin)).split(';').filter((part) => part.trim())) {
  await client.query(
    statement
      .replaceAll(/:"(\w+)"/g, (_, name: string) => pg.escapeIdentifier(variable(name)))
      .replaceAll(/:'(\w+)'/g, (_, name: string) => pg.escapeLiteral(variable(name))),
  );
}
await client.end();

function fail(why: string): never {
  throw new Error(why);
}
