import { type Order, OrderStatus } from '../proto/gen/shopfast/orders/v1/orders.ts';
import { type Clients, DEADLINES_MS } from './clients.ts';
import { STATUS_BY_NAME, type StatusName } from './order-record.ts';
import type { ParkedOrders } from './parked-orders.ts';

/** An order is listed when it fits everything that is given. */
export type OrderFilters = {
  /** Absent: of all users. */
  readonly userId: string | undefined;
  readonly status: StatusName | undefined;
  readonly createdFrom: Date | undefined;
  readonly createdTo: Date | undefined;
  readonly failedStep: string | undefined;
};

type Page = { readonly size: number; readonly cursor: string };
export type OrderPage = { readonly orders: readonly Order[]; readonly nextCursor: string };

export type OrderList = ReturnType<typeof createOrderList>;

/** Pages of orders, from their records. */
export function createOrderList({ orders, parkedOrders }: { orders: Clients['orders']; parkedOrders: ParkedOrders }) {
  function read(
    { userId = '', status, ...filters }: OrderFilters,
    { size, cursor }: Page,
    orderIds: string[],
  ): Promise<OrderPage> {
    const wireStatus = status ? STATUS_BY_NAME[status] : OrderStatus.ORDER_STATUS_UNSPECIFIED;
    return orders.calls.listOrders(
      { userId, status: wireStatus, ...filters, orderIds, pageSize: size, cursor },
      { deadlineMs: DEADLINES_MS.readOrder },
    );
  }

  return {
    all: (filters: OrderFilters, page: Page) => read(filters, page, []),

    /** Of the orders that need an operator, those that fit: a page may be short, or empty, and not be the last one. */
    async needingAttention(filters: OrderFilters, { size, cursor }: Page): Promise<OrderPage> {
      const { orderIds, nextCursor } = await parkedOrders.page(JSON.stringify(filters), { size, cursor });
      // No ids would ask for the orders of all.
      if (orderIds.length === 0) return { orders: [], nextCursor };
      const found = await read(filters, { size: orderIds.length, cursor: '' }, orderIds);
      return { orders: found.orders, nextCursor };
    },
  };
}
