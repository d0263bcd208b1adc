import { SETTINGS as SHIPPED } from '../support/fakes/settings.ts';

/** Coarser polls: a run is short, and what is promised does not depend on them. */
export const SETTINGS = { ...SHIPPED, pollMinMs: 5_000, pollMaxMs: 60_000, retryMinMs: 2_000 };
