/** What is attacked: a reset, or a rotation. All else of a case is the same for both. */
import type { Observed, Observer } from '../support/proxied/observer.ts';
import type { Seen } from '../support/proxied/traffic.ts';
import type { Fixture, FixtureOptions } from './fixture.ts';

/** The name of the one object of a run. */
export const OBJECT = 'db';

/** A whole run of one object, from where it is set off to its end. */
export interface Site<T extends Observed, End extends object> {
  /** Begins the names of its classes. */
  readonly prefix: '' | `${string}: `;
  readonly options: FixtureOptions;
  /** How a run ends that nothing disturbs. */
  readonly isDone: (object: T) => boolean;
  /**
   * Puts in place what there is before anything is attacked.
   * @param spec added to that of the object
   */
  readonly open: (fixture: Fixture, spec: object) => Promise<Scene<T, End>>;
}

/** One run. */
export interface Scene<T extends Observed, End extends object> {
  readonly observer: Observer<T>;
  /** Sets off what is attacked. */
  begin(): Promise<void>;
  endState(object: T): Promise<End>;
  /** What was wrong at any time, whatever it came to in the end. */
  wrongs(): readonly string[];
  close(): void;
}

/** A run without a fault: what the others must come to, and the requests that it takes. */
export interface Reference<T extends Observed, End extends object> {
  readonly site: Site<T, End>;
  readonly seen: readonly Seen[];
  readonly end: End;
}
