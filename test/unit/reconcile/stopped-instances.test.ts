/** An instance that is not ready answers 400 to whatever is asked of its certificates, and perhaps to the call itself. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudSqlError } from '../../../src/domain/errors.ts';
import type { Instance } from '../../../src/domain/instance.ts';
import { fingerprint } from '../support/builders.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, rejection, Scene } from '../support/scene.ts';

const NOT_RUNNING = new CloudSqlError({ kind: 'Invalid', message: '400 invalid: the instance is not running' });

const WITHOUT = 'without a server certificate';
const KINDS: Readonly<Record<string, Partial<Instance>>> = {
  'with a CA service': { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' },
  'of the First Generation': { backendType: 'FIRST_GEN' },
  'that demands client certificates': { sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' },
  [WITHOUT]: {},
};

const stop = ({ cloudSql }: Scene, how: Partial<Instance> = { activationPolicy: 'NEVER' }): void => {
  cloudSql.state = { ...cloudSql.state, ...how };
  cloudSql.certificatesError = NOT_RUNNING;
};
const start = ({ cloudSql }: Scene): void => {
  cloudSql.state = { ...cloudSql.state, activationPolicy: 'ALWAYS', state: 'RUNNABLE' };
  cloudSql.certificatesError = undefined;
};

describe('an instance that is not ready', () => {
  for (const [kind, state] of Object.entries(KINDS)) {
    for (const how of [{ activationPolicy: 'NEVER' }, { state: 'MAINTENANCE' }]) {
      test(`${kind} is waited for as WaitingForInstance while it is ${Object.values(how).join()}, and then reset`, async () => {
        const missing = { preconditions: { serverCertificate: 'Missing' } } as const;
        const isMissing = kind === WITHOUT;
        const scene = new Scene({ spec: { deadlineSeconds: 600, ...(isMissing && missing) } });
        scene.cloudSql.state = state;
        if (isMissing) scene.cloudSql.firstCa = 0;
        stop(scene, how);
        scene.after(100_000, () => {
          assert.deepEqual([scene.reconcilingReason, scene.cloudSql.calls], ['WaitingForInstance', 0]);
          start(scene);
        });
        await new Operator(scene).drive();
        assert.equal(scene.cloudSql.executed, 1);
      });
    }
  }

  test('that stops while preflight reads it is waited for, and then reset', async () => {
    const scene = new Scene({ spec: { clientCertificates: [{ commonName: 'app', secretName: 'app-cert' }] } });
    scene.cloudSql.certificatesError = NOT_RUNNING;
    scene.cloudSql.onRead = () => {
      if (scene.cloudSql.reads === 3) stop(scene);
    };
    scene.after(100_000, () => {
      assert.deepEqual([scene.reconcilingReason, scene.cloudSql.calls], ['WaitingForInstance', 0]);
      start(scene);
    });
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed], ['Complete', 1]);
  });

  for (const answer of [rejection(400, 'invalid'), rejection(400, 'invalidState'), rejection(409, 'invalidState')]) {
    test(`that stops before the call, which answers ${answer.code} ${answer.reason}, is waited for, and then reset`, async () => {
      const scene = new Scene();
      scene.cloudSql.turns.push({ kind: 'Answer', answer });
      scene.cloudSql.onCall = () => {
        if (scene.cloudSql.calls === 0) stop(scene);
      };
      scene.after(100_000, () => {
        assert.deepEqual([scene.reconcilingReason, scene.cloudSql.calls], ['WaitingForInstance', 1]);
        start(scene);
      });
      await new Operator(scene).drive();
      assert.deepEqual(await scene.outcome(), DONE_ONCE);
      assert.equal(scene.cloudSql.calls, 2);
    });
  }

  test('a 400 of an instance that runs still stalls for good', async () => {
    const scene = new Scene();
    scene.cloudSql.state = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };
    scene.cloudSql.certificatesError = NOT_RUNNING;
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['InvalidRequest', 0]);
  });
});

describe('preconditions.serverCertificate: Missing', () => {
  const missing = { preconditions: { serverCertificate: 'Missing' } } as const;

  test('calls nothing where the instance shows no certificate and its list has one', async () => {
    const scene = new Scene({ spec: missing });
    scene.cloudSql.showsCertificate = false;
    scene.resets.watch(({ status }) => {
      if (status.request?.outcome !== undefined) scene.cloudSql.showsCertificate = true;
    });
    await new Operator(scene).drive();
    assert.deepEqual(
      [scene.end, scene.cloudSql.calls, scene.status.serverCa?.sha1Fingerprint],
      ['AlreadyPresent', 0, fingerprint(1)],
    );
  });

  test('calls nothing where the list cannot be read', async () => {
    const scene = new Scene({ spec: { ...missing, deadlineSeconds: 60 } });
    scene.cloudSql.firstCa = 0;
    scene.cloudSql.certificatesError = new CloudSqlError({ kind: 'Forbidden', message: 'no' });
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['DeadlineExceeded', 0]);
  });

  test('resets where the list is empty too', async () => {
    const scene = new Scene({ spec: missing });
    scene.cloudSql.firstCa = 0;
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed], ['Complete', 1]);
  });
});
