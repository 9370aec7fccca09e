/** Gives back what was taken; calling it again does nothing. */
export type Release = () => void;

export type Slots = ReturnType<typeof createSlots>;

/** Bounds work in flight: at most `max` slots are taken under one key at a time. */
export function createSlots(max: number) {
  const taken = new Map<string, number>();

  function give(key: string): void {
    const left = (taken.get(key) ?? 0) - 1;
    // A key without slots is forgotten: memory is bounded by the work in flight.
    if (left > 0) taken.set(key, left);
    else taken.delete(key);
  }

  return {
    /** Takes a slot; undefined when all slots of the key are taken. */
    take(key = ''): Release | undefined {
      const inUse = taken.get(key) ?? 0;
      if (inUse >= max) return undefined;
      taken.set(key, inUse + 1);
      let held = true;
      return () => {
        if (held) give(key);
        held = false;
      };
    },
  };
}
