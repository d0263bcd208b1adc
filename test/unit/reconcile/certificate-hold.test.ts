import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudSqlError, KubernetesError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { aWorkload, fingerprint, type ResetParts } from '../../support/fakes/builders.ts';
import type { IssueTurn } from '../../support/fakes/fake-cloud-sql.ts';
import { Faults } from '../../support/fakes/faults.ts';
import { Fixture, rejection } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toBytes } from '../../support/object-data.ts';

const clientCertificates = [
  { commonName: 'app', secretName: 'app-cert' },
  { commonName: 'batch', secretName: 'batch-cert' },
];
const APP_SECRET = { kind: 'Secret', namespace: 'orders', name: 'app-cert' } as const;
const MANY = 60;

/** Of the four that depend on the instance one refers to the Secret of each certificate. */
class HeldFixture extends Fixture {
  constructor({ spec, ...parts }: ResetParts = {}) {
    super({ spec: { requestId: 'a', clientCertificates, ...spec }, ...parts });
    this.workloads.add(
      aWorkload({ name: 'with-app', refersTo: ['Secret/app-cert'] }),
      aWorkload({ name: 'with-batch', refersTo: ['Secret/batch-cert'] }),
    );
  }

  /** Names of the workloads that were rolled. */
  get rolled(): readonly string[] {
    return ['api', 'worker', 'with-app', 'with-batch'].filter((name) => this.hasRolled(name));
  }

  hasRolled = (name: string): boolean => Object.keys(this.workloads.read(name).templateAnnotations).length > 0;

  refuseIssues(turn: IssueTurn): void {
    this.cloudSql.issueTurns.push(...Array.from({ length: MANY }, () => turn));
  }
}

const ALL = ['api', 'worker', 'with-app', 'with-batch'];
const WITHOUT_APP = ['api', 'worker', 'with-batch'];
const WITHOUT_BOTH = ['api', 'worker'];

interface Case {
  readonly what: string;
  /** What stands in the way, from the reset on. */
  readonly begin: (fixture: HeldFixture) => void;
  readonly end: string;
  readonly rolled: readonly string[];
  readonly putRight: (fixture: HeldFixture) => void;
}

const stranger = { commonName: 'app', sha1Fingerprint: fingerprint(77) };
const theirs = { ...APP_SECRET, labels: {}, annotations: {}, immutable: false, data: toBytes({ password: 'x' }) };
const refuse = (code: number) => (fixture: HeldFixture) =>
  fixture.refuseIssues({ kind: 'Answer', answer: rejection(code) });
const accept = (fixture: HeldFixture): void => void fixture.cloudSql.issueTurns.splice(0);

const CASES: readonly Case[] = [
  {
    what: 'is refused with 400',
    begin: (fixture) => fixture.cloudSql.issueTurns.push({ kind: 'Answer', answer: rejection(400) }),
    end: 'InvalidRequest',
    rolled: WITHOUT_APP,
    putRight: accept,
  },
  {
    what: 'has the name of somebody else’s',
    begin: (fixture) => {
      fixture.cloudSql.strangers = [stranger];
    },
    end: 'ClientCertificateConflict',
    rolled: WITHOUT_APP,
    putRight: (fixture) => {
      fixture.cloudSql.strangers = [];
    },
  },
  {
    what: 'has a Secret that somebody made meanwhile',
    begin: (fixture) => fixture.objects.put(theirs),
    end: 'ObjectConflict',
    rolled: WITHOUT_APP,
    putRight: (fixture) => fixture.objects.remove(APP_SECRET),
  },
  {
    what: 'has a Secret that a policy refuses',
    begin: (fixture) =>
      void fixture.objects.refusing.set('app-cert', new KubernetesError({ kind: 'Refused', message: 'not here' })),
    end: 'DeadlineExceeded',
    rolled: WITHOUT_APP,
    putRight: (fixture) => void fixture.objects.refusing.clear(),
  },
  {
    what: 'has a Secret whose webhook is down',
    begin: (fixture) =>
      void fixture.objects.refusing.set(
        'app-cert',
        new KubernetesError({ kind: 'Unavailable', message: 'it is down' }),
      ),
    end: 'DeadlineExceeded',
    rolled: WITHOUT_APP,
    putRight: (fixture) => void fixture.objects.refusing.clear(),
  },
  {
    what: 'is throttled until the deadline',
    begin: refuse(429),
    end: 'DeadlineExceeded',
    rolled: WITHOUT_BOTH,
    putRight: accept,
  },
  {
    what: 'may not be issued',
    begin: refuse(403),
    end: 'DeadlineExceeded',
    rolled: WITHOUT_BOTH,
    putRight: accept,
  },
  {
    what: 'cannot be listed',
    begin: (fixture) => {
      fixture.cloudSql.certificatesOutage = new CloudSqlError({ kind: 'Forbidden', message: 'no' });
    },
    end: 'DeadlineExceeded',
    rolled: WITHOUT_BOTH,
    putRight: (fixture) => {
      fixture.cloudSql.certificatesOutage = undefined;
    },
  },
];

