import { PARTS } from './parts.ts';
import { runPlatform } from './supervisor/run-platform.ts';

process.exit(await runPlatform(PARTS, process.env));
