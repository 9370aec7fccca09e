import pg from 'pg';

/**
 * One database and one role of the same name for each entry, with that password, and no way for a role to any database
 * but its own. Makes what is missing and leaves data alone; run at every start.
 */
export async function ensureDatabases(superuserUrl: string, passwords: Readonly<Record<string, string>>): Promise<void> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    const roles = await names(client, 'select rolname as name from pg_roles');
    const databases = await names(client, 'select datname as name from pg_database');
    for (const [name, password] of Object.entries(passwords)) {
      const [role, secret] = [pg.escapeIdentifier(name), pg.escapeLiteral(password)];
      await client.query(`${roles.has(name) ? 'alter' : 'create'} role ${role} login password ${secret}`);
      if (!databases.has(name)) await client.query(`create database ${role} owner ${role}`);
    }
    // Everybody may connect to a new database unless told otherwise, and to the two that initdb makes.
    for (const database of ['postgres', 'template1', ...Object.keys(passwords)]) {
      await client.query(`revoke all on database ${pg.escapeIdentifier(database)} from public`);
    }
  } finally {
    await client.end();
  }
}

async function names(client: pg.Client, query: string): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(query);
  return new Set(rows.map((row) => row.name));
}
