import { Context } from '@temporalio/activity';
import type { ReconcileActivities, Repair, RuleFinding, Verdict } from '../../contracts/reconcile.ts';
import type { Finding } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import { type Calls, type OrderBooks, type ProviderEntry, readBooks } from './books.ts';
import { CROSS_RULES, findingOf, isUndecided, LIFE_RULES } from './rules.ts';

/**
 * Where an order's workflow is: nothing is repaired that it may still be at. Broken: it ended without coming to its end, as
 * one that an operator terminated.
 */
export type WorkflowState = 'running' | 'completed' | 'broken' | 'absent';

export type AuditCalls = Calls & {
  readonly audits: Readonly<
    Record<string, (request: object, limits: { deadlineMs: number }) => Promise<{ findings: Finding[] }>>
  >;
};

// Milliseconds for all rules of one service.
const AUDIT_LIMIT_MS = 30_000;

type Part = { readonly findings: readonly RuleFinding[]; readonly repairable: readonly Repair[] };

type Deps = {
  readonly calls: AuditCalls;
  readonly providerLedger: () => AsyncIterable<ProviderEntry>;
  readonly workflowOf: (orderId: string) => Promise<WorkflowState>;
  /** Orders of which some run of the workflow broke; far fewer than are alive, each of which would have to be asked for. */
  readonly brokenOrders: () => Promise<ReadonlySet<string>>;
  readonly returnWindowMs: number;
};

export function createJudge(deps: Deps): Pick<ReconcileActivities, 'judge'> {
  return {
    async judge({ quietMs, repaired = [] }): Promise<Verdict> {
      const heard = () => Context.current().heartbeat();
      // Each order that is asked for is a call, and there may be thousands.
      const workflowOf = (orderId: string) => {
        heard();
        return deps.workflowOf(orderId);
      };
      const own = await auditsOf(deps.calls.audits, heard);
      const books = await readBooks(deps.calls, deps.providerLedger(), heard);
      // The margin is minutes, and no two clocks of one platform differ by that much.
      const before = Date.now() - quietMs;
      const quiet = [...books.values()].filter(({ orderId, lastAtMs }) => lastAtMs <= before || repaired.includes(orderId));
      const repairable: Repair[] = [];
      const findings: RuleFinding[] = [];
      for (const { name, applies, violated, repair } of CROSS_RULES) {
        const looked = quiet.filter(applies);
        const wrong = looked.filter(violated);
        findings.push(findingOf(name, looked, wrong));
        if (repair === null) continue;
        for (const { orderId } of wrong) {
          if ((await workflowOf(orderId)) !== 'running') repairable.push({ orderId, rule: name, action: repair });
        }
      }
      const undecided = await undecidedOf(quiet, workflowOf);
      const lifeless = await lifelessOf(quiet, { ...deps, workflowOf });
      return {
        findings: [...own, ...findings, ...undecided.findings, ...lifeless.findings],
        repairable: [...repairable, ...undecided.repairable, ...lifeless.repairable],
      };
    },
  };
}

async function auditsOf(audits: AuditCalls['audits'], heard: () => void): Promise<RuleFinding[]> {
  const all: RuleFinding[] = [];
  for (const [service, audit] of Object.entries(audits)) {
    const { findings } = await audit({}, { deadlineMs: AUDIT_LIMIT_MS });
    all.push(...findings.map((finding) => ({ ...finding, rule: `${service}.${finding.rule}` })));
    heard();
  }
  return all;
}

/** An order that is not decided and has no workflow, or one that ended without deciding, would wait for ever. */
async function undecidedOf(quiet: readonly OrderBooks[], workflowOf: (orderId: string) => Promise<WorkflowState>): Promise<Part> {
  const looked = quiet.filter(isUndecided);
  const absent: OrderBooks[] = [];
  const closed: OrderBooks[] = [];
  for (const order of looked) {
    const state = await workflowOf(order.orderId);
    if (state === 'absent') absent.push(order);
    if (state === 'completed' || state === 'broken') closed.push(order);
  }
  return {
    findings: [findingOf('submitted_without_workflow', looked, absent), findingOf('ended_without_outcome', looked, closed)],
    repairable: [
      ...absent.map(({ orderId }): Repair => ({ orderId, rule: 'submitted_without_workflow', action: 'start the workflow' })),
      ...closed.map(({ orderId }): Repair => ({ orderId, rule: 'ended_without_outcome', action: 'settle the order' })),
    ],
  };
}

/** Confirmed orders that somebody should be able to command and nobody can. A run that was reset has another one after it. */
async function lifelessOf(
  quiet: readonly OrderBooks[],
  { brokenOrders, workflowOf, returnWindowMs }: Pick<Deps, 'brokenOrders' | 'workflowOf' | 'returnWindowMs'>,
): Promise<Part> {
  const broken = await brokenOrders();
  const findings: RuleFinding[] = [];
  const repairable: Repair[] = [];
  const now = { nowMs: Date.now(), returnWindowMs };
  for (const { name, applies, repair } of LIFE_RULES) {
    const looked = quiet.filter((order) => applies(order, now));
    const wrong: OrderBooks[] = [];
    for (const order of looked) {
      if (broken.has(order.orderId) && (await workflowOf(order.orderId)) === 'broken') wrong.push(order);
    }
    findings.push(findingOf(name, looked, wrong));
    for (const order of wrong) {
      const action = repair(order);
      if (action) repairable.push({ orderId: order.orderId, rule: name, action });
    }
  }
  return { findings, repairable };
}