describe('a client certificate that cannot be issued holds back only what refers to its Secret', () => {
  for (const { what, begin, end, rolled, putRight } of CASES) {
    test(`one that ${what}: the others get the new CA, the object says why, and a retry brings the rest`, async () => {
      const fixture = new HeldFixture();
      fixture.cloudSql.onCall = () => begin(fixture);
      const operator = new Operator(fixture);
      await operator.drive();
      assert.deepEqual([fixture.end, fixture.rolled], [end, rolled]);
      assert.equal(fixture.status.rollout?.summary, `${rolled.length}/4`);
      const waiting = fixture.status.rollout?.workloads?.filter(({ state }) => state === 'Pending');
      assert.deepEqual(
        waiting?.map(({ name }) => name),
        ALL.filter((name) => !rolled.includes(name)),
      );
      const issued = fixture.status.conditions?.find(({ type }) => type === 'ClientCertificatesIssued');
      assert.equal(issued?.status, 'False');

      putRight(fixture);
      fixture.annotate({ [annotations.retry]: '1' });
      await operator.drive();
      assert.deepEqual([fixture.end, fixture.rolled, fixture.cloudSql.executed], ['Complete', ALL, 1]);
      assert.ok(fixture.status.clientCertificates?.every(({ reason, message }) => (reason ?? message) === undefined));
      assert.equal(fixture.status.request?.hold, undefined);
    });
  }

  test('one that gets over it by itself: what refers to its Secret rolls without a word from anybody', async () => {
    const fixture = new HeldFixture();
    fixture.cloudSql.onCall = () => refuse(403)(fixture);
    fixture.after(600_000, () => {
      assert.deepEqual([fixture.reconcilingReason, fixture.rolled], ['PermissionDenied', WITHOUT_BOTH]);
      accept(fixture);
    });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.rolled, fixture.status.rollout?.summary], ['Complete', ALL, '4/4']);
  });

  test('a refusal or two are waited out: nothing rolls twice for them', async () => {
    const fixture = new HeldFixture();
    const answer = rejection(429);
    fixture.cloudSql.issueTurns.push({ kind: 'Answer', answer }, { kind: 'Answer', answer });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.workloads.writes], ['Complete', 4]);
  });

  test('ObjectConflict is still looked at again by itself, and no more often than before', async () => {
    const fixture = new HeldFixture();
    fixture.cloudSql.onCall = () => fixture.objects.put(theirs);
    let writes = 0;
    fixture.after(900_000, () => {
      writes = fixture.resets.writes;
    });
    fixture.after(1_800_000, () => {
      assert.equal(fixture.resets.writes, writes);
      fixture.objects.remove(APP_SECRET);
    });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.rolled], ['Complete', ALL]);
  });

  test('a delay that Cloud SQL asks for is kept over the roll of the others', async () => {
    const fixture = new HeldFixture();
    fixture.refuseIssues({ kind: 'Answer', answer: rejection(429, '', 120_000) });
    const asked: number[] = [];
    const faults = new Faults();
    faults.plan = (_n, name) => {
      if (name === 'cloudSql.issue') asked.push(fixture.clock.wallMs);
      return undefined;
    };
    await new Operator(fixture, { faults }).drive();
    const gaps = asked.slice(1).map((ms, n) => ms - (asked[n] ?? 0));
    assert.ok(gaps.length > 5);
    assert.ok(Math.min(...gaps) >= 120_000, `${gaps}`);
  });

  test('one whose issue is in doubt past the deadline: the others roll before the object stalls', async () => {
    const fixture = new HeldFixture({ spec: { requestId: 'a', clientCertificates, deadlineSeconds: 60 } });
    fixture.cloudSql.issueTurns.push({ kind: 'Lose', issuedAfterMs: undefined });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.rolled], ['DeadlineExceeded', WITHOUT_BOTH]);
    assert.ok(fixture.status.clientCertificates?.some(({ issuing }) => issuing !== undefined));
  });

  test('a namespace that is not permitted any more gets no roll for it', async () => {
    const fixture = new HeldFixture();
    const faults = new Faults();
    let isDenied = false;
    faults.plan = (_n, name) => {
      if (name === 'cloudSql.prepareClientCertificate' && !isDenied) {
        isDenied = true;
        fixture.namespaces.deleted.add('orders');
      }
      return undefined;
    };
    fixture.after(1_800_000, () => {
      assert.deepEqual([fixture.end, fixture.rolled], ['NotPermitted', []]);
      fixture.namespaces.deleted.clear();
    });
    await new Operator(fixture, { faults }).drive();
    assert.deepEqual([fixture.end, fixture.rolled], ['Complete', ALL]);
  });

  test('where nothing is rolled at all the reason comes at once', async () => {
    const fixture = new HeldFixture({
      spec: { requestId: 'a', clientCertificates, rollout: { disabled: true } },
    });
    fixture.cloudSql.onCall = () => {
      fixture.cloudSql.strangers = [stranger];
    };
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.rolled], ['ClientCertificateConflict', []]);
  });

  test('a kill at any moment changes neither who rolls nor the reason', async () => {
    for (let nth = 0; nth < 60; nth += 1) {
      const fixture = new HeldFixture();
      fixture.cloudSql.onCall = () => {
        fixture.cloudSql.strangers = [stranger];
      };
      const faults = new Faults();
      faults.plan = (n) => (n === nth ? 'KillAfter' : undefined);
      await new Operator(fixture, { faults }).drive();
      assert.deepEqual([fixture.end, fixture.rolled], ['ClientCertificateConflict', WITHOUT_APP], `killed at ${nth}`);
    }
  });
});
