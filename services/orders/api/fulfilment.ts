/** The calls that change a confirmed or parked order. */
import { createIdempotent } from '../../../platform/idempotency/idempotent.ts';
import {
  CompleteReturnRequest,
  CompleteReturnResponse,
  DeliverOrderRequest,
  DeliverOrderResponse,
  RecordInterventionRequest,
  RecordInterventionResponse,
  RequestReturnRequest,
  RequestReturnResponse,
  ShipOrderRequest,
  ShipOrderResponse,
} from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import { deliverOrder } from '../domain/deliver-order.ts';
import { recordIntervention } from '../domain/record-intervention.ts';
import { completeReturn } from '../domain/returns/complete-return.ts';
import { requestReturn } from '../domain/returns/request-return.ts';
import { shipOrder } from '../domain/ship-order.ts';
import type { Dependencies, OrdersHandlers } from './dependencies.ts';
import { toStatus } from './errors.ts';
import {
  completeReturnSchema,
  deliverOrderSchema,
  recordInterventionSchema,
  requestReturnSchema,
  shipOrderSchema,
} from './requests.ts';

type FulfilmentHandlers = Pick<
  OrdersHandlers,
  'shipOrder' | 'deliverOrder' | 'requestReturn' | 'completeReturn' | 'recordIntervention'
>;

export function fulfilmentHandlers({ database }: Dependencies): FulfilmentHandlers {
  const idempotent = createIdempotent(database, toStatus);
  return {
    shipOrder: idempotent(
      { operation: 'ShipOrder', request: ShipOrderRequest, response: ShipOrderResponse, schema: shipOrderSchema },
      async ({ idempotencyKey: _key, ...shipment }, transaction) => {
        await shipOrder(transaction, shipment);
        return {};
      },
    ),

    deliverOrder: idempotent(
      { operation: 'DeliverOrder', request: DeliverOrderRequest, response: DeliverOrderResponse, schema: deliverOrderSchema },
      async (delivery, transaction) => {
        await deliverOrder(transaction, delivery);
        return {};
      },
    ),

    requestReturn: idempotent(
      { operation: 'RequestReturn', request: RequestReturnRequest, response: RequestReturnResponse, schema: requestReturnSchema },
      async (given, transaction) => {
        const { refundMinor, currency, lines, completesOrder } = await requestReturn(transaction, given);
        return { refund: { amountMinor: refundMinor, currency }, lines: [...lines], completesOrder };
      },
    ),

    completeReturn: idempotent(
      {
        operation: 'CompleteReturn',
        request: CompleteReturnRequest,
        response: CompleteReturnResponse,
        schema: completeReturnSchema,
      },
      async (given, transaction) => {
        await completeReturn(transaction, given);
        return {};
      },
    ),

    recordIntervention: idempotent(
      {
        operation: 'RecordIntervention',
        request: RecordInterventionRequest,
        response: RecordInterventionResponse,
        schema: recordInterventionSchema,
      },
      async ({ idempotencyKey: _key, ...given }, transaction) => {
        await recordIntervention(transaction, given);
        return {};
      },
    ),
  };
}
