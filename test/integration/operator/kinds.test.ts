import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { workloadKinds } from '../../../src/domain/trust/workload-kinds.ts';
import { refusing, stripping } from '../../support/kubernetes/admission.ts';
import { installRolloutCrd } from '../../support/kubernetes/rollout-crd.ts';
import { hasReason, isReady, type OperatorFixture, operatorFixture, reset } from '../../support/operator/fixture.ts';
import {
  annotationsOf,
  areRolledOut,
  argoSays,
  conditionOf,
  has,
  makeUnready,
  messageOf,
  NEVER,
  paused,
  setMinReadySeconds,
  states,
  TOO_LARGE,
  workload,
} from '../../support/operator/kinds.ts';
import { PATIENCE } from '../../support/patience.ts';

const APPS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
const kinds = [...workloadKinds];

async function fixtureWithRollouts(t: TestContext): Promise<OperatorFixture> {
  const fixture = await operatorFixture(t);
  await installRolloutCrd(fixture.cluster);
  return fixture;
}

describe('kinds of workloads', { concurrency: 3 }, () => {
  test('each kind that is asked for is annotated and waited for, and reported by its own name', async (t) => {
    const fixture = await fixtureWithRollouts(t);
    const { apply, until, kubectl } = fixture;
    await apply(...workloadKinds.map((kind) => workload(kind, kind.toLowerCase())));
    await areRolledOut(fixture, 'statefulset/statefulset');
    await apply(reset({ rollout: { kinds } }));
    await until(
      'db',
      has('Deployment deployment Rolled', 'StatefulSet statefulset Rolled', 'DaemonSet daemonset Rolled'),
    );
    const rolling = await until('db', has('Rollout rollout Rolling'));
    assert.ok(!isReady(rolling), 'the Rollout is waited for');
    await argoSays(fixture, 'rollout', { phase: 'Healthy' });
    const done = await until('db', isReady);
    assert.match(conditionOf(done, 'WorkloadsRolled'), /^True Rolled: 4 rolled and healthy/);
    const revision = done.status.rollout?.revision ?? '';
    for (const kind of workloadKinds)
      assert.deepEqual(await annotationsOf(fixture, kind, kind.toLowerCase()), [revision]);
    await kubectl([
      'wait',
      '--for=jsonpath={.reason}=WorkloadRolled',
      'events.events.k8s.io',
      '--field-selector=reason=WorkloadRolled',
      PATIENCE,
    ]);
    const subjects = '{range .items[?(@.reason=="WorkloadRolled")]}{.regarding.apiVersion}/{.regarding.kind} {end}';
    const told = (await kubectl(['get', 'events.events.k8s.io', '-o', `jsonpath=${subjects}`])).trim().split(' ');
    for (const subject of ['apps/v1/StatefulSet', 'apps/v1/DaemonSet', 'argoproj.io/v1alpha1/Rollout']) {
      assert.ok(told.includes(subject), `${subject} in ${told.join(' ')}`);
    }
  });

  test('kinds that are not asked for are left alone, even where they carry the label', async (t) => {
    const fixture = await operatorFixture(t);
    await fixture.apply(...APPS.map((kind) => workload(kind, 'app')));
    await areRolledOut(fixture, 'statefulset/app');
    await fixture.apply(reset({ rollout: { kinds: ['StatefulSet'] } }));
    assert.deepEqual(states(await fixture.until('db', isReady)), ['StatefulSet app Rolled']);
    assert.deepEqual(
      [await annotationsOf(fixture, 'Deployment', 'app'), await annotationsOf(fixture, 'DaemonSet', 'app')],
      [[], []],
    );
  });

  test('what refers to the published Secret is rolled, whatever its kind and however it refers', async (t) => {
    const fixture = await operatorFixture(t);
    const secret = { volumes: [{ name: 'ca', projected: { sources: [{ secret: { name: 'ca', optional: true } }] } }] };
    const subPath = {
      containers: [
        { name: 'app', image: 'app', volumeMounts: [{ name: 'ca', mountPath: '/ca.pem', subPath: 'server-ca.pem' }] },
      ],
      volumes: [{ name: 'ca', secret: { secretName: 'ca', optional: true } }],
    };
    const env = {
      initContainers: [{ name: 'init', image: 'app', envFrom: [{ secretRef: { name: 'ca', optional: true } }] }],
    };
    const unlabelled = (name: string) => ({ name, labels: {} });
    await fixture.apply(
      workload('StatefulSet', 'projected', { metadata: unlabelled('projected'), pod: secret }),
      workload('DaemonSet', 'sub-path', { metadata: unlabelled('sub-path'), pod: subPath }),
      workload('Deployment', 'init', { metadata: unlabelled('init'), pod: env }),
      workload('StatefulSet', 'stranger', { metadata: unlabelled('stranger') }),
    );
    await areRolledOut(fixture, 'statefulset/projected');
    await fixture.apply(reset({ serverCa: { secretName: 'ca' }, rollout: { kinds: [...APPS] } }));
    assert.deepEqual(states(await fixture.until('db', isReady)), [
      'Deployment init Rolled',
      'StatefulSet projected Rolled',
      'DaemonSet sub-path Rolled',
    ]);
    assert.deepEqual(await annotationsOf(fixture, 'StatefulSet', 'stranger'), []);
  });

  test('a selector that selects nothing is no error, and is reported', async (t) => {
    const { apply, until } = await fixtureWithRollouts(t);
    await apply(reset({ rollout: { kinds, selector: { matchLabels: { app: 'none' } } } }));
    const done = await until('db', isReady);
    assert.match(
      conditionOf(done, 'WorkloadsRolled'),
      /^True NothingToRoll: No Deployment, StatefulSet, DaemonSet, Rollout carries the labels app=none/,
    );
  });
});

