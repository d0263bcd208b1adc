import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toWorkload } from '../../../src/kubernetes/workload-object.ts';

const metadata = { namespace: 'orders', name: 'w', uid: 'u', resourceVersion: '7', generation: 3 };

test('what has no identity is no workload', () => {
  for (const object of [undefined, {}, { metadata: { ...metadata, uid: 1 } }]) {
    assert.throws(() => toWorkload('Rollout', object), TypeError);
  }
});

test('of what is absent or of another type nothing is taken over', () => {
  const odd = {
    metadata: { ...metadata, labels: { a: 1, b: 'x' } },
    spec: { replicas: '2', paused: 'yes', template: [] },
  };
  assert.deepEqual(toWorkload('Deployment', odd), {
    kind: 'Deployment',
    namespace: 'orders',
    name: 'w',
    uid: 'u',
    resourceVersion: '7',
    labels: { b: 'x' },
    annotations: {},
    templateAnnotations: {},
    refersTo: [],
    takesOnce: [],
    podSelector: '',
    strategy: { kind: 'Rolling', partition: 0 },
    generation: 3,
    paused: false,
    desiredReplicas: 1,
    status: { observedGeneration: 0, replicas: 0, updatedReplicas: 0, availableReplicas: 0, progressingReason: '' },
  });
});

test('of the annotations of the pod template only ours are read', () => {
  const annotations = { 'tls.cloudsql-ssl.dev/0123': 'v', 'cloudsql-ssl.dev/wave': '1', 'example.com/a': 'b' };
  const { templateAnnotations } = toWorkload('Deployment', {
    metadata,
    spec: { template: { metadata: { annotations } } },
  });
  assert.deepEqual(templateAnnotations, { 'tls.cloudsql-ssl.dev/0123': 'v' });
});

test('the owner of a workload is the one that controls it', () => {
  const owners = [
    { kind: 'ConfigMap', name: 'a' },
    { kind: 'Prometheus', name: 'main', controller: true },
  ];
  const owned = toWorkload('StatefulSet', { metadata: { ...metadata, ownerReferences: owners } });
  assert.deepEqual(owned.owner, { kind: 'Prometheus', name: 'main' });
  const free = toWorkload('StatefulSet', { metadata: { ...metadata, ownerReferences: owners.slice(0, 1) } });
  assert.equal(free.owner, undefined);
});

describe('the field manager of its pod template', () => {
  const entry = (manager: string, time: string, parts: Readonly<Record<string, unknown>> = {}) => ({
    manager,
    time,
    operation: 'Update',
    fieldsV1: { 'f:spec': { 'f:template': { 'f:spec': {} } } },
    ...parts,
  });
  const managerOf = (managedFields: unknown) =>
    toWorkload('Deployment', { metadata: { ...metadata, managedFields } }).templateManager;
  test('the field manager of its pod template is the last one that set fields of it, besides the operator and whoever writes the status or scales', () => {
    assert.equal(
      managerOf([
        entry('helm', '2026-03-01T10:00:00Z'),
        entry('olm', '2026-03-01T12:00:00Z'),
        entry('argocd', '2026-03-01T11:00:00Z'),
        entry('cloudsql-ssl-operator', '2026-03-01T13:00:00Z'),
        entry('kube-controller-manager', '2026-03-01T14:00:00Z', { subresource: 'status' }),
        entry('autoscaler', '2026-03-01T15:00:00Z', { fieldsV1: { 'f:spec': { 'f:replicas': {} } } }),
      ]),
      'olm',
    );
  });
  test('the field manager of its pod template is the one that set our annotation to something else, whoever wrote after it', () => {
    const ours = { 'f:metadata': { 'f:annotations': { 'f:tls.cloudsql-ssl.dev/0123': {} } } };
    const loop = entry('a-loop', '2026-03-01T10:00:00Z', { fieldsV1: { 'f:spec': { 'f:template': ours } } });
    assert.equal(managerOf([loop, entry('helm', '2026-03-01T11:00:00Z')]), 'a-loop');
  });
  test('the field manager of its pod template is bounded, and absent where nothing can be read', () => {
    assert.equal(managerOf([entry('m'.repeat(1000), '')])?.length, 128);
    for (const odd of [undefined, 'x', [], [1, null, {}], [{ manager: 'x', fieldsV1: 'y' }]])
      assert.equal(managerOf(odd), undefined);
  });
});

test('the pods of a workload are selected as by the selector that kubectl takes', () => {
  const matchExpressions = [
    { key: 'tier', operator: 'In', values: ['a', 'b'] },
    { key: 'old', operator: 'DoesNotExist' },
  ];
  const { podSelector } = toWorkload('DaemonSet', {
    metadata,
    spec: { selector: { matchLabels: { app: 'w' }, matchExpressions } },
  });
  assert.equal(podSelector, 'app=w,tier in (a,b),!old');
});

