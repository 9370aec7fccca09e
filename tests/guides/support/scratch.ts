/** A copy of the project in which a guide's patch is tried: the files that git knows, with the packages of this clone. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type Scratch = ReturnType<typeof createScratch>;

export type Ran = { readonly code: number | null; readonly output: string };

export function createScratch() {
  const folder = mkdtempSync(join(tmpdir(), 'shopfast-guide-'));
  for (const file of knownFiles()) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(file, join(folder, file));
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));

  /** Runs a program of the copy with this Node; its words are kept whether it succeeds or not. */
  function node(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return run(process.execPath, args, environment);
  }

  function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const started = spawn(command, args, { cwd: folder, env: { ...process.env, ...environment } });
    let output = '';
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    return new Promise((resolve, reject) => {
      started.once('error', reject);
      started.once('close', (code) => resolve({ code, output }));
    });
  }

  return {
    folder,
    node,

    /** Throws how the patch is made anew when the code that it changes has moved on. */
    async apply(patch: string): Promise<void> {
      // Outside of any clone git takes paths as they are.
      const { code, output } = await run('git', ['apply', join(process.cwd(), patch)], { GIT_CEILING_DIRECTORIES: tmpdir() });
      if (code !== 0)
        throw new Error(`${patch} does not fit the code any more; how to refresh it: tests/guides/README.md\n${output}`);
    },

    /** Test files of the copy, against the servers of this test run. */
    jest(files: readonly string[], options: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
      const config = {
        rootDir: folder,
        testEnvironment: 'node',
        extensionsToTreatAsEsm: ['.ts'],
        transform: {},
        testMatch: files.map((file) => `<rootDir>/${file}`),
        testTimeout: 60_000,
      };
      const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
      const jest = [...flags, 'node_modules/jest/bin/jest.js', '--config', JSON.stringify(config), '--runInBand'];
      return node([...jest, ...options], environment);
    },

    read: (file: string) => readFileSync(join(folder, file), 'utf8'),

    write: (file: string, text: string) => writeFileSync(join(folder, file), text),

    edit(file: string, change: (text: string) => string): void {
      const text = readFileSync(join(folder, file), 'utf8');
      const changed = change(text);
      if (changed === text) throw new Error(`Nothing of ${file} was changed`);
      writeFileSync(join(folder, file), changed);
    },

    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Those of a commit, and those that would be in the next one. */
function knownFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' });
  return list.split('\0').filter((file) => file !== '' && existsSync(file));
}
