import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { refusing } from '../../support/kubernetes/admission.ts';
import {
  deployment,
  hasReason,
  INSTANCE,
  isReady,
  operatorFixture,
  PROJECT,
  reset,
} from '../../support/operator/fixture.ts';
import { PATIENCE } from '../../support/patience.ts';

const isSuspended = ({ status }: SslReset): boolean =>
  findCondition(status.conditions, 'Reconciling')?.reason === 'Suspended';

const message = ({ status }: SslReset): string => findCondition(status.conditions, 'Ready')?.message ?? '';

const hasOneOf =
  (...reasons: readonly string[]) =>
  (reset: SslReset): boolean =>
    reasons.some((reason) => hasReason(reason)(reset));

describe('held back', { concurrency: 3 }, () => {
  test('a namespace that is not allowed the instance resets nothing, and goes on when it is', async (t) => {
    const { apply, until, kubectl, namespace, cluster, resets } = await operatorFixture(t, { isAllowed: false });
    await apply(reset());
    const denied = await until('db', hasReason('NotPermitted'));
    assert.equal(resets(), 0);
    assert.match(message(denied), new RegExp(`kubectl annotate namespace ${namespace} .*acme-prod/orders-db`));
    await cluster.kubectl([
      'annotate',
      'namespace',
      namespace,
      `cloudsql-ssl.dev/allowed-instances=${PROJECT}/orders-*`,
    ]);
    await until('db', isReady);
    assert.equal(resets(), 1);
    const events = await kubectl(['get', 'events.events.k8s.io', '-o', 'jsonpath={.items[*].reason}']);
    assert.match(events, /NotPermitted/);
  });

  test('a permission that is given later is noticed long before the next look', async (t) => {
    const flags = ['--retry-min=1h', '--retry-max=1h'];
    const { apply, until, namespace, cluster, resets } = await operatorFixture(t, { isAllowed: false, flags });
    await apply(reset());
    await until('db', hasReason('NotPermitted'));
    const allowed = `cloudsql-ssl.dev/allowed-instances=${PROJECT}/orders-*`;
    await cluster.kubectl(['annotate', 'namespace', namespace, allowed]);
    await until('db', isReady);
    assert.equal(resets(), 1);
  });

  for (const order of ['before', 'after'] as const)
    test(`a permission that is applied together with its reset, ${order} it, is enough`, async (t) => {
      const flags = ['--retry-min=1h', '--retry-max=1h'];
      const { apply, until, namespace, resets } = await operatorFixture(t, { isAllowed: false, flags });
      const annotations = { 'cloudsql-ssl.dev/allowed-instances': `${PROJECT}/orders-*` };
      const permission = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, annotations } };
      await apply(...(order === 'before' ? [permission, reset()] : [reset(), permission]));
      await until('db', isReady);
      assert.equal(resets(), 1);
    });

  test('a suspended object resets when the annotation goes', async (t) => {
    const { apply, until, kubectl, resets } = await operatorFixture(t);
    await apply(reset({}, { annotations: { 'cloudsql-ssl.dev/suspend': 'true' } }));
    await until('db', isSuspended);
    assert.equal(resets(), 0);
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/suspend-']);
    await until('db', isReady);
    assert.equal(resets(), 1);
  });

  test('an object that is being deleted starts nothing', async (t) => {
    const { apply, until, kubectl, resets } = await operatorFixture(t);
    const suspend = { 'cloudsql-ssl.dev/suspend': 'true' };
    await apply(reset({}, { finalizers: ['example.com/keep'], annotations: suspend }), reset({}, { name: 'other' }));
    await until('db', isSuspended);
    await until('other', isReady);
    await kubectl(['delete', 'sslreset', 'db', '--wait=false']);
    await until('db', ({ metadata }) => metadata.deletionTimestamp !== undefined);
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/suspend-']);
    // A group is first in, first out: the other object's pass is over after whatever the deleted one had to do.
    await kubectl(['patch', 'sslreset', 'other', '--type=merge', '-p', '{"spec":{"deadlineSeconds":60}}']);
    await until('other', (other) => isReady(other) && other.metadata.generation === 2);
    assert.equal(resets(), 2);
    await kubectl(['patch', 'sslreset', 'db', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  });

  test('a Secret that is somebody else’s stalls the request before the call, and is left untouched until handed over', async (t) => {
    const { apply, until, kubectl, resets } = await operatorFixture(t);
    await kubectl(['create', 'secret', 'generic', 'ca', '--from-literal=password=x']);
    await apply(reset({ serverCa: { secretName: 'ca' } }));
    const stalled = await until('db', hasReason('ObjectConflict'));
    assert.equal(resets(), 0);
    assert.match(message(stalled), /annotate secret ca --overwrite cloudsql-ssl.dev\/managed-by=db/);
    assert.equal(await kubectl(['get', 'secret', 'ca', '-o', 'go-template={{len .data}}']), '1');
    await kubectl(['annotate', 'secret', 'ca', 'cloudsql-ssl.dev/managed-by=db']);
    await until('db', isReady);
    assert.equal(resets(), 1);
    assert.equal(await kubectl(['get', 'secret', 'ca', '-o', 'go-template={{len .data}}']), '2');
  });

  test('a target that does not exist is waited for before the call', async (t) => {
    const { apply, until, resets } = await operatorFixture(t);
    await apply(reset({ rollout: { targets: [{ name: 'late' }] } }));
    await until('db', hasReason('TargetNotFound'));
    assert.equal(resets(), 0);
    await apply(deployment('late', { labels: { 'cloudsql-ssl.dev/instance': 'other' } }));
    const { status } = await until('db', isReady);
    assert.equal(resets(), 1);
    assert.equal(status.rollout?.summary, '1/1');
  });

  test('a hook that would reset at each sync is refused', async (t) => {
    const { apply, until, resets } = await operatorFixture(t);
    await apply(reset({}, { annotations: { 'argocd.argoproj.io/hook': 'PreSync' } }));
    await until('db', hasReason('HookNotAllowed'));
    assert.equal(resets(), 0);
  });

  test('client certificates that would be lost stall the request, and are named', async (t) => {
    const instances = [{ project: PROJECT, name: INSTANCE, sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' }];
    const { apply, until, emulator, resets } = await operatorFixture(t, { emulator: { instances } });
    await fetch(`${emulator.apiUrl}/v1/projects/${PROJECT}/instances/${INSTANCE}/sslCerts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${emulator.token()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ commonName: 'reporting' }),
    });
    // The certificate is there when the operation that issues it is done.
    await emulator.journal.waitFor(({ api, status }) => api === 'sslCerts.insert' && status === 200);
    await apply(reset());
    const stalled = await until('db', hasReason('ClientCertificatesAtRisk'));
    assert.match(message(stalled), /reporting/);
    assert.equal(resets(), 0);
    await apply(reset({ acceptClientCertificateLoss: true }));
    await until('db', isReady);
    assert.equal(resets(), 1);
  });

  test('more resets than the limit of an hour wait', async (t) => {
    const { apply, until, resets } = await operatorFixture(t, { flags: ['--max-resets-per-hour=1'] });
    await apply(reset({}, { name: 'one' }));
    await until('one', isReady);
    await apply(reset({}, { name: 'two' }));
    await until('two', hasReason('Throttled'));
    assert.equal(resets(), 1);
  });

  test('a request that waits longer than its deadline stalls with what it waited for, and goes on with retry', async (t) => {
    const { apply, until, emulator, kubectl, resets } = await operatorFixture(t);
    emulator.order({
      api: 'instances.get',
      times: 'Always',
      answer: { kind: 'Error', executed: false, code: 403, reason: 'notAuthorized' },
    });
    // Long enough for a first look before it is over, and for the call after the retry.
    await apply(reset({ deadlineSeconds: 30 }));
    const stalled = await until('db', hasReason('DeadlineExceeded'));
    assert.match(message(stalled), /PermissionDenied/);
    emulator.clearFaults();
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1']);
    await until('db', isReady);
    assert.equal(resets(), 1);
  });

  test('a workload that does not get healthy fails the roll, the others go on, and retry judges it again', async (t) => {
    const { apply, until, kubectl, resets } = await operatorFixture(t);
    const broken = { nodeSelector: { 'example.com/none': 'x' } };
    await apply(deployment('good'), deployment('bad', { pod: broken, spec: { progressDeadlineSeconds: 4 } }));
    await apply(reset());
    const failed = await until('db', hasReason('RolloutFailed'));
    assert.match(message(failed), /Deployment bad/);
    assert.deepEqual(failed.status.rollout?.workloads?.map(({ name, state }) => `${name} ${state}`).toSorted(), [
      'bad Failed',
      'good Rolled',
    ]);
    await kubectl([
      'patch',
      'deployment',
      'bad',
      '--type=json',
      '-p',
      JSON.stringify([
        { op: 'remove', path: '/spec/template/spec/nodeSelector' },
        { op: 'replace', path: '/spec/progressDeadlineSeconds', value: 600 },
      ]),
    ]);
    await kubectl(['rollout', 'status', 'deployment/bad', PATIENCE]);
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1']);
    const { status } = await until('db', isReady);
    assert.equal(status.rollout?.summary, '2/2');
    assert.equal(resets(), 1);
  });

  test('paused and opted-out Deployments are skipped, one without replicas counts as rolled', async (t) => {
    const { apply, until, kubectl } = await operatorFixture(t);
    await apply(deployment('paused', { spec: { paused: true } }), deployment('empty', { spec: { replicas: 0 } }), {
      ...deployment('out'),
      metadata: {
        name: 'out',
        labels: { 'cloudsql-ssl.dev/instance': INSTANCE },
        annotations: { 'cloudsql-ssl.dev/rollout': 'disabled' },
      },
    });
    await apply(reset());
    const { status } = await until('db', isReady);
    assert.deepEqual(
      status.rollout?.workloads?.map(({ name, state }) => `${name} ${state}`),
      ['empty Rolled', 'out Skipped', 'paused Skipped'],
    );
    const annotated = await kubectl([
      'get',
      'deployment',
      '-o',
      'jsonpath={range .items[?(@.spec.template.metadata.annotations)]}{.metadata.name} {end}',
    ]);
    assert.equal(annotated.trim(), 'empty paused');
  });

  test('at most maxConcurrent roll at a time, wave after wave', async (t) => {
    const { apply, until, kubectl } = await operatorFixture(t);
    await apply(deployment('c'), deployment('a'), deployment('b'));
    await apply(reset({ rollout: { maxConcurrent: 1, targets: [{ name: 'c', wave: -1 }] } }));
    const { status } = await until('db', isReady);
    assert.deepEqual(
      status.rollout?.workloads?.map(({ name }) => name),
      ['c', 'a', 'b'],
    );
    const times = await kubectl([
      'get',
      'replicasets',
      '-l',
      'app in (a,b,c)',
      '--sort-by=.metadata.creationTimestamp',
      '-o',
      'jsonpath={range .items[?(@.spec.replicas>0)]}{.metadata.labels.app} {end}',
    ]);
    assert.equal(times.trim(), 'c a b');
  });

  test('without credentials nothing is called, and the object says so in one line', async (t) => {
    const nobody = { GCE_METADATA_HOST: '127.0.0.1:9' };
    const { apply, until, emulator } = await operatorFixture(t, {
      env: nobody,
      flags: ['--retry-min=2s', '--retry-max=2s'],
    });
    await apply(reset());
    const db = await until('db', hasOneOf('PermissionDenied', 'CloudSqlUnavailable'));
    assert.match(message(db), /credentials|token|metadata/i);
    assert.doesNotMatch(message(db), /\n| at .*:\d+/);
    assert.equal(emulator.journal.entries().length, 0);
  });

  test('what an admission policy refuses is found out before the call, and waited for', async (t) => {
    const { apply, until, cluster, namespace, resets } = await operatorFixture(t);
    const lift = await refusing(t, cluster, namespace, 'Forbidden');
    await apply(reset({ serverCa: { configMapName: 'ca' } }));
    const waiting = await until('db', hasReason('CannotPublish'));
    assert.match(message(waiting), /not here/);
    assert.equal(resets(), 0);
    await lift();
    await until('db', isReady);
    assert.equal(resets(), 1);
  });
});
