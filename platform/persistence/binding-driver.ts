/**
 * MikroORM writes values into the text of a statement. This driver binds them instead: statements that differ in their values alone are
 * one text, which a connection prepares once (client.ts). Nothing else of MikroORM's driver changes.
 */
import { type Configuration, isRaw, Utils } from '@mikro-orm/core';
import { PostgreSqlConnection, PostgreSqlDriver } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';

type Execute = PostgreSqlConnection['execute'];
type Statement = { readonly text: string; readonly values: readonly unknown[] };

// MikroORM's placeholders: ? is a value, ?? an identifier, and \? a question mark.
const PLACEHOLDER = /\\\?|\?\??/g;

export class BindingDriver extends PostgreSqlDriver {
  protected override readonly connection: PostgreSqlConnection;

  constructor(config: Configuration) {
    super(config);
    this.connection = new BindingConnection(config);
  }
}

class BindingConnection extends PostgreSqlConnection {
  override execute: Execute = (query, params = [], method, ctx, loggerContext) => {
    // Named parameters and builders are rare: MikroORM formats those.
    if (typeof query !== 'string' || !Array.isArray(params) || params.length === 0) {
      return super.execute(query, params, method, ctx, loggerContext);
    }
    const { text, values } = this.bind(query, params);
    const connection = ctx ?? this.getClient();
    const bound = {
      executeQuery: (_: CompiledQuery, options?: object) =>
        connection.executeQuery(CompiledQuery.raw(text, [...values]), options),
    };
    return super.execute(text, [], method, bound, loggerContext);
  };

  private bind(query: string, params: readonly unknown[]): Statement {
    const values: unknown[] = [];
    const write = (sql: string, given: readonly unknown[]): string => {
      const rest = given.values();
      return sql.replace(PLACEHOLDER, (placeholder) => {
        if (placeholder === '\\?') return '?';
        const { value } = rest.next();
        return placeholder === '??' && !isRaw(value) ? this.platform.quoteIdentifier(String(value)) : writeValue(value);
      });
    };
    const writeValue = (value: unknown): string => {
      if (isRaw(value)) return write(value.sql, value.params);
      // As MikroORM has it: the elements of a list, for `in`. A value of an array column is a text by now.
      if (Array.isArray(value)) return value.map(writeValue).join(', ');
      return `$${values.push(Utils.isPlainObject(value) ? JSON.stringify(value) : value)}`;
    };
    return { text: write(query, params), values };
  }
}