/** What the healthy ones stay far below on a busy machine. The others are waited for that long. */
const ROLL_SECONDS = 90;
const PARALLEL = { spec: { podManagementPolicy: 'Parallel' } };

describe('health', { concurrency: 3 }, () => {
  test('a pod that is ready is not available before minReadySeconds are over', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until } = fixture;
    const all = APPS.map((kind) => `${kind.toLowerCase()}/${kind.toLowerCase()}`);
    await apply(...APPS.map((kind) => workload(kind, kind.toLowerCase())));
    await areRolledOut(fixture, ...all);
    await setMinReadySeconds(fixture, NEVER, ...all);
    await apply(reset({ rollout: { kinds: [...APPS] } }));
    const waiting = await until('db', (db) =>
      APPS.every((kind) => /updated replicas are available|are updated/.test(messageOf(db, kind.toLowerCase()))),
    );
    assert.ok(!isReady(waiting));
    await setMinReadySeconds(fixture, 1, ...all);
    assert.equal((await until('db', isReady)).status.rollout?.summary, '3/3');
  });

  test('without a replica, or a node that fits, there is nothing to wait for', async (t) => {
    const { apply, until } = await operatorFixture(t);
    await apply(
      workload('Deployment', 'a', { spec: { replicas: 0 } }),
      workload('StatefulSet', 'b', { spec: { replicas: 0 } }),
      workload('DaemonSet', 'c', { pod: { nodeSelector: { 'example.com/none': 'x' } } }),
    );
    await apply(reset({ rollout: { kinds: [...APPS] } }));
    const done = await until('db', isReady);
    assert.deepEqual(states(done), ['Deployment a Rolled', 'StatefulSet b Rolled', 'DaemonSet c Rolled']);
  });

  test('health of each kind one that does not get healthy fails, and the others are rolled all the same', async (t) => {
    const fixture = await fixtureWithRollouts(t);
    const { apply, until } = fixture;
    await apply(
      ...APPS.flatMap((kind) => [
        // In parallel: an ordered StatefulSet would wait for a person, since its old pods are not ready.
        workload(kind, `bad-${kind.toLowerCase()}`, { pod: TOO_LARGE, ...(kind === 'StatefulSet' && PARALLEL) }),
        workload(kind, `good-${kind.toLowerCase()}`),
      ]),
      workload('Rollout', 'bad-rollout'),
    );
    await areRolledOut(fixture, 'statefulset/good-statefulset');
    await apply(reset({ rollout: { kinds, timeoutSeconds: ROLL_SECONDS } }));
    await until('db', has('Rollout bad-rollout Rolling'));
    await argoSays(fixture, 'bad-rollout', { phase: 'Degraded', message: 'ProgressDeadlineExceeded' });
    const failed = await until('db', hasReason('RolloutFailed'));
    assert.deepEqual(
      states(failed),
      [
        ['DaemonSet bad-daemonset', 'Failed'],
        ['Deployment bad-deployment', 'Failed'],
        ['Rollout bad-rollout', 'Failed'],
        ['StatefulSet bad-statefulset', 'Failed'],
        ['DaemonSet good-daemonset', 'Rolled'],
        ['Deployment good-deployment', 'Rolled'],
        ['StatefulSet good-statefulset', 'Rolled'],
      ].map((words) => words.join(' ')),
    );
    assert.match(messageOf(failed, 'bad-statefulset'), new RegExp(`^Not healthy after ${ROLL_SECONDS} s: `));
    assert.match(messageOf(failed, 'bad-rollout'), /degraded \(ProgressDeadlineExceeded\)/);
    for (const kind of workloadKinds) assert.match(conditionOf(failed, 'Ready'), new RegExp(`${kind} bad-`));
  });

  test('a Deployment whose pods a used-up quota refuses says so while it is waited for, and rolls when there is room', async (t) => {
    const { apply, until, kubectl } = await operatorFixture(t);
    // The control plane of the tests has no controller for quotas, and admission goes by what that one would write.
    const quota = async (hard: string): Promise<void> => {
      const status = JSON.stringify({ status: { hard: { pods: hard }, used: { pods: '2' } } });
      await kubectl(['patch', 'resourcequota', 'small', '--subresource=status', '--type=merge', '-p', status]);
    };
    await apply(workload('Deployment', 'app'));
    await kubectl(['rollout', 'status', 'deployment/app', PATIENCE]);
    await kubectl(['create', 'quota', 'small', '--hard=pods=2']);
    await quota('2');
    await apply(reset());
    const waiting = await until('db', (db) => messageOf(db, 'app').includes('exceeded quota: small'));
    assert.deepEqual(states(waiting), ['Deployment app Rolling']);
    assert.match(conditionOf(waiting, 'Ready'), /0\/1 rolled; waiting for Deployment app .*exceeded quota: small/);
    await quota('9');
    assert.deepEqual(states(await until('db', isReady)), ['Deployment app Rolled']);
  });

  test('one that is scaled while it rolls is waited for, and does not fail', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until, kubectl } = fixture;
    await apply(workload('Deployment', 'a'), workload('StatefulSet', 'b'));
    await areRolledOut(fixture, 'deployment/a', 'statefulset/b');
    await setMinReadySeconds(fixture, NEVER, 'deployment/a', 'statefulset/b');
    await apply(reset({ rollout: { kinds: ['Deployment', 'StatefulSet'] } }));
    await until('db', has('Deployment a Rolling', 'StatefulSet b Rolling'));
    await kubectl(['scale', '--replicas=4', 'deployment/a', 'statefulset/b']);
    await setMinReadySeconds(fixture, 1, 'deployment/a', 'statefulset/b');
    const done = await until('db', isReady);
    assert.deepEqual(states(done), ['Deployment a Rolled', 'StatefulSet b Rolled']);
    const ready = '{range .items[*]}{.status.updatedReplicas}/{.status.availableReplicas} {end}';
    assert.equal((await kubectl(['get', 'deployments,statefulsets', '-o', `jsonpath=${ready}`])).trim(), '4/4 4/4');
  });

  test('onFailure Stop holds for the kinds of later waves, by annotation and by target', async (t) => {
    const fixture = await operatorFixture(t);
    const inWave = (name: string, wave: string) => ({
      name,
      labels: { 'cloudsql-ssl.dev/instance': 'orders-db' },
      annotations: { 'cloudsql-ssl.dev/wave': wave },
    });
    await fixture.apply(
      // Its controller gives it up, so that no time is set to those that roll.
      workload('Deployment', 'first', { pod: TOO_LARGE, spec: { progressDeadlineSeconds: 2 } }),
      workload('DaemonSet', 'later', { metadata: inWave('later', '1') }),
      workload('StatefulSet', 'earlier', { metadata: inWave('earlier', '2') }),
    );
    await areRolledOut(fixture, 'statefulset/earlier');
    const targets = [{ kind: 'StatefulSet', name: 'earlier', wave: -1 }];
    await fixture.apply(reset({ rollout: { kinds: [...APPS], targets, onFailure: 'Stop' } }));
    const failed = await fixture.until('db', hasReason('RolloutFailed'));
    assert.deepEqual(states(failed), [
      'StatefulSet earlier Rolled',
      'Deployment first Failed',
      'DaemonSet later Pending',
    ]);
    assert.deepEqual(await annotationsOf(fixture, 'DaemonSet', 'later'), []);
  });
});

