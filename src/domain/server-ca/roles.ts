import type { Role } from '../trust/ca-roles.ts';
import type { RecordedCa } from './server-ca-object.ts';

const WAS_ACTIVE: ReadonlySet<string> = new Set<Role>(['Active', 'RotatedOut']);

type Recorded = Pick<RecordedCa, 'sha1Fingerprint' | 'role'>;

/** Those of a status that were active at any time, as it recorded them. */
export const onceActive = (recorded: readonly Recorded[] = []): readonly string[] =>
  recorded.filter(({ role }) => WAS_ACTIVE.has(role)).map(({ sha1Fingerprint }) => sha1Fingerprint);
