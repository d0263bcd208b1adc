/** The whole text of each warning, and with it the way out. What the roll warns of is the same for a rotation but for one word. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Instance } from '../../../../src/domain/instance.ts';
import { annotations } from '../../../../src/domain/object.ts';
import { planWarnings } from '../../../../src/domain/reset/plan-warnings.ts';
import { makePlan } from '../../../../src/domain/server-ca/rotation/plan.ts';
import type { Workload } from '../../../../src/domain/trust/workload.ts';
import { aSpec, aWorkload, fingerprint, NOW } from '../../../support/fakes/builders.ts';
import { aServerCa } from '../../../support/fakes/fake-server-cas.ts';

type Spec = Omit<NonNullable<Parameters<typeof aSpec>[0]>, 'serverCa' | 'clientCertificates' | 'mode'>;

interface Given {
  readonly spec?: Spec;
  readonly workloads?: readonly Workload[];
  /** What a workload that is there has to say besides how it fares. */
  readonly note?: string;
  readonly otherObjects?: readonly string[];
}

const CERTIFICATES = [{ commonName: 'api', secretName: 'api-cert' }];
/** Of which there is nothing to say. */
const api = aWorkload({ refersTo: ['Secret/orders-db-ca', 'Secret/api-cert'] });
const also = (parts: Parameters<typeof aWorkload>[0]): readonly Workload[] => [api, aWorkload({ ...parts, name: 'x' })];
const dependentsOf = ({ workloads = [api], note }: Given) =>
  workloads.map((workload) => ({
    kind: workload.kind,
    name: workload.name,
    wave: 0,
    workload,
    ...(note !== undefined && { note }),
  }));

function ofReset(
  given: Given,
  more: Pick<Partial<Instance>, 'replicaNames'> = {},
  mode: 'All' | 'SyncFromPrimary' = 'All',
) {
  const spec = aSpec({
    ...given.spec,
    mode,
    serverCa: { secretName: 'orders-db-ca', key: 'server-ca.pem', contents: 'All' },
    clientCertificates: CERTIFICATES,
  });
  const { otherObjects = [] } = given;
  return planWarnings(spec, {
    instance: { state: 'RUNNABLE', ...more },
    dependents: dependentsOf(given),
    otherObjects,
  });
}

function ofRotation(given: Given, status = {}, rotation = {}) {
  const { rollout } = given.spec ?? {};
  const object = aServerCa({ spec: { rotation, ...(rollout !== undefined && { rollout }) }, status });
  const beginning = { cause: 'RequestId', requestId: 'r', previous: fingerprint(1), next: undefined } as const;
  const facts = { dependents: dependentsOf(given), otherObjects: given.otherObjects ?? [] };
  return makePlan(object, { id: '0123456789abcdef', beginning }, facts, NOW).warnings ?? [];
}

const LABEL = 'the label cloudsql-ssl.dev/instance=orders-db';
const stuck = aWorkload({
  kind: 'StatefulSet',
  name: 'db',
  ordered: { firstOrdinal: 0, updateRevision: '', currentReplicas: 2 },
  status: { availableReplicas: 1 },
});

/** @param call what the roll follows */
const ofRoll = (call: string): readonly (readonly [what: string, given: Given, warnings: readonly string[]])[] => [
  ['a workload of which there is nothing to say', {}, []],
  [
    'nothing to roll',
    { workloads: [] },
    [
      `Nothing is found to roll: no Deployment has ${LABEL}, is one of rollout.targets or refers to what is published. Whoever uses the instance keeps the old server CA`,
    ],
  ],
  [
    'nothing to roll by a selector, of two kinds',
    {
      workloads: [],
      spec: { rollout: { kinds: ['Deployment', 'StatefulSet'], selector: { matchLabels: { app: 'api' } } } },
    },
    [
      'Nothing is found to roll: no Deployment or StatefulSet matches rollout.selector, is one of rollout.targets or refers to what is published. Whoever uses the instance keeps the old server CA',
    ],
  ],
  [
    'a published object that no rolled workload refers to',
    { workloads: [aWorkload({ refersTo: ['Secret/orders-db-ca-7f8b9c', 'Secret/api-cert'] })] },
    [
      'No workload that is rolled refers to Secret/orders-db-ca, so none of them gets what is published there. Mount it; where kustomize makes names with a hash, set disableNameSuffixHash',
    ],
  ],
  [
    'an opt-out',
    { workloads: also({ annotations: { [annotations.rollout]: 'disabled' } }) },
    [`Deployment x is opted out by the annotation cloudsql-ssl.dev/rollout: restart it yourself after the ${call}`],
  ],
  [
    'an opt-out that is not understood',
    { workloads: also({ annotations: { [annotations.rollout]: 'off' } }) },
    [
      'Deployment x: The annotation cloudsql-ssl.dev/rollout: "off" is not understood, so it is not rolled: set it to "disabled", or remove it',
    ],
  ],
  [
    'pods that are not ready, under OrderedReady',
    { workloads: [api, stuck] },
    [
      'StatefulSet db has pods that are not ready, and with podManagementPolicy OrderedReady it does not roll past them: put them right first, or set rollout.unreadyPods: Delete',
    ],
  ],
  [
    'such pods, where they are to be deleted',
    { workloads: [api, stuck], spec: { rollout: { unreadyPods: 'Delete' } } },
    [],
  ],
  [
    'a workload that is paused',
    { workloads: also({ paused: true }) },
    ['Deployment x is paused, so it rolls only when it is resumed'],
  ],
  [
    'an owner that puts back',
    { workloads: also({ owner: { kind: 'Postgres', name: 'db' } }) },
    [
      'Deployment x belongs to Postgres db, which may put its pod template back: then its pods must be restarted by hand',
    ],
  ],
  [
    'pods that stay, of a workload that is paused, owned and stuck',
    { workloads: [api, { ...stuck, paused: true, owner: { kind: 'Postgres', name: 'db' }, reload: { untold: [] } }] },
    [],
  ],
  ['what is noted of a workload', { note: 'it restarts all the same' }, ['Deployment api: it restarts all the same']],
];

