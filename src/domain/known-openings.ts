import type { Calendar, Openings, Window } from './windows.ts';

/** Openings of windows, each asked for once for as long as no other is next. */
export class KnownOpenings {
  readonly #calendar: Calendar;
  readonly #known = new Map<string, Openings | undefined>();
  #asked = 0;

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
  }

  /** How often the calendar was asked. */
  get asked(): number {
    return this.#asked;
  }

  /** Undefined: the schedule or the time zone is not understood. @param atMs not before that of an earlier call */
  around({ schedule, timeZone }: Window, atMs: number): Openings | undefined {
    const key = `${timeZone} ${schedule}`;
    const known = this.#known.get(key);
    if (this.#known.has(key) && (known === undefined || atMs < (known.nextMs ?? Number.POSITIVE_INFINITY)))
      return known;
    this.#asked += 1;
    const openings = this.#calendar.openings(schedule, timeZone, atMs);
    this.#known.set(key, openings);
    return openings;
  }
}
