/** What the idempotency record promises, as a map from key to what is known under it. No database, no clock. */
export type Body = 'one' | 'two';
export type Verdict = 'answer' | 'refuse' | 'fault' | 'crash after claim' | 'crash after effect';

/** How a call ends. `stored` and `refused` carry what they were given, a repetition the same. */
export type Outcome =
  | 'busy'
  | 'reused'
  | 'undone'
  | 'fenced'
  | 'fault'
  | 'crash'
  | 'done'
  | `stored ${string}`
  | `refused ${string}`
  | `replayed ${string}`;

type Entry =
  | { readonly state: 'in_progress'; readonly body: Body; readonly owner: string; readonly expired: boolean }
  | { readonly state: 'completed'; readonly body: Body; readonly answer: string }
  | { readonly state: 'refused'; readonly body: Body; readonly words: string }
  | { readonly state: 'tombstoned' };

export class Model {
  readonly #entries = new Map<string, Entry>();
  readonly #effects = new Map<string, string[]>();

  /** Undefined: the key is the caller's to work under. */
  #standing(key: string, body: Body): Outcome | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry.state === 'tombstoned') return 'undone';
    if (entry.body !== body) return 'reused';
    switch (entry.state) {
      case 'completed':
        return `replayed ${entry.answer}`;
      case 'refused':
        return `refused ${entry.words}`;
      case 'in_progress':
        return entry.expired ? undefined : 'busy';
    }
  }

  /** What only the owner of the lease may do; a lease that ran out is still the owner's until somebody takes it. */
  #asOwner(key: string, owner: string, act: (entry: Entry & { state: 'in_progress' }) => Outcome): Outcome {
    const entry = this.#entries.get(key);
    return entry?.state === 'in_progress' && entry.owner === owner ? act(entry) : 'fenced';
  }

  #took(key: string, answer: string): void {
    this.#effects.set(key, [...(this.#effects.get(key) ?? []), answer]);
  }

  /** Claim, effect and answer in one transaction; `words` are those of the answer or refusal, if it is ours to give one. */
  call(key: string, body: Body, verdict: Verdict, words: string): Outcome {
    const known = this.#standing(key, body);
    if (known) return known;
    switch (verdict) {
      case 'fault':
        return 'fault';
      case 'crash after claim':
      case 'crash after effect':
        return 'crash';
      case 'refuse':
        this.#entries.set(key, { state: 'refused', body, words });
        return `refused ${words}`;
      case 'answer':
        this.#entries.set(key, { state: 'completed', body, answer: words });
        this.#took(key, words);
        return `stored ${words}`;
    }
  }

  /** Takes the lease; the effect comes later, or never. */
  begin(key: string, body: Body, owner: string): Outcome {
    const known = this.#standing(key, body);
    if (known) return known;
    this.#entries.set(key, { state: 'in_progress', body, owner, expired: false });
    return 'done';
  }

  finish(key: string, owner: string, answer: string, crash: boolean): Outcome {
    return this.#asOwner(key, owner, ({ body }) => {
      if (crash) return 'crash';
      this.#entries.set(key, { state: 'completed', body, answer });
      this.#took(key, answer);
      return 'done';
    });
  }

  renew(key: string, owner: string): Outcome {
    return this.#asOwner(key, owner, (entry) => {
      this.#entries.set(key, { ...entry, expired: false });
      return 'done';
    });
  }

  /** Gives up nothing that is not the owner's, and says nothing. */
  abandon(key: string, owner: string): Outcome {
    this.#asOwner(key, owner, (entry) => {
      this.#entries.set(key, { ...entry, expired: true });
      return 'done';
    });
    return 'done';
  }

  undo(key: string): Outcome {
    const entry = this.#entries.get(key);
    if (entry?.state === 'in_progress' && !entry.expired) return 'busy';
    this.#entries.set(key, { state: 'tombstoned' });
    return 'done';
  }

  expire(key: string): Outcome {
    const entry = this.#entries.get(key);
    if (entry?.state === 'in_progress') this.#entries.set(key, { ...entry, expired: true });
    return 'done';
  }

  /** What the database must hold under the key. */
  stateOf(key: string) {
    return { state: this.#entries.get(key)?.state ?? 'absent', effects: this.#effects.get(key) ?? [] };
  }
}
