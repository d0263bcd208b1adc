import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** What is generated of a CRD, by paths from the root. */
interface Targets {
  readonly types: string;
  readonly page: string;
  /** Whether its conditions can have that reason. */
  readonly hasReason: (reason: string) => boolean;
  /** The conditions that have it, where it is not the same for all kinds. */
  readonly conditionsOf: (reason: string) => string | undefined;
}

/** Reasons of CloudSqlServerCa alone, and those that it shares with CloudSqlSslReset. */
const FOLLOWING: readonly string[] = [
  'Observing',
  'UpToDate',
  'NotRotatable',
  'AddingServerCa',
  'SwitchingServerCa',
  'Verifying',
  'SwitchingBack',
  'SiblingNotReady',
  'ServerCaNotListed',
  'WaitingServerCaReplaced',
  'RotationRolledBack',
  'Rotated',
  'RotationDue',
  'Holding',
  'WaitingForSiblings',
];

/** What a rotation waits for, or is over by, while the object stays ready. */
const OF_ROTATION: Readonly<Record<string, string>> = {
  Planned: 'Ready, and ServerCaRotated',
  Suspended: 'ServerCaRotated',
  OutsideWindow: 'ServerCaRotated',
  AwaitingApproval: 'ServerCaRotated',
  Throttled: 'Reconciling and Ready, or ServerCaRotated',
  NotPermitted: 'Stalled and Ready, or ServerCaRotated',
  Expired: 'ServerCaRotated',
};

const SHARED: readonly string[] = [
  'Planned',
  'Suspended',
  'OutsideWindow',
  'AwaitingApproval',
  'Expired',
  'OperationFailed',
  'OutcomeUnknown',
  'Publishing',
  'RollingOut',
  'WaitingForInstance',
  'Throttled',
  'PermissionDenied',
  'InstanceNotFound',
  'CloudSqlUnavailable',
  'CannotPublish',
  'InternalError',
  'NotPermitted',
  'InvalidRequest',
  'ObjectConflict',
  'RolloutFailed',
  'DeadlineExceeded',
  'Progressing',
  'Pending',
  'Published',
  'Rolled',
  'NothingToRoll',
  'Unchanged',
  'ManualActionRequired',
];

const TARGETS: Readonly<Record<string, Targets>> = {
  CloudSqlServerCa: {
    types: 'src/domain/server-ca.generated.ts',
    page: 'docs/api-server-ca.md',
    hasReason: (reason) => FOLLOWING.includes(reason) || SHARED.includes(reason),
    conditionsOf: (reason) => OF_ROTATION[reason],
  },
  CloudSqlSslReset: {
    types: 'src/domain/ssl-reset.generated.ts',
    page: 'docs/api.md',
    hasReason: (reason) => !FOLLOWING.includes(reason),
    conditionsOf: () => undefined,
  },
};

const ROOT = new URL('..', import.meta.url);
const CRDS = new URL('crds/', ROOT);

export const fromRoot = (path: string): URL => new URL(path, ROOT);

export const crdFiles = async (): Promise<readonly string[]> =>
  (await readdir(CRDS)).filter((name) => name.endsWith('.yaml'));

/** Each CRD as it is parsed, with what is generated of it. @throws Error where that is not said here */
export const readKinds = async () =>
  Promise.all(
    (await crdFiles()).map(async (file) => {
      const { spec } = parse(await readFile(new URL(file, CRDS), 'utf8'));
      const targets = TARGETS[spec.names.kind];
      if (targets === undefined)
        throw new Error(`crds/${file}: scripts/kinds.ts names no types and no page for its kind`);
      return { ...targets, spec };
    }),
  );
