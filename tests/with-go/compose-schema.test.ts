/** The compose files against the schema of the Compose Specification, as its reference implementation holds it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findGoPrograms } from '../../local/bootstrap/go-build.mjs';
import { createProgress } from '../../local/bootstrap/progress.mjs';

const TEMPORAL = 'docker-compose.temporal.yml';
const PLATFORM = 'docker-compose.yml';

let validator: string;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shopfast-compose-'));
  const programs = await findGoPrograms({
    name: 'compose-go',
    version: '2.16.2',
    programs: { 'compose-spec': 'github.com/compose-spec/compose-go/v2/cmd' },
    title: 'Compose validator',
    minutes: 1,
    go: '1.26',
    environment: process.env,
    progress: createProgress({ stream: process.stderr }),
  });
  validator = join(programs, 'compose-spec');
}, 3_000_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Variables are left as they are: what they are replaced by is not the schema's business.
const validate = (...files: string[]) => promisify(execFile)(validator, ['-no-interpolation', ...files]);

test.each([[[TEMPORAL]], [[PLATFORM]], [[TEMPORAL, PLATFORM]]])('%j is what the specification says', async (files) => {
  const { stdout } = await validate(...files);
  expect(stdout).toContain('services:');
});

test.each([
  ['a key that is none', 'restart: unless-stopped', 'restarts: unless-stopped', /restarts/],
  ['a condition that is none', 'service_healthy', 'service_happy', /condition value must be one of/],
  ['a list that is none', 'cap_drop: [ALL]', 'cap_drop: ALL', /cap_drop must be a array/],
])('%s is refused', async (_, from, to, why) => {
  const broken = join(folder, 'broken.yml');
  writeFileSync(broken, readFileSync(PLATFORM, 'utf8').replace(from, to));
  await expect(validate(broken)).rejects.toMatchObject({ stderr: expect.stringMatching(why) });
});
