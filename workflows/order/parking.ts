/**
 * An order whose undos keep failing waits here, visible to operators, for its next round or for a command (SG6).
 *
 * PK1 An order is parked from the first round that left an undo open until none is open.
 * PK2 A command of an operator takes effect immediately and is recorded with the operator's id and reason. It is in the history
 *     before it is recorded; the round of undos that a retry begins may come first, and undos may be repeated (SG3).
 * PK3 Nothing can be resolved twice, and nothing that is not open.
 */
import { condition } from '@temporalio/workflow';
import type { OrderLifeActivities } from '../../contracts/activities.ts';
import { interventionKey } from '../../contracts/ids.ts';
import type { CompensationCommand } from '../../contracts/order-commands.ts';
import type { CompensationStep } from '../../contracts/saga-steps.ts';
import { showNeedsAttention } from './attributes.ts';
import { pauseAfterRoundMs } from './policies.ts';
import { commandRefused } from './refused.ts';

// Characters; the record stores no more.
const REASON_MAX = 200;

export class Parking {
  readonly #orderId: string;
  readonly #undos: { openUndos(): CompensationStep[]; resolveUndo(of: CompensationStep): void };
  readonly #record: OrderLifeActivities['recordIntervention'];
  #parked = false;
  #woken = false;
  #retries = 0;

  constructor(given: {
    readonly orderId: string;
    readonly undos: { openUndos(): CompensationStep[]; resolveUndo(of: CompensationStep): void };
    readonly record: OrderLifeActivities['recordIntervention'];
  }) {
    this.#orderId = given.orderId;
    this.#undos = given.undos;
    this.#record = given.record;
  }

  /** Whether the order was ever parked; then its attributes say so until it has ended. */
  get attended(): boolean {
    return this.#parked;
  }

  /** After a round that left undos open: until the next one is due or an operator has acted. */
  async wait(round: number): Promise<void> {
    if (!this.#parked) showNeedsAttention();
    this.#parked = true;
    await condition(() => this.#woken, pauseAfterRoundMs(round));
    this.#woken = false;
  }

  /** Throws a command's refusal before it is accepted. */
  validate({ actorId, reason, step }: CompensationCommand): void {
    if (!isText(actorId)) throw commandRefused('validation_failed', { field: 'actorId' });
    if (!isText(reason) || reason.length > REASON_MAX) throw commandRefused('validation_failed', { field: 'reason' });
    const open = this.#undos.openUndos();
    if (this.#parked && (step === undefined ? open.length > 0 : open.includes(step))) return;
    throw commandRefused('illegal_transition', { open_undos: this.#parked ? open.join(' ') : '', step: step ?? '' });
  }

  async retry(command: CompensationCommand): Promise<void> {
    this.#retries += 1;
    this.#woken = true;
    const key = interventionKey(this.#orderId, `retry:${this.#retries}`);
    await this.#record({ ...this.#noteOf(command), key, action: 'retry' });
  }

  async resolve(command: CompensationCommand): Promise<void> {
    const note = this.#noteOf(command);
    for (const step of note.steps) this.#undos.resolveUndo(step);
    this.#woken = this.#undos.openUndos().length === 0;
    const key = interventionKey(this.#orderId, `resolve:${note.steps.join('+')}`);
    await this.#record({ ...note, key, action: 'resolve' });
  }

  #noteOf({ actorId, reason, reference, step }: CompensationCommand) {
    const steps = step === undefined ? this.#undos.openUndos() : [step];
    return { orderId: this.#orderId, actorId, steps, reason, ...(reference === undefined ? {} : { reference }) };
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
