/** Workloads whose pods stay, on a real API server with its controllers. What kubelets make of it only a real one can tell. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { podAnnotationKey } from '../../../src/domain/trust/pod.ts';
import { RELOADS } from '../../../src/domain/trust/reload.ts';
import { templateAnnotationKey } from '../../../src/domain/trust/tls-material.ts';
import {
  hasReason,
  INSTANCE,
  isReady,
  type OperatorFixture,
  operatorFixture,
  PROJECT,
  reset,
} from '../../support/operator/fixture.ts';
import { states, workload } from '../../support/operator/kinds.ts';
import { PATIENCE } from '../../support/patience.ts';

const KEY = podAnnotationKey(templateAnnotationKey({ project: PROJECT, instance: INSTANCE }));
const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
const RELOADING = {
  labels: { 'cloudsql-ssl.dev/instance': INSTANCE },
  annotations: { 'cloudsql-ssl.dev/pick-up': 'Reload' },
};

interface SeenPod {
  readonly app: string;
  readonly uid: string;
  readonly told: string;
}

async function podsOf({ kubectl }: OperatorFixture): Promise<readonly SeenPod[]> {
  const told = `{.metadata.annotations.${KEY.replaceAll('.', '\\.')}}`;
  const columns = `{.metadata.labels.app} {.metadata.uid} ${told}`;
  const text = await kubectl(['get', 'pods', '-o', `jsonpath={range .items[*]}${columns}{"\\n"}{end}`]);
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [app = '', uid = '', value = ''] = line.split(' ');
      return { app, uid, told: value };
    });
}

const uids = (pods: readonly SeenPod[]): readonly string[] => pods.map(({ uid }) => uid).toSorted();

describe('workloads whose clients read the file again', { concurrency: 2 }, () => {
  test('the pods of workloads of each kind are told and stay, and none of another that carries their labels', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until, kubectl } = fixture;
    await apply(
      ...KINDS.map((kind) =>
        workload(kind, kind.toLowerCase(), { metadata: { name: kind.toLowerCase(), ...RELOADING } }),
      ),
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'stranger', labels: { app: 'statefulset' } },
        spec: { containers: [{ name: 'app', image: 'app' }] },
      },
    );
    for (const kind of KINDS) await kubectl(['rollout', 'status', `${kind}/${kind.toLowerCase()}`, PATIENCE]);
    const before = await podsOf(fixture);
    await apply(reset({ serverCa: { secretName: 'ca' }, rollout: { kinds: [...KINDS], reloadSeconds: 1 } }));
    const done = await until('db', isReady);
    const after = await podsOf(fixture);
    assert.deepEqual(states(done).toSorted(), KINDS.map((kind) => `${kind} ${kind.toLowerCase()} Rolled`).toSorted());
    assert.deepEqual(
      done.status.rollout?.workloads?.map(({ message }) => message),
      KINDS.map(() => RELOADS),
    );
    assert.deepEqual(uids(after), uids(before), 'nothing was restarted');
    const right = after.filter(({ told }) => told === done.status.rollout?.revision);
    assert.equal(right.length, after.length - 1, 'all but the stranger');
    for (const kind of KINDS) {
      const template = await kubectl([
        'get',
        kind,
        kind.toLowerCase(),
        '-o',
        'jsonpath={.spec.template.metadata.annotations}',
      ]);
      assert.equal(template, '', 'its template stays as it is');
    }
  });

  test('a pod that is made after the publishing needs no word, by both times of the API server', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until, kubectl } = fixture;
    await apply(workload('Deployment', 'app', { metadata: { name: 'app', ...RELOADING } }));
    await kubectl(['rollout', 'status', 'deployment/app', PATIENCE]);
    // Both times are in whole seconds: the pod is made in a later one.
    await apply(reset({ serverCa: { secretName: 'ca' }, rollout: { reloadSeconds: 2 } }));
    const done = await until('db', isReady);
    await kubectl(['scale', 'deployment/app', '--replicas=3']);
    await kubectl(['rollout', 'status', 'deployment/app', PATIENCE]);
    // Another object of the instance judges its pods anew.
    await apply(reset({ preconditions: { serverCertificate: 'Missing' } }, { name: 'again' }));
    const again = await until('again', hasReason('AlreadyPresent'));
    assert.deepEqual(states(again), ['Deployment app Rolled']);
    const told = (await podsOf(fixture)).map((pod) => pod.told).toSorted();
    const { revision } = done.status.rollout ?? {};
    assert.deepEqual(told, ['', revision, revision]);
  });

  test('a workload that takes the CA by a variable is restarted all the same, and its row says why', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until, kubectl } = fixture;
    const env = [{ name: 'CA', valueFrom: { secretKeyRef: { name: 'ca', key: 'server-ca.pem', optional: true } } }];
    const pod = { containers: [{ name: 'app', image: 'app', env }] };
    await apply(workload('Deployment', 'app', { metadata: { name: 'app', ...RELOADING }, pod }));
    await kubectl(['rollout', 'status', 'deployment/app', PATIENCE]);
    const before = await podsOf(fixture);
    await apply(reset({ serverCa: { secretName: 'ca' } }));
    const done = await until('db', isReady);
    assert.match(done.status.rollout?.workloads?.[0]?.message ?? '', /takes Secret\/ca by env or subPath/);
    const left = new Set(uids(before));
    assert.ok(uids(await podsOf(fixture)).some((uid) => !left.has(uid)));
  });
});
