export declare function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options?: { readonly onWait?: (pid: number) => void },
): Promise<T>;
export declare function tryLock(file: string): number | undefined;
