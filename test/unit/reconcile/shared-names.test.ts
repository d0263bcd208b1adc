import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { KIND, type Spec, type SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { keyOf, refOf } from '../../../src/lib/key.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { aCall, aReset, at, NOW, type ResetParts } from '../../support/fakes/builders.ts';
import { endOf, Operator, Site } from '../../support/fakes/operator.ts';

const secret = (secretName: string): Pick<Spec, 'serverCa'> => ({
  serverCa: { secretName, key: 'server-ca.pem', contents: 'All' },
});
const configMap = (configMapName: string): Pick<Spec, 'serverCa'> => ({
  serverCa: { configMapName, key: 'server-ca.pem', contents: 'All' },
});
const client = (secretName: string): Pick<Spec, 'clientCertificates'> => ({
  clientCertificates: [{ commonName: 'app', secretName }],
});

const made = (name: string, second: number, spec: Partial<Spec>, parts: ResetParts = {}): SslReset => {
  const reset = aReset({ name, spec: { requestId: 'a', ...spec }, ...parts });
  return { ...reset, metadata: { ...reset.metadata, creationTimestamp: at(second) } };
};

class Shared extends Site {
  create(name: string, second: number, spec: Partial<Spec>): ObjectRef {
    return this.resets.create(made(name, second, spec));
  }

  end(ref: ObjectRef): string | undefined {
    return endOf(this.resets.read(ref));
  }

  messageOf(ref: ObjectRef): string {
    return this.resets.read(ref).status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
  }

  hasCalled(ref: ObjectRef): boolean {
    return (this.resets.read(ref).status.request?.attempt ?? 0) > 0;
  }
}

describe('two objects of a namespace that publish into one object', () => {
  const CLASHES: readonly (readonly [string, Partial<Spec>, Partial<Spec>])[] = [
    ['one Secret', secret('ca'), secret('ca')],
    ['one ConfigMap', configMap('ca'), configMap('ca')],
    ['one Secret, for a client certificate and a server CA', client('ca'), secret('ca')],
    [
      'one Secret for client certificates',
      client('ca'),
      { clientCertificates: [{ commonName: 'x', secretName: 'ca' }] },
    ],
    [
      'one Secret, of one instance',
      { ...secret('ca'), instance: 'orders-db' },
      { ...secret('ca'), instance: 'orders-db' },
    ],
  ];
  for (const [what, first, second] of CLASHES) {
    test(`${what}: the later one is refused before its call, whichever comes up first, and goes on once the name is free`, async () => {
      for (const order of [0, 1]) {
        const fixture = new Shared();
        const create = [
          () => fixture.create('z-first', 0, first),
          () => fixture.create('a-second', 1, { instance: 'other-db', ...second }),
        ];
        for (const each of order === 0 ? create : create.toReversed()) each();
        const [one, other] = [
          { namespace: 'orders', name: 'z-first' },
          { namespace: 'orders', name: 'a-second' },
        ];
        fixture.after(600_000, () => {
          assert.deepEqual([fixture.end(one), fixture.end(other)], ['Complete', 'ObjectConflict']);
          assert.deepEqual([fixture.hasCalled(one), fixture.hasCalled(other)], [true, false]);
          assert.match(fixture.messageOf(other), /also named by the CloudSqlSslReset z-first.*Name another/);
          assert.doesNotMatch(fixture.messageOf(other), /annotate/);
          fixture.resets.edit(other, { spec: { ...second, ...secret('free'), clientCertificates: [] } });
        });
        await new Operator(fixture).drive();
        assert.deepEqual([fixture.end(one), fixture.end(other)], ['Complete', 'Complete']);
      }
    });
  }

  test('a Secret and a ConfigMap of one name are two objects', async () => {
    const fixture = new Shared();
    const refs = [fixture.create('first', 0, secret('ca')), fixture.create('second', 1, configMap('ca'))];
    await new Operator(fixture).drive();
    assert.deepEqual(
      refs.map((ref) => fixture.end(ref)),
      ['Complete', 'Complete'],
    );
  });

  for (const [what, free] of [
    ['is deleted', (fixture: Shared, ref: ObjectRef) => fixture.resets.edit(ref, { deletionTimestamp: NOW })],
    ['names another', (fixture: Shared, ref: ObjectRef) => fixture.resets.edit(ref, { spec: secret('another') })],
  ] as const) {
    test(`the refused one goes on by itself at once when the first one ${what}`, async () => {
      const fixture = new Shared();
      const first = fixture.resets.create(
        made('first', 0, secret('ca'), { annotations: { [annotations.suspend]: 'true' } }),
      );
      const second = fixture.create('second', 1, secret('ca'));
      let freedMs = 0;
      fixture.after(1_800_000, () => {
        assert.equal(fixture.end(second), 'ObjectConflict');
        freedMs = fixture.clock.wallMs;
        free(fixture, first);
      });
      let calledMs = 0;
      fixture.cloudSql.onCall = () => {
        calledMs = fixture.clock.wallMs;
      };
      await new Operator(fixture).drive();
      assert.equal(fixture.end(second), 'Complete');
      assert.ok(calledMs - freedMs < 1_000, `${calledMs - freedMs}`);
    });
  }

  test('one that has published keeps its Secret from an older one whose edit names it, and nobody’s call is made', async () => {
    const fixture = new Shared();
    const older = fixture.create('older', 0, secret('old-ca'));
    const younger = fixture.create('younger', 1, secret('ca'));
    const operator = new Operator(fixture);
    await operator.drive();
    const { calls } = fixture.cloudSql;
    fixture.resets.edit(older, { spec: { ...secret('ca'), requestId: 'b' } });
    await operator.drive();
    assert.deepEqual([fixture.end(older), fixture.end(younger)], ['ObjectConflict', 'Complete']);
    assert.equal(fixture.cloudSql.calls, calls);
    assert.equal(
      (await fixture.objects.get({ kind: 'Secret', namespace: 'orders', name: 'ca' }))?.annotations[
        annotations.managedBy
      ],
      'younger',
    );
  });

  test('a Secret that was left behind by one that is gone can still be handed over', async () => {
    const fixture = new Shared();
    const gone = fixture.create('gone', 0, secret('ca'));
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.remove(gone);
    operator.restart();
    const next = fixture.create('next', 1, secret('ca'));
    await operator.drive();
    assert.match(fixture.messageOf(next), /belongs to the CloudSqlSslReset gone.*Hand it over with: kubectl/);
  });
});

describe('who goes first of two that publish into one object', () => {
  const rivalIn = (index: ObjectIndex<SslReset>, { metadata }: SslReset): string | undefined => {
    const rival = index.names.rivalOf(keyOf(KIND, metadata), 'Secret/ca');
    return rival && refOf(rival).name;
  };
  const rival = (own: SslReset, other: SslReset): string | undefined => {
    const index = new ObjectIndex(indexed);
    index.apply(own);
    index.apply(other);
    return rivalIn(index, own);
  };
  const published = { status: { serverCa: { publishedTo: 'Secret/ca' } } };
  const elsewhere = { status: { serverCa: { publishedTo: 'Secret/old' } } };
  const called = { status: { request: aCall() } };
  const ROWS: readonly (readonly [string, ResetParts, ResetParts])[] = [
    ['the one that holds it, before one that was created earlier', {}, published],
    ['the one that holds it, before one that has called', called, published],
    ['the one that has called, before one that was created earlier', {}, called],
    ['the one that was created with the name, before an edit of one that was created earlier', elsewhere, {}],
  ];
  for (const [what, older, younger] of ROWS) {
    test(`who goes first of two that publish into one object: ${what}`, () => {
      const [one, other] = [made('older', 0, secret('ca'), older), made('younger', 5, secret('ca'), younger)];
      assert.deepEqual([rival(one, other), rival(other, one)], ['younger', undefined]);
    });
  }

  test('who goes first of two that publish into one object of two that were created in one second exactly one', () => {
    const [one, other] = [made('a', 0, secret('ca')), made('b', 0, secret('ca'))];
    assert.deepEqual([rival(one, other), rival(other, one)], [undefined, 'a']);
  });

  test('who goes first of two that publish into one object: not one that is being deleted, nor one of another namespace', () => {
    const own = made('own', 5, secret('ca'));
    assert.equal(rival(own, made('other', 0, secret('ca'), { deletionTimestamp: NOW })), undefined);
    assert.equal(rival(own, made('other', 0, secret('ca'), { namespace: 'billing' })), undefined);
  });

  test('one whose call is about to be recorded, before one that comes meanwhile', () => {
    const [late, calling] = [made('a', 0, secret('ca')), made('b', 0, secret('ca'))];
    const index = new ObjectIndex(indexed);
    index.apply(calling);
    index.calls.note({ uid: calling.metadata.uid, timeMs: Date.parse(NOW) });
    index.apply(late);
    assert.deepEqual([rivalIn(index, late), rivalIn(index, calling)], ['b', undefined]);
  });
});
