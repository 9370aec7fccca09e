import pg from 'pg';

const TRIGGER_NAME = /_(append_only|check)$/;
// A guard raises an exception and does nothing else.
const WRITES =
  /\b(insert\s+into|update\s+[\w".]+\s+(as\s+\w+\s+)?set|delete\s+from|merge\s+into|truncate|nextval|setval|notify|copy)\b/i;
const CHANGES_ROW = /\bnew(\s*\.\s*\w+)?\s*:=|(;|\b(?:begin|then|else|loop))\s*new(\s*\.\s*\w+)?\s*=|\binto\s+(strict\s+)?new\b/i;

export type Guards = { readonly triggers: number; readonly functions: number; readonly problems: readonly string[] };

/** Every trigger, function and rule of a migrated database, held against the rule that triggers guard and never act. */
export async function readGuards(url: string): Promise<Guards> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: triggers } = await client.query<{ table: string; name: string }>(
      `select class.relname as table, trigger.tgname as name from pg_trigger trigger
       join pg_class class on class.oid = trigger.tgrelid where not trigger.tgisinternal`,
    );
    // Of any function: a trigger's may call another.
    const { rows: functions } = await client.query<{ name: string; body: string }>(
      `select proname as name, prosrc as body from pg_proc where pronamespace = 'public'::regnamespace
         and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')`,
    );
    const { rows: rules } = await client.query<{ name: string }>(
      `select rulename as name from pg_rules where schemaname = 'public'`,
    );
    const problems = [
      ...triggers
        .filter(({ name }) => !TRIGGER_NAME.test(name))
        .map(({ table, name }) => `${table}: trigger ${name} is named for no guard`),
      ...functions.flatMap(({ name, body }) => problemsOf(name, withoutComments(body))),
      ...rules.map(({ name }) => `rule ${name}: a rewrite rule acts`),
    ];
    return { triggers: triggers.length, functions: functions.length, problems };
  } finally {
    await client.end();
  }
}

function problemsOf(name: string, body: string): string[] {
  const write = WRITES.exec(body)?.[0];
  return [
    ...(write ? [`function ${name} writes: ${write}`] : []),
    ...(CHANGES_ROW.test(body) ? [`function ${name} changes the row that it guards`] : []),
  ];
}

function withoutComments(body: string): string {
  return body.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, '');
}
