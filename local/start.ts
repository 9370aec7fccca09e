import { PARTS } from './parts.ts';
import { runPlatform } from './run-platform.ts';

process.exit(await runPlatform(PARTS, process.env));
