export declare function goEnvironment(work: string, environment: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv>;
/** `work` gets a folder of its own below `folder`, which is deleted afterwards. */
export declare function inWorkFolder<T>(folder: string, work: (path: string) => Promise<T>): Promise<T>;
/** Throws an Error with the last line that the command said when it fails or is not finished in time. */
export declare function run(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly limitMs: number },
): Promise<void>;
