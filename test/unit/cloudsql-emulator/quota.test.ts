import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../cloudsql-emulator/api-error.ts';
import { Quota, quotaClassOf } from '../../cloudsql-emulator/quota.ts';
import { type Api, apis } from '../../cloudsql-emulator/routes.ts';

const LIMITS = { gets: 3, lists: 2, writes: 1, windowMs: 1000 };

/** How many of these calls are answered. */
const answered = (quota: Quota, api: Api, times: readonly number[], { project = 'p', user = 'u' } = {}): number =>
  times.filter((nowMs) => {
    try {
      quota.spend({ api, project }, user, nowMs);
      return true;
    } catch (error) {
      assert.ok(error instanceof ApiError);
      return false;
    }
  }).length;

test('each class has a quota of its own', () => {
  const quota = new Quota(LIMITS);
  assert.equal(answered(quota, 'operations.get', [0, 0, 0, 0]), 3);
  assert.equal(answered(quota, 'operations.list', [0, 0, 0, 0]), 2);
  assert.equal(answered(quota, 'resetSslConfig', [0, 0, 0, 0]), 1);
});

test('each user of each project has a quota of its own', () => {
  const quota = new Quota(LIMITS);
  assert.equal(answered(quota, 'restart', [0, 0]), 1);
  assert.equal(answered(quota, 'restart', [0, 0], { project: 'q' }), 1);
  assert.equal(answered(quota, 'restart', [0, 0], { user: 'v' }), 1);
});

test('the quota holds in any window, and what was refused is not counted', () => {
  assert.equal(answered(new Quota(LIMITS), 'instances.get', [0, 400, 800, 900, 999, 1000, 1399, 1400]), 5);
});

test('the default is what a project has: 500 gets, 500 lists and 180 writes a minute', () => {
  const quota = new Quota({});
  const times = Array.from({ length: 600 }, (_, index) => index);
  assert.equal(answered(quota, 'instances.get', times), 500);
  assert.equal(answered(quota, 'sslCerts.list', times), 500);
  assert.equal(answered(quota, 'sslCerts.insert', times), 180);
});

test('each method of the API has its class', () => {
  const of = (name: string) => apis.filter((api) => quotaClassOf(api) === name);
  assert.deepEqual(of('gets'), ['instances.get', 'sslCerts.get', 'connectSettings', 'operations.get']);
  assert.deepEqual(of('lists'), [
    'instances.list',
    'listServerCas',
    'listServerCertificates',
    'sslCerts.list',
    'operations.list',
  ]);
  assert.deepEqual(of('writes'), [
    'resetSslConfig',
    'restart',
    'addServerCa',
    'rotateServerCa',
    'addServerCertificate',
    'rotateServerCertificate',
    'sslCerts.insert',
    'sslCerts.delete',
    'generateEphemeralCert',
  ]);
});

test('a refusal has the body of the real one', () => {
  const refusal = (code: 403 | 429) => {
    const quota = new Quota({ ...LIMITS, code });
    quota.spend({ api: 'restart', project: 'p' }, 'u', 0);
    try {
      quota.spend({ api: 'restart', project: 'p' }, 'u', 0);
    } catch (error) {
      return error instanceof ApiError ? error.body() : undefined;
    }
    return undefined;
  };
  const message =
    "Quota exceeded for quota metric 'Mutate queries' and limit 'Mutate queries per minute per user per region' of service 'sqladmin.googleapis.com' for consumer 'project_number:p'.";
  const errors = [{ message, domain: 'global', reason: 'rateLimitExceeded' }];
  assert.deepEqual(refusal(429), { error: { code: 429, message, errors, status: 'RESOURCE_EXHAUSTED' } });
  assert.deepEqual(refusal(403), { error: { code: 403, message, errors, status: 'PERMISSION_DENIED' } });
});
