/** An instance that is not ready answers 400 to whatever is asked of its certificates, and perhaps to the call itself. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudSqlError } from '../../../src/domain/errors.ts';
import type { Instance } from '../../../src/domain/instance.ts';
import { fingerprint } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture, rejection } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const NOT_RUNNING = new CloudSqlError({ kind: 'Invalid', message: '400 invalid: the instance is not running' });

const WITHOUT = 'without a server certificate';
const KINDS: Readonly<Record<string, Partial<Instance>>> = {
  'with a CA service': { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' },
  'of the First Generation': { backendType: 'FIRST_GEN' },
  'that demands client certificates': { sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' },
  [WITHOUT]: {},
};

const stop = ({ cloudSql }: Fixture, how: Partial<Instance> = { activationPolicy: 'NEVER' }): void => {
  cloudSql.state = { ...cloudSql.state, ...how };
  cloudSql.certificatesError = NOT_RUNNING;
};
const start = ({ cloudSql }: Fixture): void => {
  cloudSql.state = { ...cloudSql.state, activationPolicy: 'ALWAYS', state: 'RUNNABLE' };
  cloudSql.certificatesError = undefined;
};

describe('an instance that is not ready', () => {
  for (const [kind, state] of Object.entries(KINDS)) {
    for (const how of [{ activationPolicy: 'NEVER' }, { state: 'MAINTENANCE' }]) {
      test(`${kind} is waited for as WaitingForInstance while it is ${Object.values(how).join()}, and then reset`, async () => {
        const missing = { preconditions: { serverCertificate: 'Missing' } } as const;
        const isMissing = kind === WITHOUT;
        const fixture = new Fixture({ spec: { deadlineSeconds: 600, ...(isMissing && missing) } });
        fixture.cloudSql.state = state;
        if (isMissing) fixture.cloudSql.firstCa = 0;
        stop(fixture, how);
        fixture.after(100_000, () => {
          assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['WaitingForInstance', 0]);
          start(fixture);
        });
        await new Operator(fixture).drive();
        assert.equal(fixture.cloudSql.executed, 1);
      });
    }
  }

  test('an instance that is not ready that stops while preflight reads it is waited for, and then reset', async () => {
    const fixture = new Fixture({ spec: { clientCertificates: [{ commonName: 'app', secretName: 'app-cert' }] } });
    fixture.cloudSql.certificatesError = NOT_RUNNING;
    fixture.cloudSql.onRead = () => {
      if (fixture.cloudSql.reads === 3) stop(fixture);
    };
    fixture.after(100_000, () => {
      assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['WaitingForInstance', 0]);
      start(fixture);
    });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 1]);
  });

  for (const answer of [rejection(400, 'invalid'), rejection(400, 'invalidState'), rejection(409, 'invalidState')]) {
    test(`an instance that is not ready that stops before the call, which answers ${answer.code} ${answer.reason}, is waited for, and then reset`, async () => {
      const fixture = new Fixture();
      fixture.cloudSql.turns.push({ kind: 'Answer', answer });
      fixture.cloudSql.onCall = () => {
        if (fixture.cloudSql.calls === 0) stop(fixture);
      };
      fixture.after(100_000, () => {
        assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['WaitingForInstance', 1]);
        start(fixture);
      });
      await new Operator(fixture).drive();
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
      assert.equal(fixture.cloudSql.calls, 2);
    });
  }

  test('a 400 of an instance that runs still stalls for good', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.state = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };
    fixture.cloudSql.certificatesError = NOT_RUNNING;
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['InvalidRequest', 0]);
  });
});

describe('preconditions.serverCertificate: Missing', () => {
  const missing = { preconditions: { serverCertificate: 'Missing' } } as const;

  test('calls nothing where the instance shows no certificate and its list has one', async () => {
    const fixture = new Fixture({ spec: missing });
    fixture.cloudSql.showsCertificate = false;
    fixture.resets.watch(({ status }) => {
      if (status.request?.outcome !== undefined) fixture.cloudSql.showsCertificate = true;
    });
    await new Operator(fixture).drive();
    assert.deepEqual(
      [fixture.end, fixture.cloudSql.calls, fixture.status.serverCa?.sha1Fingerprint],
      ['AlreadyPresent', 0, fingerprint(1)],
    );
  });

  test('calls nothing where the list cannot be read', async () => {
    const fixture = new Fixture({ spec: { ...missing, deadlineSeconds: 60 } });
    fixture.cloudSql.firstCa = 0;
    fixture.cloudSql.certificatesError = new CloudSqlError({ kind: 'Forbidden', message: 'no' });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['DeadlineExceeded', 0]);
  });

  test('preconditions.serverCertificate: Missing resets where the list is empty too', async () => {
    const fixture = new Fixture({ spec: missing });
    fixture.cloudSql.firstCa = 0;
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 1]);
  });
});