test('who replaces the pods of a StatefulSet or DaemonSet', () => {
  const strategyOf = (updateStrategy: object) =>
    toWorkload('StatefulSet', { metadata, spec: { updateStrategy } }).strategy;
  assert.deepEqual(strategyOf({ type: 'OnDelete' }), { kind: 'OnDelete' });
  assert.deepEqual(strategyOf({ type: 'RollingUpdate', rollingUpdate: { partition: 2 } }), {
    kind: 'Rolling',
    partition: 2,
  });
  assert.deepEqual(strategyOf({}), { kind: 'Rolling', partition: 0 });
});

test('a DaemonSet counts by nodes', () => {
  const status = { observedGeneration: 3, desiredNumberScheduled: 4, currentNumberScheduled: 3 };
  const { desiredReplicas, status: counts } = toWorkload('DaemonSet', {
    metadata,
    status: { ...status, updatedNumberScheduled: 2, numberAvailable: 1 },
  });
  assert.equal(desiredReplicas, 4);
  assert.deepEqual(counts, {
    observedGeneration: 3,
    replicas: 3,
    updatedReplicas: 2,
    availableReplicas: 1,
    progressingReason: '',
  });
});

describe('an Argo Rollout', () => {
  const read = (status: object, spec: object = {}) => toWorkload('Rollout', { metadata, spec, status });

  for (const [written, meant] of [
    ['2', 2],
    ['3', 3],
    ['', 3],
    ['6df9c5c6b7', 3],
    ['7859', 3],
  ] as const)
    test(`observedGeneration ${JSON.stringify(written)} of generation 3 means ${meant}, as Argo's own tool reads it`, () =>
      assert.equal(read({ observedGeneration: written }).status.observedGeneration, meant));

  test('an Argo Rollout says which object has its pod template', () => {
    const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' };
    const rollout = read({ workloadObservedGeneration: '5' }, { workloadRef });
    assert.deepEqual(rollout.templateFrom, { kind: 'Deployment', name: 'api' });
    assert.equal(rollout.status.argo?.observedTemplateGeneration, 5);
    assert.equal(read({}).templateFrom, undefined);
  });

  const conditions = (status: string) => ({ phase: 'Healthy', conditions: [{ type: 'Healthy', status }] });
  const routed = { strategy: { canary: { trafficRouting: { smi: {} } } } };
  for (const [what, status, spec, expected] of [
    ['the condition Healthy is false', conditions('False'), {}, true],
    ['the condition Healthy is true', conditions('True'), {}, false],
    ['there is no condition Healthy', { phase: 'Healthy' }, {}, false],
    ['a router of traffic keeps the old pods for a while', conditions('False'), routed, false],
  ] as const)
    test(`the phase of an Argo Rollout is ${expected ? 'not ' : ''}taken for what it says where ${what}`, () =>
      assert.equal(read(status, spec).status.argo?.isUnconfirmed, expected));

  const restart = { restartAt: '2027-01-01T00:00:00Z' };
  for (const [what, status, spec, expected] of [
    ['a restart is ahead and its pods are healthy', conditions('True'), restart, true],
    ['a restart is ahead and its pods are not healthy', conditions('False'), restart, false],
    ['a restart is ahead and nothing says how its pods are', {}, restart, false],
    ['the restart is over', { ...conditions('True'), restartedAt: restart.restartAt }, restart, false],
    ['no restart is asked for', conditions('True'), {}, false],
  ] as const)
    test(`an Argo Rollout ${expected ? 'waits' : 'does not wait'} for nothing but a restart where ${what}`, () =>
      assert.equal(read(status, spec).status.argo?.awaitsRestart, expected));

  const paused = (reason: string) => ({ phase: 'Paused', message: reason, pauseConditions: [{ reason }] });
  const canary = (pause: object) => ({ strategy: { canary: { steps: [{ setWeight: 20 }, { pause }] } } });
  const rows: readonly (readonly [string, object, object, boolean])[] = [
    ['a pause step without a duration', { ...paused('CanaryPauseStep'), currentStepIndex: 1 }, canary({}), true],
    [
      'a pause step of an hour',
      { ...paused('CanaryPauseStep'), currentStepIndex: 1 },
      canary({ duration: '1h' }),
      false,
    ],
    [
      'a pause step of some seconds',
      { ...paused('CanaryPauseStep'), currentStepIndex: 1 },
      canary({ duration: 9 }),
      false,
    ],
    ['blue-green without automatic promotion', paused('BlueGreenPause'), { strategy: { blueGreen: {} } }, true],
    [
      'blue-green with automatic promotion',
      paused('BlueGreenPause'),
      { strategy: { blueGreen: { autoPromotionSeconds: 30 } } },
      false,
    ],
    [
      'blue-green without automatic promotion, whatever its seconds say',
      paused('BlueGreenPause'),
      { strategy: { blueGreen: { autoPromotionEnabled: false, autoPromotionSeconds: 30 } } },
      true,
    ],
    ['an inconclusive analysis', paused('InconclusiveAnalysisRun'), canary({ duration: 9 }), true],
    ['nothing', { phase: 'Healthy' }, {}, false],
  ];
  for (const [what, status, spec, expected] of rows)
    test(`${what}: ${expected ? 'waits for a person' : 'goes on by itself'}`, () =>
      assert.equal(read(status, spec).status.argo?.awaitsPromotion, expected));
});
