export declare function userCache(environment: NodeJS.ProcessEnv): string;
