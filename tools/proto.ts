/** `npm run proto`: generates the code for the contracts in proto/ into proto/gen. */
import { generateProto } from './checks/generated.ts';

const files = generateProto('proto/gen');
process.stdout.write(`proto/gen: ${files} files\n`);