describe('what waits for a person', { concurrency: 3 }, () => {
  test('OnDelete and partitions are annotated, reported with a command that works, and hold nothing up', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until, kubectl, cluster } = fixture;
    const onDelete = { updateStrategy: { type: 'OnDelete' } };
    const partition = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } };
    await apply(
      workload('StatefulSet', 'a', { spec: onDelete }),
      workload('DaemonSet', 'b', { spec: onDelete }),
      workload('StatefulSet', 'c', { spec: partition }),
      workload('Deployment', 'last', {
        metadata: {
          name: 'last',
          labels: { 'cloudsql-ssl.dev/instance': 'orders-db' },
          annotations: { 'cloudsql-ssl.dev/wave': '1' },
        },
      }),
    );
    for (const name of ['statefulset/a', 'statefulset/c']) {
      await kubectl(['wait', '--for=jsonpath={.status.availableReplicas}=2', name, PATIENCE]);
    }
    await kubectl(['rollout', 'status', 'statefulset/c', PATIENCE]);
    await kubectl(['wait', '--for=jsonpath={.status.numberAvailable}=1', 'daemonset/b', PATIENCE]);
    await apply(reset({ rollout: { kinds: [...APPS], onFailure: 'Stop' } }));
    const done = await until('db', isReady);
    assert.deepEqual(states(done), [
      'StatefulSet a ManualActionRequired',
      'DaemonSet b ManualActionRequired',
      'StatefulSet c ManualActionRequired',
      'Deployment last Rolled',
    ]);
    assert.match(conditionOf(done, 'Ready'), /1\/4 workloads rolled; 3 left to a person/);
    assert.match(conditionOf(done, 'WorkloadsRolled'), /^True ManualActionRequired: 1 rolled .* DaemonSet b/);
    const updated = '{.status.updatedReplicas}';
    assert.equal(await kubectl(['get', 'statefulset', 'c', '-o', `jsonpath=${updated}`]), '1', 'above the partition');
    for (const name of ['a', 'b', 'c']) await cluster.kubectl(commandIn(messageOf(done, name)));
    for (const name of ['statefulset/a', 'statefulset/c']) {
      await kubectl(['wait', '--for=jsonpath={.status.updatedReplicas}=2', name, PATIENCE]);
    }
    await kubectl(['wait', '--for=jsonpath={.status.updatedNumberScheduled}=1', 'daemonset/b', PATIENCE]);
  });

  test('a Rollout that is paused is skipped, one that waits for its promotion is reported', async (t) => {
    const fixture = await fixtureWithRollouts(t);
    const { apply, until } = fixture;
    await apply(
      workload('Rollout', 'canary', { spec: { strategy: { canary: { steps: [{ pause: {} }] } } } }),
      workload('Rollout', 'paused', { spec: { paused: true } }),
    );
    await apply(reset({ rollout: { kinds: ['Rollout'] } }));
    await until('db', has('Rollout canary Rolling', 'Rollout paused Skipped'));
    await argoSays(fixture, 'canary', {
      phase: 'Paused',
      message: 'CanaryPauseStep',
      currentStepIndex: 0,
      pauseConditions: [{ reason: 'CanaryPauseStep' }],
    });
    const done = await until('db', isReady);
    assert.deepEqual(states(done), ['Rollout canary ManualActionRequired', 'Rollout paused Skipped']);
    assert.match(messageOf(done, 'canary'), /kubectl argo rollouts promote canary -n test-/);
    assert.equal((await annotationsOf(fixture, 'Rollout', 'paused')).length, 1, 'it rolls when it is resumed');
  });

  test('a Rollout rolls with the Deployment whose template it runs, and is left to a person without it', async (t) => {
    const fixture = await fixtureWithRollouts(t);
    const { apply, until } = fixture;
    const running = (name: string) => ({
      ...workload('Rollout', name),
      spec: { replicas: 2, workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-template` } },
    });
    const without = { name: 'lone-template', labels: {} };
    await apply(
      running('lone'),
      running('with'),
      workload('Deployment', 'lone-template', { metadata: without, spec: { replicas: 0 } }),
      workload('Deployment', 'with-template', { spec: { replicas: 0 } }),
    );
    await apply(reset({ rollout: { kinds: ['Deployment', 'Rollout'] } }));
    await until('db', has('Deployment with-template Rolled', 'Rollout with Rolling'));
    await argoSays(fixture, 'with', { phase: 'Healthy', workloadObservedGeneration: '2' });
    const done = await until('db', isReady);
    assert.deepEqual(states(done), [
      'Rollout lone ManualActionRequired',
      'Rollout with Rolled',
      'Deployment with-template Rolled',
    ]);
    assert.match(messageOf(done, 'lone'), /Deployment lone-template, which is not among the workloads to roll/);
    assert.deepEqual(await annotationsOf(fixture, 'Deployment', 'lone-template'), [], 'it is not selected');
  });

  test('a workload whose owner puts its template back is annotated once and reported; one whose template stays is rolled', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until, kubectl } = fixture;
    await kubectl(['create', 'configmap', 'main']);
    const uid = await kubectl(['get', 'configmap', 'main', '-o', 'jsonpath={.metadata.uid}']);
    const owned = (name: string) => ({
      name,
      labels: { 'cloudsql-ssl.dev/instance': 'orders-db' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'main', uid: uid.trim(), controller: true }],
    });
    await apply(
      workload('StatefulSet', 'fought', { metadata: owned('fought'), spec: { minReadySeconds: 600 } }),
      workload('StatefulSet', 'kept', { metadata: owned('kept') }),
    );
    await kubectl(['wait', '--for=jsonpath={.status.readyReplicas}=1', 'statefulset/fought', PATIENCE]);
    await areRolledOut(fixture, 'statefulset/kept');
    await apply(reset({ rollout: { kinds: ['StatefulSet'] } }));
    await until('db', has('StatefulSet fought Rolling', 'StatefulSet kept Rolled'));
    const back = [{ op: 'remove', path: '/spec/template/metadata/annotations' }];
    await kubectl(['patch', 'statefulset', 'fought', '--type=json', '-p', JSON.stringify(back)]);
    const done = await until('db', isReady);
    assert.deepEqual(states(done), ['StatefulSet fought ManualActionRequired', 'StatefulSet kept Rolled']);
    assert.match(messageOf(done, 'fought'), /^Its owner ConfigMap main put the pod template back/);
    assert.equal(
      await kubectl(['get', 'statefulset', 'fought', '-o', 'jsonpath={.metadata.generation}']),
      '3',
      'made, annotated once, put back',
    );
  });
});

describe('old pods that are not ready', { concurrency: 3 }, () => {
  test('old pods that are not ready of an ordered StatefulSet are reported within seconds, with a command that has it roll', async (t) => {
    const fixture = await operatorFixture(t);
    await fixture.apply(workload('StatefulSet', 'db', { spec: { replicas: 3 } }));
    await makeUnready(fixture, 'db', 3);
    await fixture.apply(reset({ rollout: { kinds: ['StatefulSet'] } }));
    const done = await fixture.until('db', isReady);
    assert.deepEqual(states(done), ['StatefulSet db ManualActionRequired']);
    assert.match(messageOf(done, 'db'), /kubectl -n \S+ delete pod db-2 db-1 db-0$/);
    await fixture.cluster.kubectl(commandIn(messageOf(done, 'db')));
    await fixture.kubectl(['rollout', 'status', 'statefulset/db', PATIENCE]);
  });

  test('old pods that are not ready of an ordered StatefulSet are deleted where the spec says so, and only those', async (t) => {
    const fixture = await operatorFixture(t);
    await fixture.apply(workload('StatefulSet', 'db', { spec: { replicas: 3 } }));
    await makeUnready(fixture, 'db', 2);
    const uidOf = (pod: string) => fixture.kubectl(['get', 'pod', pod, '-o', 'jsonpath={.metadata.uid}']);
    const kept = await uidOf('db-2');
    await fixture.apply(reset({ rollout: { kinds: ['StatefulSet'], unreadyPods: 'Delete' } }));
    const done = await fixture.until('db', isReady);
    assert.deepEqual(states(done), ['StatefulSet db Rolled']);
    assert.notEqual(await uidOf('db-2'), kept, 'its controller has replaced it');
    const replaced = await fixture.operator.lines('"pod":"db-', 2);
    assert.deepEqual(
      replaced.map((line) => line.match(/"pod":"(db-\d)"/)?.[1]),
      ['db-1', 'db-0'],
    );
  });

  test('old pods that are not ready of a Parallel StatefulSet are replaced by its controller', async (t) => {
    const fixture = await operatorFixture(t);
    await fixture.apply(workload('StatefulSet', 'db', { spec: { podManagementPolicy: 'Parallel' } }));
    await makeUnready(fixture, 'db', 2);
    await fixture.apply(reset({ rollout: { kinds: ['StatefulSet'] } }));
    assert.deepEqual(states(await fixture.until('db', isReady)), ['StatefulSet db Rolled']);
  });
});

describe('bad input', { concurrency: 3 }, () => {
  test('an unknown kind is refused by the API server, which lists those that there are', async (t) => {
    const { apply } = await operatorFixture(t);
    for (const rollout of [{ kinds: ['CronJob'] }, { targets: [{ kind: 'CronJob', name: 'x' }] }]) {
      await assert.rejects(apply(reset({ rollout })), /"CronJob": supported values: .*"StatefulSet"/);
    }
  });

  test('a target of any kind that does not exist is waited for before the call', async (t) => {
    const { apply, until, resets } = await fixtureWithRollouts(t);
    const targets = workloadKinds.map((kind) => ({ kind, name: 'late' }));
    await apply(reset({ rollout: { kinds: [], targets } }));
    for (const kind of ['DaemonSet', 'Deployment', 'Rollout', 'StatefulSet'] as const) {
      const waiting = await until('db', (db) => conditionOf(db, 'Ready').includes(`TargetNotFound: ${kind} late`));
      assert.equal(resets(), 0, conditionOf(waiting, 'Ready'));
      await apply(workload(kind, 'late', paused(kind)));
    }
    await until('db', (db) => (db.status.rollout?.total ?? 0) === 4);
  });

  test('a target that is gone after the call is missing, and the others are rolled', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until, kubectl, resets } = fixture;
    await apply(workload('StatefulSet', 'slow'), workload('DaemonSet', 'gone'));
    await areRolledOut(fixture, 'statefulset/slow');
    await setMinReadySeconds(fixture, NEVER, 'statefulset/slow');
    const targets = [{ kind: 'DaemonSet', name: 'gone', wave: 1 }];
    await apply(reset({ rollout: { kinds: ['StatefulSet'], targets } }));
    await until('db', has('StatefulSet slow Rolling'));
    await kubectl(['delete', 'daemonset', 'gone']);
    await setMinReadySeconds(fixture, 1, 'statefulset/slow');
    const failed = await until('db', hasReason('RolloutFailed'));
    assert.deepEqual(states(failed), ['StatefulSet slow Rolled', 'DaemonSet gone Missing']);
    assert.match(conditionOf(failed, 'Ready'), /DaemonSet gone: It does not exist/);
    assert.equal(resets(), 1);
  });

  test('a workload that a policy refuses after the call fails by its name, and the others are rolled', async (t) => {
    const fixture = await operatorFixture(t);
    const { apply, until, cluster, namespace, resets } = fixture;
    await apply(workload('StatefulSet', 'a'), workload('StatefulSet', 'refused'), workload('StatefulSet', 'z'));
    await areRolledOut(fixture, 'statefulset/a', 'statefulset/z');
    await refusing(t, cluster, namespace, 'Invalid', {
      apiGroup: 'apps',
      resource: 'statefulsets',
      expression: "object.metadata.name != 'refused'",
      probe: ['annotate', 'statefulset', 'refused', 'example.com/probe=x', '--dry-run=server'],
    });
    await apply(reset({ rollout: { kinds: ['StatefulSet'] } }));
    const failed = await until('db', hasReason('RolloutFailed'));
    assert.deepEqual(states(failed), ['StatefulSet a Rolled', 'StatefulSet refused Failed', 'StatefulSet z Rolled']);
    assert.match(conditionOf(failed, 'Ready'), /StatefulSet refused: .*not here/);
    assert.equal(resets(), 1);
  });

  test('a kind that a policy refuses altogether is found out before the call, by its name', async (t) => {
    const { apply, until, cluster, namespace, resets } = await operatorFixture(t);
    await apply(workload('Deployment', 'a'), workload('DaemonSet', 'refused'));
    const lift = await refusing(t, cluster, namespace, 'Invalid', {
      apiGroup: 'apps',
      resource: 'daemonsets',
      expression: 'false',
      probe: ['annotate', 'daemonset', 'refused', 'example.com/probe=x', '--dry-run=server'],
    });
    await apply(reset({ rollout: { kinds: ['Deployment', 'DaemonSet'] } }));
    const waiting = await until('db', hasReason('CannotPublish'));
    assert.match(conditionOf(waiting, 'Ready'), /DaemonSet refused: .*not here/);
    assert.equal(resets(), 0);
    await lift();
    await until('db', isReady);
    assert.equal(resets(), 1);
  });

  test('a policy that strips the annotation of pod templates is found out before the call, which is made without it', async (t) => {
    const { apply, until, cluster, namespace, resets } = await operatorFixture(t);
    await apply(workload('Deployment', 'app'));
    const lift = await stripping(t, cluster, namespace);
    await apply(reset());
    const waiting = await until('db', hasReason('CannotPublish'));
    assert.match(
      conditionOf(waiting, 'Ready'),
      /Deployment app would not roll: .*policy removes or changes the annotation tls\.cloudsql-ssl\.dev\//,
    );
    assert.equal(resets(), 0);
    await lift();
    assert.deepEqual(states(await until('db', isReady)), ['Deployment app Rolled']);
    assert.equal(resets(), 1);
  });
});

/** The arguments of the kubectl command that ends a message. */
function commandIn(message: string): readonly string[] {
  const command = /kubectl (.*)$/.exec(message)?.[1] ?? '';
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
}
