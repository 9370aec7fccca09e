import type { NamedMigration } from '../../../platform/persistence/database.ts';
import { InitialMigration } from './001_initial.ts';
import { ShipmentsAndFacts } from './002_shipments_and_facts.ts';
import { WhoAndWhy } from './003_who_and_why.ts';
import { Returns } from './004_returns.ts';
import { OrderLists } from './005_order_lists.ts';
import { ReturnsUpheld } from './006_returns_upheld.ts';
import { Events } from './007_events.ts';
import { EventDeliveries } from './008_event_deliveries.ts';
import { ReturnsAsEffects } from './009_returns_as_effects.ts';
import { DeliveriesThatAreOut } from './010_deliveries_that_are_out.ts';
import { EventsAtOnce } from './011_events_at_once.ts';
import { DeliveriesAtLess } from './012_deliveries_at_less.ts';
import { LinksByOrder } from './013_links_by_order.ts';

export const MIGRATIONS: readonly NamedMigration[] = [
  { name: '001_initial', class: InitialMigration },
  { name: '002_shipments_and_facts', class: ShipmentsAndFacts },
  { name: '003_who_and_why', class: WhoAndWhy },
  { name: '004_returns', class: Returns },
  { name: '005_order_lists', class: OrderLists },
  { name: '006_returns_upheld', class: ReturnsUpheld },
  { name: '007_events', class: Events },
  { name: '008_event_deliveries', class: EventDeliveries },
  { name: '009_returns_as_effects', class: ReturnsAsEffects },
  { name: '010_deliveries_that_are_out', class: DeliveriesThatAreOut },
  { name: '011_events_at_once', class: EventsAtOnce },
  { name: '012_deliveries_at_less', class: DeliveriesAtLess },
  { name: '013_links_by_order', class: LinksByOrder },
];
