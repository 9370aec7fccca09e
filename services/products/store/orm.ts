import type { NamedMigration } from '../../../platform/persistence/database.ts';
import { ProductPriceSchema, ProductSchema, StockMovementSchema } from '../domain/product.ts';
import { ReservationLineSchema, ReservationSchema } from '../domain/reservation.ts';
import { Initial } from './migrations/001_initial.ts';

export const ENTITIES = [ProductSchema, ProductPriceSchema, StockMovementSchema, ReservationSchema, ReservationLineSchema];

export const MIGRATIONS: readonly NamedMigration[] = [{ name: '001_initial', class: Initial }];
