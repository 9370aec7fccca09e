import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

export const WORKFLOWS_PATH = fileURLToPath(new URL('../workflows/registered.ts', import.meta.url));

/** The workflow code as workers run it. Takes a second or two: build it once and share it between workers. */
export function bundleWorkflows(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: WORKFLOWS_PATH,
    // Evaluated once per worker and not once per order. They must keep nothing at their top level that changes; what they export
    // is frozen.
    preloadModules: [WORKFLOWS_PATH],
    // The bundler reports every module that it packs.
    logger: new DefaultLogger('WARN'),
  });
}
