export type Task = { update(text: string): void; end(outcome?: string): void };
export type Progress = { line(text: string): void; begin(name: string, text: string): Task };

export declare function createProgress(options?: { readonly stream?: NodeJS.WriteStream }): Progress;
export declare function seconds(ms: number): string;
