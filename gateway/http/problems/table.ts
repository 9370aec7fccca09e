import type { Reason } from '../../../contracts/reasons.ts';
import { ORDER_PROBLEMS } from './order-problems.ts';
import { REQUEST_PROBLEMS } from './request-problems.ts';
import type { ProblemRow } from './row.ts';

/** A row for each reason that a problem document can carry. The source of docs/problems.md. */
export const PROBLEMS: Readonly<Record<Reason, ProblemRow>> = { ...ORDER_PROBLEMS, ...REQUEST_PROBLEMS };
