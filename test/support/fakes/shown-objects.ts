/** Objects as kubectl prints them, with a status that the operator could have written. */
import type { ShownObject } from '../../../src/kubectl-sslreset/shown-object.ts';

type Status = NonNullable<ShownObject['status']>;
type Condition = NonNullable<Status['conditions']>[number];

export const OPERATION = 'efc2d32e-2eb6-4914-808e-2d35f9a2de0c';
export const TIME = '2026-11-29T02:47:23Z';

export const aCondition = (
  type: string,
  status: string,
  reason: string,
  parts: Partial<Condition> = {},
): Condition => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: TIME,
  observedGeneration: 1,
  ...parts,
});

interface Parts {
  readonly metadata?: Partial<ShownObject['metadata']>;
  readonly spec?: Partial<ShownObject['spec']>;
  readonly status?: Status;
}

export const aShownObject = ({ metadata, spec, status }: Parts = {}): ShownObject => ({
  kind: 'CloudSqlSslReset',
  metadata: { namespace: 'orders', name: 'orders-db', generation: 1, ...metadata },
  spec: { project: 'acme-prod', instance: 'orders-db', ...spec },
  ...(status !== undefined && { status: { observedGeneration: 1, ...status } }),
});

const complete = '1/2 workloads rolled; server CA 35a1fe69… in Secret/orders-db-server-ca';

/** After a reset, with one of everything. */
export const COMPLETE: Status = {
  observedGeneration: 1,
  conditions: [
    aCondition('Ready', 'True', 'Complete', { message: complete }),
    aCondition('ResetDone', 'True', 'OperationDone', { message: `Operation ${OPERATION} is done` }),
    aCondition('WorkloadsRolled', 'True', 'ManualActionRequired', {
      message: '1 rolled and healthy, 1 left to a person',
    }),
  ],
  operation: {
    name: OPERATION,
    status: 'DONE',
    insertTime: '2026-11-29T02:47:11.400Z',
    endTime: '2026-11-29T02:47:15.423Z',
  },
  serverCa: {
    publishedTo: 'Secret/orders-db-server-ca',
    sha1Fingerprint: '35a1fe69ecad905144be80e8dab65d0c65fb5f16',
    expirationTime: '2036-11-26T02:47:11Z',
    previousSha1Fingerprint: '047ee854fbe0c567334caee3e4b9b3e545edeba2',
  },
  clientCertificates: [
    {
      commonName: 'app',
      secretName: 'app-cert',
      sha1Fingerprint: '1111111111111111111111111111111111111111',
      expirationTime: '2027-11-29T02:47:11Z',
    },
  ],
  rollout: {
    summary: '1/2',
    total: 2,
    workloads: [
      {
        kind: 'StatefulSet',
        name: 'queue',
        wave: 1,
        state: 'ManualActionRequired',
        message: 'its strategy is OnDelete',
      },
      { kind: 'Deployment', name: 'api', wave: 0, state: 'Rolled' },
    ],
  },
  history: [
    { generation: 1, requestId: '2026-11', outcome: 'Complete', operation: OPERATION, endTime: TIME },
    { generation: 1, outcome: 'OperationFailed', endTime: '2026-10-01T00:00:00Z' },
  ],
};
