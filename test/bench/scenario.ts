import type { Lab } from './lab.ts';
import type { Measure } from './measure.ts';

export interface Scenario {
  /** For `--only`. */
  readonly name: string;
  /** In one line, for who waits for it. */
  readonly what: string;
  /** One run. */
  measure(lab: Lab): Promise<readonly Measure[]>;
}
