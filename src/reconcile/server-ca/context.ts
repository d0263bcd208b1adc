/** What a pass over a CloudSqlServerCa is given, and what a step of it answers. */
import type { Verdict } from '../../domain/conditions.ts';
import type { Grants } from '../../domain/permission.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import type { CloudSqlServerCa } from '../../domain/server-ca/server-ca-object.ts';
import type { StatusChanges } from '../../domain/server-ca/status.ts';
import type { CloudSql, RotationCalls } from '../cloud-sql-port.ts';
import type { ObjectIndex } from '../object-index.ts';
import type { Context, Settings, StepEvent } from '../pass.ts';
import type { CloudSqlServerCas } from '../ports.ts';
import type { Looks } from './looks.ts';

export interface FollowSettings extends Pick<Grants, 'rotatableInstances' | 'followableInstances'> {
  /** 0: no limit. */
  readonly maxRotationsPerHour: number;
}

export interface ServerCaContext extends Omit<Context, 'index' | 'settings' | 'cloudSql' | 'onDecided'> {
  readonly index: ObjectIndex<SslReset | CloudSqlServerCa>;
  readonly settings: Settings & FollowSettings;
  readonly cloudSql: CloudSql & RotationCalls;
  readonly serverCas: CloudSqlServerCas;
  readonly looks: Looks;
  /** Called with what each pass works on, and by which step. */
  readonly onFollowed?: ((object: CloudSqlServerCa, step: string) => void) | undefined;
}

/** `afterMs`: when the next pass comes, or sooner by an event. */
export type StepResult = Conclusion | Unsaid;

export interface Conclusion {
  readonly changes?: StatusChanges;
  readonly verdict: Verdict;
  readonly events?: readonly StepEvent[];
  readonly afterMs: number;
  /** The object as this pass has written it since; absent: as it was read. */
  readonly written?: CloudSqlServerCa;
}

/** Nothing is new: the status stays as it is. */
interface Unsaid {
  readonly verdict?: undefined;
  readonly afterMs: number;
}
