/**
 * Parks an order whose undos keep failing. A parked order is visible to operators and waits for its next round or for a command
 * (SG6).
 *
 * PK1 An order is parked from its first round with a failed undo until all undos are done.
 * PK2 An operator's command takes effect immediately. It is recorded with the operator's id and reason, after it was persisted in
 *     the history. A retry's round of undos may start before that; repeated undos are harmless (SG3).
 * PK3 Only an open undo can be resolved, and only once.
 */
import { condition } from '@temporalio/workflow';
import type { OrderLifeActivities } from '../../contracts/activities.ts';
import { interventionKey } from '../../contracts/ids.ts';
import type { CompensationCommand } from '../../contracts/order-commands.ts';
import type { CompensationStep } from '../../contracts/saga-steps.ts';
import { showNeedsAttention } from './attributes.ts';
import { commandRefused } from './commands.ts';
import { pauseAfterRoundMs } from './policies.ts';

// Characters; the order's record stores no more.
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

  /** Whether the order was ever parked. If it was, its attributes say so until they are reset at its end. */
  get wasParked(): boolean {
    return this.#parked;
  }

  /** Waits after a round with failed undos, until the next round is due or an operator's command wakes it. */
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
    // Never reset here: a retry may have asked for the next round while this one still runs.
    if (this.#undos.openUndos().length === 0) this.#woken = true;
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
