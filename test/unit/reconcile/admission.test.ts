import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Request, Status } from '../../../src/domain/reset/ssl-reset.ts';
import type { PublishedContents } from '../../../src/reconcile/ports.ts';
import { aWorkload } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toBytes } from '../../support/object-data.ts';

const ready = ({ status }: Fixture): string => {
  const condition = status.conditions?.find(({ type }) => type === 'Ready');
  return `${condition?.reason}: ${condition?.message}`;
};

describe('an admission policy that changes what the operator writes', () => {
  test('an admission policy that changes what the operator writes and takes the annotation from pod templates is found before the call, by the name of a workload', async () => {
    const fixture = new Fixture();
    fixture.workloads.dropping.add('api');
    fixture.after(100_000, () => {
      assert.match(
        ready(fixture),
        /^CannotPublish: Deployment api would not roll: .*policy removes .*tls\.cloudsql-ssl\.dev\/[0-9a-f]{16} of its pod template.*kubectl get mutating/,
      );
      assert.equal(fixture.cloudSql.calls, 0);
      fixture.workloads.dropping.clear();
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('an admission policy that changes what the operator writes and takes it from the pod templates of one kind alone is found before the call', async () => {
    const fixture = new Fixture({ spec: { rollout: { kinds: ['Deployment', 'DaemonSet'] }, deadlineSeconds: 60 } });
    fixture.workloads.add(aWorkload({ kind: 'DaemonSet', name: 'zebra' }));
    fixture.workloads.dropping.add('zebra');
    await new Operator(fixture).drive();
    assert.match(ready(fixture), /CannotPublish: DaemonSet zebra would not roll/);
    assert.equal(fixture.cloudSql.calls, 0);
  });

  const changes: Readonly<Record<string, (contents: PublishedContents) => Partial<PublishedContents>>> = {
    'data[server-ca.pem]': () => ({ data: {} }),
    'annotations[cloudsql-ssl.dev/managed-by]': () => ({ annotations: {} }),
    'labels[app.kubernetes.io/managed-by]': () => ({ labels: { 'app.kubernetes.io/managed-by': 'platform' } }),
  };
  for (const [what, admission] of Object.entries(changes)) {
    test(`an admission policy that changes what the operator writes and changes ${what} of what is published is found before the call, and named`, async () => {
      const fixture = new Fixture();
      fixture.objects.admission = admission;
      fixture.after(100_000, () => {
        assert.ok(ready(fixture).startsWith('CannotPublish: Secret/orders-db-ca is not stored as it was written'));
        assert.ok(ready(fixture).includes(what), ready(fixture));
        assert.deepEqual([fixture.cloudSql.calls, fixture.objects.writes], [0, 0]);
        fixture.objects.admission = () => ({});
      });
      await new Operator(fixture).drive();
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    });
  }

  test('an admission policy that changes what the operator writes and comes after the call never has an object said to be published that holds something else', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 600 } });
    fixture.cloudSql.onCall = () => {
      fixture.objects.admission = () => ({ data: toBytes({ 'server-ca.pem': 'another CA' }) });
    };
    fixture.resets.watch(({ status }) => assert.equal(status.request?.publishedTime, undefined));
    await new Operator(fixture).drive();
    assert.match(ready(fixture), /^DeadlineExceeded: .*CannotPublish: .*data\[server-ca\.pem\]/);
    assert.equal(fixture.cloudSql.executed, 1);
  });

  test('an admission policy that changes what the operator writes and changes the Secret of a client certificate is found before the call', async () => {
    const clientCertificates = [{ commonName: 'app', secretName: 'app-cert' }];
    const fixture = new Fixture({ spec: { clientCertificates, deadlineSeconds: 60 } });
    fixture.objects.admission = ({ name, data }) =>
      name === 'app-cert' ? { data: { ...data, ...toBytes({ 'client-key.pem': '' }) } } : {};
    await new Operator(fixture).drive();
    assert.match(ready(fixture), /CannotPublish: Secret\/app-cert .*data\[client-key\.pem\]/);
    assert.deepEqual([fixture.cloudSql.calls, fixture.cloudSql.issues], [0, []]);
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
      const fixture = new Fixture();
      fixture.resets.admission = admission;
      fixture.after(100_000, () => {
        assert.equal(fixture.cloudSql.calls, 0);
        fixture.resets.admission = (status) => status;
        fixture.annotate({});
      });
      const operator = new Operator(fixture);
      await operator.drive();
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
      assert.equal(fixture.cloudSql.calls, 1);
    });
  }

  test('a write-ahead record that is stored as something else is reported as CannotPublish, with the fields that differ', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 60 } });
    fixture.resets.admission = mangled(({ before: _before, ...request }) => request);
    await new Operator(fixture).drive();
    assert.match(
      ready(fixture),
      /CannotPublish: .*does not store the record .*\(status\.request\.before\).*nothing was called/,
    );
  });

  test('a write-ahead record that is stored as something else of a client certificate has nothing issued', async () => {
    const clientCertificates = [{ commonName: 'app', secretName: 'app-cert' }];
    const fixture = new Fixture({ spec: { clientCertificates, deadlineSeconds: 600 } });
    fixture.resets.admission = ({ clientCertificates: all, ...status }) => ({
      ...status,
      ...(all !== undefined && {
        clientCertificates: all.map(({ issuing, ...one }) =>
          issuing === undefined ? one : { ...one, issuing: { ...issuing, before: ['x'] } },
        ),
      }),
    });
    await new Operator(fixture).drive();
    assert.deepEqual(fixture.cloudSql.issues, []);
    assert.match(ready(fixture), /CannotPublish: .*status\.clientCertificates\[\]\.issuing\.before/);
  });
});
