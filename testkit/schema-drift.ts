import { type EntitySchema, MikroORM } from '@mikro-orm/postgresql';

// What a database adds to its entities on purpose: constraints, indexes and triggers that only DDL can state.
const STRICTER = /^(alter table "\w+" drop constraint "\w+"|drop (index|trigger if exists|function if exists) "\w+".*);$/;

/**
 * The statements that would bring a migrated database in line with its entities, apart from dropping what makes it
 * stricter than they are: tables, columns, types, nullability, defaults and keys must agree.
 */
export async function schemaDrift(url: string, entities: readonly EntitySchema[]): Promise<string[]> {
  const orm = await MikroORM.init({ clientUrl: url, entities: [...entities], forceUtcTimezone: true, ensureDatabase: false });
  try {
    const statements = await orm.schema.getUpdateSchemaSQL({ wrap: false, dropTables: false });
    return statements.split('\n').filter((statement) => statement !== '' && !STRICTER.test(statement));
  } finally {
    await orm.close(true);
  }
}
