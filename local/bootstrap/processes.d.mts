export declare function inspect(pid: number): { readonly parent: number; readonly mark: string } | undefined;
export declare function isRunning(pid: number, mark?: string): boolean;
export declare function commandOf(pid: number): string;
export declare function stopProcess(options: {
  readonly pid: number;
  readonly mark?: string | undefined;
  readonly signal: NodeJS.Signals;
  readonly limitMs: number;
}): Promise<void>;
