import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Request, Status } from '../../../src/domain/reset/ssl-reset.ts';
import type { PublishedContents } from '../../../src/reconcile/ports.ts';
import { aWorkload } from '../support/builders.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, Scene } from '../support/scene.ts';

const ready = ({ status }: Scene): string => {
  const condition = status.conditions?.find(({ type }) => type === 'Ready');
  return `${condition?.reason}: ${condition?.message}`;
};

describe('an admission policy that changes what the operator writes', () => {
  test('and takes the annotation from pod templates is found before the call, by the name of a workload', async () => {
    const scene = new Scene();
    scene.workloads.dropping.add('api');
    scene.after(100_000, () => {
      assert.match(
        ready(scene),
        /^CannotPublish: Deployment api would not roll: .*policy removes .*tls\.cloudsql-ssl\.dev\/[0-9a-f]{16} of its pod template.*kubectl get mutating/,
      );
      assert.equal(scene.cloudSql.calls, 0);
      scene.workloads.dropping.clear();
    });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('and takes it from the pod templates of one kind alone is found before the call', async () => {
    const scene = new Scene({ spec: { rollout: { kinds: ['Deployment', 'DaemonSet'] }, deadlineSeconds: 60 } });
    scene.workloads.add(aWorkload({ kind: 'DaemonSet', name: 'zebra' }));
    scene.workloads.dropping.add('zebra');
    await new Operator(scene).drive();
    assert.match(ready(scene), /CannotPublish: DaemonSet zebra would not roll/);
    assert.equal(scene.cloudSql.calls, 0);
  });

  const changes: Readonly<Record<string, (contents: PublishedContents) => Partial<PublishedContents>>> = {
    'data[server-ca.pem]': () => ({ data: {} }),
    'annotations[cloudsql-ssl.dev/managed-by]': () => ({ annotations: {} }),
    'labels[app.kubernetes.io/managed-by]': () => ({ labels: { 'app.kubernetes.io/managed-by': 'platform' } }),
  };
  for (const [what, admission] of Object.entries(changes)) {
    test(`and changes ${what} of what is published is found before the call, and named`, async () => {
      const scene = new Scene();
      scene.objects.admission = admission;
      scene.after(100_000, () => {
        assert.ok(ready(scene).startsWith('CannotPublish: Secret/orders-db-ca is not stored as it was written'));
        assert.ok(ready(scene).includes(what), ready(scene));
        assert.deepEqual([scene.cloudSql.calls, scene.objects.writes], [0, 0]);
        scene.objects.admission = () => ({});
      });
      await new Operator(scene).drive();
      assert.deepEqual(await scene.outcome(), DONE_ONCE);
    });
  }

  test('and comes after the call never has an object said to be published that holds something else', async () => {
    const scene = new Scene({ spec: { deadlineSeconds: 600 } });
    scene.cloudSql.onCall = () => {
      scene.objects.admission = () => ({ data: { 'server-ca.pem': 'another CA' } });
    };
    scene.resets.watch(({ status }) => assert.equal(status.request?.publishedTime, undefined));
    await new Operator(scene).drive();
    assert.match(ready(scene), /^DeadlineExceeded: .*CannotPublish: .*data\[server-ca\.pem\]/);
    assert.equal(scene.cloudSql.executed, 1);
  });

  test('and changes the Secret of a client certificate is found before the call', async () => {
    const clientCertificates = [{ commonName: 'app', secretName: 'app-cert' }];
    const scene = new Scene({ spec: { clientCertificates, deadlineSeconds: 60 } });
    scene.objects.admission = ({ name, data }) =>
      name === 'app-cert' ? { data: { ...data, 'client-key.pem': '' } } : {};
    await new Operator(scene).drive();
    assert.match(ready(scene), /CannotPublish: Secret\/app-cert .*data\[client-key\.pem\]/);
    assert.deepEqual([scene.cloudSql.calls, scene.cloudSql.issues], [0, []]);
  });
});

describe('a write-ahead record that is stored as something else', () => {
  const mangled = (change: (request: Request) => Request | undefined) => (status: Status) => {
    const { request, ...rest } = status;
    if (request?.time === undefined || request.outcome !== undefined) return status;
    const changed = change(request);
    return changed === undefined ? rest : { ...rest, request: changed };
  };
  const changes: Readonly<Record<string, (status: Status) => Status>> = {
    'without its baseline': mangled(({ before: _before, ...request }) => request),
    'without its time': mangled(({ time: _time, ...request }) => request),
    'without the account that calls': mangled(({ user: _user, ...request }) => request),
    'with another attempt': mangled((request) => ({ ...request, attempt: 0 })),
    'as no record at all': mangled(() => undefined),
    'in no status at all': () => ({}),
  };
  for (const [how, admission] of Object.entries(changes)) {
    test(`${how} is called on by nobody, and one that is stored whole is called on once`, async () => {
      const scene = new Scene();
      scene.resets.admission = admission;
      scene.after(100_000, () => {
        assert.equal(scene.cloudSql.calls, 0);
        scene.resets.admission = (status) => status;
        scene.annotate({});
      });
      const operator = new Operator(scene);
      await operator.drive();
      assert.deepEqual(await scene.outcome(), DONE_ONCE);
      assert.equal(scene.cloudSql.calls, 1);
    });
  }

  test('is told as CannotPublish, with the fields that differ', async () => {
    const scene = new Scene({ spec: { deadlineSeconds: 60 } });
    scene.resets.admission = mangled(({ before: _before, ...request }) => request);
    await new Operator(scene).drive();
    assert.match(
      ready(scene),
      /CannotPublish: .*does not store the record .*\(status\.request\.before\).*nothing was called/,
    );
  });

  test('of a client certificate has nothing issued', async () => {
    const clientCertificates = [{ commonName: 'app', secretName: 'app-cert' }];
    const scene = new Scene({ spec: { clientCertificates, deadlineSeconds: 600 } });
    scene.resets.admission = ({ clientCertificates: all, ...status }) => ({
      ...status,
      ...(all !== undefined && {
        clientCertificates: all.map(({ issuing, ...one }) =>
          issuing === undefined ? one : { ...one, issuing: { ...issuing, before: ['x'] } },
        ),
      }),
    });
    await new Operator(scene).drive();
    assert.deepEqual(scene.cloudSql.issues, []);
    assert.match(ready(scene), /CannotPublish: .*status\.clientCertificates\[\]\.issuing\.before/);
  });
});
