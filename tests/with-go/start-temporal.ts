// Starts Temporal on PostgreSQL, tells whoever forked it the processes, and waits to be killed.
import { startTemporalOnPostgresql } from '../../testkit/temporal-postgresql/start.ts';

const temporal = await startTemporalOnPostgresql();
process.send?.(Object.values(temporal.pids()));
