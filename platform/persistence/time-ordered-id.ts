/**
 * A UUID of version 7 (RFC 9562) by the database's clock: its first 48 bits are milliseconds since 1970, so that rows made one
 * after the other are adjacent in an index. PostgreSQL has such a function from version 18 on; 15 is supported.
 */
export const TIME_ORDERED_ID = `
create function time_ordered_id() returns uuid language sql volatile as $$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
      52, 1), 53, 1),
    'hex')::uuid
$$`;
