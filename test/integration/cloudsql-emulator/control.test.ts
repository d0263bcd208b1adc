import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { startEmulator } from '../../cloudsql-emulator/emulator.ts';
import { call, done } from './client.ts';

const project = 'control';
let emulator: Emulator;

before(async () => {
  emulator = await startEmulator({ project, plan: { pendingMs: 5, runningMs: 5 } });
});

after(() => emulator.stop());

const control = async (method: string, path: string, body?: object): Promise<Response> =>
  fetch(`${emulator.apiUrl}/emulator/${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });

const create = async (name: string) => {
  assert.equal((await control('POST', 'instances', { project, name })).status, 200);
  return `/v1/projects/${project}/instances/${name}`;
};

test('an instance that was made by the control API is one of the Admin API', async () => {
  const path = await create('made');
  assert.equal((await call(emulator, path)).status, 200);
  assert.equal((await control('DELETE', `instances?project=${project}&instance=made`)).status, 200);
  assert.equal((await call(emulator, path)).status, 404);
});

test('an instance can be stopped from outside', async () => {
  const path = await create('stopped');
  await control('PATCH', `instances?project=${project}&instance=stopped`, { activationPolicy: 'NEVER' });
  assert.equal((await call(emulator, `${path}/resetSslConfig`, { method: 'POST' })).status, 409);
});

test('faults that were ordered by the control API meet calls, and can be cleared', async () => {
  const path = await create('faulty');
  const answer = { kind: 'Error', executed: false, code: 503, reason: 'backendError' };
  await control('POST', 'faults', { api: 'instances.get', instance: 'faulty', times: 'Always', answer });
  assert.equal((await call(emulator, path)).status, 503);
  await control('DELETE', 'faults');
  assert.equal((await call(emulator, path)).status, 200);
});

test('journal and executed resets are the same from outside and from inside', async () => {
  const path = await create('journal');
  await call(emulator, path);
  await call(emulator, `${path}/resetSslConfig`, { method: 'POST' });
  const query = `project=${project}&instance=journal`;
  const executed = await (await control('GET', `executed-resets?${query}`)).json();
  const entries = await (await control('GET', `journal?${query}&api=resetSslConfig`)).json();
  const inside = JSON.parse(JSON.stringify(emulator.journal.executedResets(project, 'journal')));
  assert.deepEqual([executed, entries], [inside, inside]);
  assert.equal(inside.length, 1);
});

test('a foreign operation that was begun by the control API is in the state', async () => {
  await create('foreign');
  const foreign = { project, instance: 'foreign', user: 'x@example.com' };
  const { name } = Object(await (await control('POST', 'foreign-operations', foreign)).json());
  const { operations } = Object(await (await control('GET', 'state')).json());
  assert.ok(operations.some((operation: { readonly name: string }) => operation.name === name));
});

test('an account that was made by the control API can call with its token', async () => {
  const path = await create('accounts');
  await control('POST', 'accounts', { email: 'x@example.com', token: 'given' });
  assert.equal((await call(emulator, path, { token: 'given' })).status, 200);
});

test('what a TLS server of the instance needs can be had from outside', async () => {
  await create('tls');
  const tls = await (await control('GET', `tls?project=${project}&instance=tls`)).json();
  assert.deepEqual(tls, emulator.instance(project, 'tls').serverTls);
});

const versionsOf = (name: string): readonly (string | undefined)[] => {
  const { active, waiting, rotatedOut } = emulator.instance(project, name);
  return [active, waiting, rotatedOut].map((identity) => identity?.version.sha1Fingerprint);
};

test('a server CA can be added without an operation, as Google does before an expiry, and one rotated out dropped', async () => {
  await create('rotated');
  const query = `project=${project}&instance=rotated`;
  const { versions } = Object(await (await control('POST', `waiting-version?${query}`)).json());
  const [first, next] = versionsOf('rotated');
  assert.deepEqual(versions, { active: first, waiting: next });
  assert.deepEqual(emulator.operations.list(project, 'rotated'), []);
  emulator.instance(project, 'rotated').rotate();
  assert.deepEqual(versionsOf('rotated'), [next, undefined, first]);
  await control('DELETE', `rotated-out-version?${query}`);
  assert.deepEqual(versionsOf('rotated'), [next, undefined, undefined]);
});

test('how long certificates live can be changed from outside, for those that are made from then on', async () => {
  await create('lives');
  const query = `project=${project}&instance=lives`;
  const day = 86_400_000;
  await control('PATCH', `instances?${query}`, { certificateLife: { ageMs: day, lifetimeMs: 3 * day } });
  await control('POST', `waiting-version?${query}`);
  const { expirationTime = '' } = emulator.instance(project, 'lives').waiting?.version ?? {};
  assert.equal(Math.round((Date.parse(expirationTime) - Date.now()) / day), 2);
});

test('operations are held and released from outside', async () => {
  const path = await create('held');
  await control('POST', 'hold');
  await call(emulator, `${path}/restart`, { method: 'POST' });
  const [operation] = emulator.operations.list(project, 'held');
  const { endTime = 'none' } = emulator.operations.get(project, operation?.name ?? '');
  assert.equal(endTime, 'none');
  await control('DELETE', 'hold');
  await done(emulator, project, operation?.name ?? '');
});

test('an order that makes no sense is refused, with the reason', async () => {
  const answer = await control('POST', 'faults', { api: 'resetSslConfig', answer: { kind: 'Drop' } });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /executed/);
  assert.equal((await control('GET', 'nothing')).status, 404);
});

test('the program says how to use it, serves, and ends in good order on Ctrl-C', async () => {
  const main = new URL('../../cloudsql-emulator/main.ts', import.meta.url).pathname;
  const args = [main, '--port', '0', '--metadata-port', '0', '--instance', 'p/i'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  let usage = '';
  for await (const line of createInterface({ input: child.stdout })) {
    usage += `${line}\n`;
    if (line.startsWith('Ctrl-C')) {
      const [, url = ''] = /OVERRIDES_SQL=(\S+)\/$/m.exec(usage) ?? [];
      assert.match(await (await fetch(`${url}/emulator/state`)).text(), /"name": "i"/);
      child.kill('SIGINT');
    }
  }
  assert.match(usage, /GCE_METADATA_HOST=127\.0\.0\.1:\d+/);
  assert.deepEqual(await exit, [0, null]);
});
