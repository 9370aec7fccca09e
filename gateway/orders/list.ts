import * as z from 'zod';
import { STEP_NAMES } from '../../contracts/saga-steps.ts';
import { entityId } from '../../platform/rpc/fields.ts';
import { type ListOrdersResponse, OrderStatus } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import type { Clients } from '../clients.ts';
import { readQuery } from '../http/input.ts';
import { cursorJson } from '../http/json.ts';
import { HttpProblem } from '../http/problem.ts';
import type { Route } from '../http/route.ts';
import { page, pageInput } from '../http/schemas.ts';
import { type Caller, seesEverything, signedIn } from '../identity/caller.ts';
import { orderSummaryJson, orderSummarySchema } from './order-json.ts';
import { STATUS_BY_NAME, STATUS_NAMES, type StatusName } from './record.ts';
import type { OrderWorkflow } from './workflow/workflow.ts';

type ListDeps = { readonly clients: Pick<Clients, 'orders'>; readonly workflow: Pick<OrderWorkflow, 'parkedOrders'> };

const LIMITS = { deadlineMs: 3_000 };

/** Parameters that only operators may use. */
export const OPERATOR_FILTERS = ['user_id', 'failed_step', 'needs_attention'] as const;

const ORDER_ID = '019ac2b4-7c00-7000-8000-000000000001';
const USER_ID = '019ac2b4-7c00-7000-8000-000000000002';
const MONEY = { amount_minor: 2_500, currency: 'EUR' };
const NO_MONEY = { amount_minor: 0, currency: 'EUR' };

const EXAMPLE = {
  id: ORDER_ID,
  user_id: USER_ID,
  status: 'CANCELLED',
  saga_state: 'SagaFailed',
  items: [
    {
      product_id: '019ac2b4-7c00-7000-8000-000000000003',
      quantity: 2,
      unit_price: { amount_minor: 1_250, currency: 'EUR' },
      line_total: MONEY,
    },
  ],
  subtotal: MONEY,
  tax: NO_MONEY,
  shipping: NO_MONEY,
  total: MONEY,
  failure: { step: 'ProcessPayment', reason: 'payment_declined' },
  created_at: '2026-11-27T08:00:00.000Z',
  links: { self: `/v1/orders/${ORDER_ID}`, status: `/v1/orders/${ORDER_ID}/status` },
};

const instant = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], 'must be a day or an RFC 3339 time')
  .transform((text) => new Date(text))
  // The range of both a protobuf Timestamp and PostgreSQL; an offset can lead out of it.
  .refine((time) => time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9_999, 'must be in the years 1 to 9999, UTC');

/** Query parameters of the list. */
export const orderQuery = z
  .strictObject({
    status: z
      .enum(STATUS_NAMES, 'must be a status of an order')
      .optional()
      .meta({ examples: ['PAID'] }),
    from: instant
      .optional()
      .describe('Created then or later. A day is its beginning, UTC.')
      .meta({ examples: ['2026-11-01', '2026-11-01T08:00:00Z'] }),
    to: instant
      .optional()
      .describe('Created before then. A day is its beginning, UTC.')
      .meta({ examples: ['2026-12-01'] }),
    user_id: entityId
      .optional()
      .describe("Operators only: this user's orders.")
      .meta({ examples: [USER_ID] }),
    failed_step: z
      .enum(STEP_NAMES, 'must be a step of the saga')
      .optional()
      .describe('Operators only: cancelled because this step failed.')
      .meta({ examples: ['ProcessPayment'] }),
    needs_attention: z
      .literal('true', 'must be true or absent')
      .optional()
      .describe('Operators only: parked, because an undo keeps failing. 503 while Temporal does not answer.')
      .meta({ examples: ['true'] }),
    ...pageInput,
  })
  .refine(({ from, to }) => !from || !to || from < to, { path: ['to'], message: 'must be later than from' });

/** An order is listed when it fits every given filter. */
type Filters = {
  /** Absent: of all users. */
  readonly userId: string | undefined;
  readonly status: StatusName | undefined;
  readonly createdFrom: Date | undefined;
  readonly createdTo: Date | undefined;
  readonly failedStep: string | undefined;
};
type Page = { readonly size: number; readonly cursor: string };

export const listOrders: Route<ListDeps> = {
  operation: {
    id: 'listOrders',
    method: 'GET',
    path: '/v1/orders',
    tag: 'orders',
    summary: 'List orders, newest first',
    description:
      'Customers list their own orders. Operators list the orders of all users unless they name one, and only they may use ' +
      `${OPERATOR_FILTERS.join(', ')}. An order is listed when it fits every given parameter. A cursor belongs to its list: the same ` +
      'parameters, with any limit. With needs_attention a page may be short without being the last one.',
    access: 'signed-in',
    query: orderQuery,
    answers: {
      200: {
        description: 'A page of orders, without their history.',
        schema: page(orderSummarySchema),
        example: { items: [EXAMPLE], next_cursor: null },
      },
    },
    problems: ['forbidden'],
  },
  handler: (deps) =>
    async function listOrdersHandler(ctx) {
      const caller = signedIn(ctx);
      const given = readQuery(ctx, orderQuery);
      const filters = {
        userId: listedUser(caller, given),
        status: given.status,
        createdFrom: given.from,
        createdTo: given.to,
        failedStep: given.failed_step,
      };
      const asked = { size: given.limit, cursor: given.cursor };
      const found = await (given.needs_attention ? readParked(deps, filters, asked) : readPage(deps, filters, asked));
      ctx.body = { items: found.orders.map((order) => orderSummaryJson(order)), next_cursor: cursorJson(found.nextCursor) };
    },
};

/** The user whose orders are listed; undefined: all users. Throws 403 when a customer uses a filter of operators. */
function listedUser(caller: Caller, given: z.output<typeof orderQuery>): string | undefined {
  if (seesEverything(caller)) return given.user_id;
  const forbidden = OPERATOR_FILTERS.filter((name) => given[name] !== undefined);
  if (forbidden.length === 0) return caller.userId;
  throw new HttpProblem({
    reason: 'forbidden',
    detail: `Only operators may ask by ${forbidden.join(', ')}.`,
    members: { errors: forbidden.map((name) => ({ pointer: `/${name}`, detail: 'is for operators' })) },
  });
}

function readPage({ clients: { orders } }: ListDeps, filters: Filters, { size, cursor }: Page, orderIds: string[] = []) {
  const { userId = '', status: name, ...others } = filters;
  const status = name ? STATUS_BY_NAME[name] : OrderStatus.ORDER_STATUS_UNSPECIFIED;
  return orders.calls.listOrders({ userId, status, ...others, orderIds, pageSize: size, cursor }, LIMITS);
}

/** The parked orders that fit. A page may be short, or empty, without being the last one. */
async function readParked(deps: ListDeps, filters: Filters, { size, cursor }: Page): Promise<ListOrdersResponse> {
  const { orderIds, nextCursor } = await deps.workflow.parkedOrders(JSON.stringify(filters), { size, cursor });
  // An empty list of ids would ask for every order.
  if (orderIds.length === 0) return { orders: [], nextCursor };
  const found = await readPage(deps, filters, { size: orderIds.length, cursor: '' }, orderIds);
  return { orders: found.orders, nextCursor };
}