const verb = ({ length }: readonly string[]): string => (length === 0 ? 'is silent about' : 'says what to do about');

describe('the whole text of each warning of a plan', () => {
  for (const [what, given, warnings] of ofRoll('reset')) {
    test(`the plan of a reset ${verb(warnings)} ${what}`, () => {
      assert.deepEqual(ofReset(given), warnings);
    });
  }

  for (const [what, given, warnings] of ofRoll('rotation')) {
    test(`the plan of a rotation ${verb(warnings)} ${what}`, () => {
      assert.deepEqual(ofRotation(given), warnings);
    });
  }

  test('the plan of a reset says what to do about a private key that others may read, and is silent about what is no key', () => {
    const { refersTo } = api;
    const warning = (name: string): string =>
      `Deployment ${name} mounts the private key of Secret/api-cert with a mode that others may read, which libpq, lib/pq and pgjdbc refuse: set defaultMode: 0440 for the volume, and securityContext.fsGroup for the pod`;
    const workloads = [
      aWorkload({ name: 'whole', refersTo, openFiles: [{ secret: 'api-cert' }] }),
      aWorkload({ name: 'pem', refersTo, openFiles: [{ secret: 'api-cert', keys: ['client-key.pem'] }] }),
      aWorkload({ name: 'tls', refersTo, openFiles: [{ secret: 'api-cert', keys: ['tls.crt', 'tls.key'] }] }),
      aWorkload({ name: 'public', refersTo, openFiles: [{ secret: 'api-cert', keys: ['client-cert.pem'] }] }),
      aWorkload({ name: 'other', refersTo, openFiles: [{ secret: 'of-somebody-else' }] }),
    ];
    assert.deepEqual(ofReset({ workloads }), ['whole', 'pem', 'tls'].map(warning));
  });

  test('the plan of a reset says to restart the workloads where rollout.disabled is true, and nothing of each', () => {
    const workloads = also({ paused: true });
    assert.deepEqual(ofReset({ workloads, spec: { rollout: { disabled: true } } }), [
      'rollout.disabled is true: restart the workloads yourself after the reset; with the old server CA they fail to connect',
    ]);
  });

  test('the plan of a rotation says what clients have where rollout.disabled is true, and nothing of each workload', () => {
    const workloads = also({ paused: true });
    assert.deepEqual(ofRotation({ workloads, spec: { rollout: { disabled: true } } }), [
      'rollout.disabled is true: the operator rolls no workload for the next server CA, so their clients have holdSeconds to read it',
    ]);
  });

  test('the plan of a reset of all says to reset each read replica, and that of one replica does not', () => {
    const replicaNames = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7'];
    const warning = (few: string): string =>
      `The instance has read replicas, whose replication may stand still until each is reset with mode: SyncFromPrimary: ${few}`;
    assert.deepEqual(ofReset({}, { replicaNames: ['r1'] }), [warning('r1')]);
    assert.deepEqual(ofReset({}, { replicaNames }), [warning('r1, r2, r3, r4, r5 and 2 more')]);
    assert.deepEqual(ofReset({}, { replicaNames }, 'SyncFromPrimary'), []);
  });

  test('the plan names the other objects of the instance, and what is to be thought of in other clusters', () => {
    const otherObjects = ['CloudSqlServerCa orders/ca', 'CloudSqlSslReset billing/db'];
    assert.deepEqual(ofReset({ otherObjects }), [
      'The instance has other objects, which publish and roll anew after this reset: CloudSqlServerCa orders/ca, CloudSqlSslReset billing/db. Other clusters are not known here: only a CloudSqlServerCa there notices this reset by itself',
    ]);
    assert.deepEqual(ofRotation({ otherObjects }), [
      'The switch waits until the other objects of the instance have the next server CA everywhere: CloudSqlServerCa orders/ca, CloudSqlSslReset billing/db. Those of other clusters are not known here, and have holdSeconds',
    ]);
  });

  test('the plan of a rotation by expiry says what to do about an instance that Cloud SQL rotates by itself', () => {
    const status = { serverCertificateRotationMode: 'AUTOMATIC_ROTATION_DURING_MAINTENANCE' };
    assert.deepEqual(ofRotation({}, status, { mode: 'WhenDue' }), [
      'Cloud SQL rotates the server certificate by itself too (serverCertificateRotationMode AUTOMATIC_ROTATION_DURING_MAINTENANCE), without a look at these workloads: set that to NO_AUTOMATIC_ROTATION, or rotation.mode to OnRequest',
    ]);
    assert.deepEqual(ofRotation({}, status, { mode: 'OnRequest' }), []);
  });
});
