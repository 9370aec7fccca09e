import type { Database } from '../persistence/database.ts';

// Violations that a finding names; all are counted.
const EXAMPLES_MAX = 10;

/** One invariant. `rows` is a query with one row per checked thing: its `id` as text, and whether it is `wrong`. */
export type Rule = { readonly name: string; readonly rows: string };

export type Finding = {
  readonly rule: string;
  /** Checked things; 0 proves nothing. */
  readonly checked: number;
  readonly violations: number;
  readonly examples: string[];
};

/** Evaluates every rule in one snapshot, so that all findings are true at the same instant. */
export function evaluate(database: Pick<Database, 'snapshot'>, rules: readonly Rule[]): Promise<Finding[]> {
  return database.snapshot(async (sql) => {
    const findings: Finding[] = [];
    for (const { name, rows } of rules) {
      const [row] = await sql.query<{ checked: string; violations: string; examples: string[] }>(
        `select count(*) as checked, count(*) filter (where wrong) as violations,
           coalesce((array_agg(id order by id) filter (where wrong))[1:${EXAMPLES_MAX}], '{}') as examples
         from (${rows}) as looked_at`,
      );
      if (!row) throw new Error(`The rule ${name} has no answer`);
      const { checked, violations, examples } = row;
      findings.push({ rule: name, checked: Number(checked), violations: Number(violations), examples });
    }
    return findings;
  });
}
