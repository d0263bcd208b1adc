import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { startEmulator } from '../../cloudsql-emulator/emulator.ts';
import type { FaultOptions } from '../../cloudsql-emulator/faults.ts';
import type { Instance } from '../../cloudsql-emulator/instance.ts';
import { type Answer, call, done, errorOf, operationOf } from './client.ts';

const project = 'p';
const SERVICE = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' } as const;
let emulator: Emulator;
let count = 0;

before(async () => {
  emulator = await startEmulator({ project, plan: { pendingMs: 5, runningMs: 5 } });
});

after(() => emulator.stop());

interface Fixture {
  readonly instance: Instance;
  readonly post: (method: string, body?: object) => Promise<Answer>;
  /** Has the call begin an operation and follows it to its end. */
  readonly complete: (method: string, body?: object) => Promise<void>;
  readonly listCas: () => Promise<z.output<typeof casSchema>>;
}

const casSchema = z.object({ certs: z.array(z.object({ sha1Fingerprint: z.string() })), activeVersion: z.string() });

const fixture = async (options: object = {}, version = '/v1'): Promise<Fixture> => {
  count += 1;
  const instance = await emulator.createInstance({ name: `i${count}`, hasSharedKey: true, ...options });
  const path = `${version}/projects/${project}/instances/${instance.settings.name}`;
  const post = (method: string, body?: object) =>
    call(emulator, `${path}/${method}`, { method: 'POST', ...(body && { body }) });
  return {
    instance,
    post,
    complete: async (method, body) => done(emulator, project, operationOf(await post(method, body)).name),
    listCas: async () => casSchema.parse(JSON.parse((await call(emulator, `${path}/listServerCas`)).text)),
  };
};

const versionOf = (identity: Instance['active']): string => identity?.version.sha1Fingerprint ?? 'none';

const toCa = (nextVersion: string) => ({ rotateServerCaContext: { kind: 'sql#rotateServerCaContext', nextVersion } });
const toCertificate = (nextVersion: string) => ({ rotateServerCertificateContext: { nextVersion } });

for (const version of ['/v1', '/sql/v1beta4']) {
  test(`${version}: a CA is listed when the operation that adds it is DONE, and active when the one that rotates is`, async () => {
    const { instance, post, listCas } = await fixture({}, version);
    const first = versionOf(instance.active);
    const adding = operationOf(await post('addServerCa'));
    assert.deepEqual([adding.operationType, adding.user], ['UPDATE', emulator.email]);
    assert.equal((await listCas()).certs.length, 1);
    await done(emulator, project, adding.name);
    const [, next = 'none'] = (await listCas()).certs.map(({ sha1Fingerprint }) => sha1Fingerprint);
    assert.equal((await listCas()).activeVersion, first);
    const rotating = operationOf(await post('rotateServerCa', toCa(next)));
    assert.equal(rotating.operationType, 'UPDATE');
    await done(emulator, project, rotating.name);
    assert.equal((await listCas()).activeVersion, next);
  });
}

test('a second CA that is added replaces the one that waits, and keeps the one that was rotated out', async () => {
  const { instance, complete } = await fixture();
  await complete('addServerCa');
  await complete('rotateServerCa');
  await complete('addServerCa');
  const kept = [versionOf(instance.active), versionOf(instance.rotatedOut)];
  const replaced = versionOf(instance.waiting);
  await complete('addServerCa');
  assert.deepEqual([versionOf(instance.active), versionOf(instance.rotatedOut)], kept);
  assert.notEqual(versionOf(instance.waiting), replaced);
});

test('neither the place in the list nor anything else but activeVersion says which CA is active', async () => {
  const { complete, listCas } = await fixture();
  await complete('addServerCa');
  const before = await listCas();
  await complete('rotateServerCa');
  const { certs, activeVersion } = await listCas();
  assert.deepEqual(certs, before.certs);
  assert.notEqual(activeVersion, before.activeVersion);
});

test('a rotation without a fingerprint, with an empty body or an empty context, takes the CA that was added last', async () => {
  for (const body of [undefined, {}, { rotateServerCaContext: {} }, toCa('')]) {
    const { instance, complete } = await fixture();
    await complete('addServerCa');
    const added = versionOf(instance.waiting);
    await complete('rotateServerCa', body);
    assert.equal(versionOf(instance.active), added);
  }
});

test('a rotation to the fingerprint of before makes the former CA the active one', async () => {
  const { instance, complete } = await fixture();
  const first = versionOf(instance.active);
  await complete('addServerCa');
  await complete('rotateServerCa');
  await complete('rotateServerCa', toCa(first));
  assert.equal(versionOf(instance.active), first);
});

test('a rotation to a CA that is not listed, to the active one, or with none that waits is refused with 400', async () => {
  const { instance, post } = await fixture();
  for (const body of [toCa('00ff'), toCa(versionOf(instance.active)), undefined]) {
    assert.deepEqual(errorOf(await post('rotateServerCa', body)), [400, 'invalidRequest']);
  }
});

test('a body that the method does not know is refused with 400', async () => {
  const { instance, post } = await fixture();
  await instance.addVersion();
  const next = versionOf(instance.waiting);
  assert.deepEqual(errorOf(await post('addServerCa', toCa(next))), [400, 'invalidRequest']);
  for (const body of [{ nextVersion: next }, toCertificate(next)]) {
    assert.deepEqual(errorOf(await post('rotateServerCa', body)), [400, 'invalidRequest']);
  }
});

test('a CA is neither added nor rotated to while an operation runs, whatever else would be wrong', async () => {
  const { instance, post } = await fixture();
  const { name } = instance.settings;
  emulator.foreignOperation({ project, instance: name, user: 'x@example.com', plan: { runningMs: 3_600_000 } });
  for (const method of ['addServerCa', 'rotateServerCa', 'addServerCertificate', 'rotateServerCertificate']) {
    assert.deepEqual(errorOf(await post(method)), [409, 'operationInProgress'], method);
  }
});

test('of two CAs that are added at the same moment one is accepted', async () => {
  const { post } = await fixture();
  const answers = await Promise.all([post('addServerCa'), post('addServerCa')]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
});

test('an instance with a CA of its own refuses the methods of a CA service, and the other way round', async () => {
  const [own, service] = [await fixture(), await fixture(SERVICE)];
  for (const method of ['addServerCertificate', 'rotateServerCertificate']) {
    assert.deepEqual(errorOf(await own.post(method)), [400, 'invalidRequest']);
  }
  for (const method of ['addServerCa', 'rotateServerCa']) {
    assert.deepEqual(errorOf(await service.post(method)), [400, 'invalidRequest']);
  }
});

test('an instance of the First Generation, a read replica and one without a server certificate refuse both', async () => {
  for (const options of [{ backendType: 'FIRST_GEN' }, { primary: 'other' }, { hasServerCertificate: false }]) {
    const { post } = await fixture(options);
    assert.deepEqual(errorOf(await post('addServerCa')), [400, 'invalidRequest']);
    assert.deepEqual(errorOf(await post('rotateServerCa')), [400, 'invalidRequest']);
  }
});

test('a stopped instance refuses to add and to rotate', async () => {
  const { post } = await fixture({ activationPolicy: 'NEVER' });
  assert.deepEqual(errorOf(await post('addServerCa')), [409, 'invalidState']);
  assert.deepEqual(errorOf(await post('rotateServerCa')), [409, 'invalidState']);
});

const certificatesSchema = z.object({
  caCerts: z.array(z.object({ sha1Fingerprint: z.string() })),
  serverCerts: z.array(z.object({ sha1Fingerprint: z.string() })),
  activeVersion: z.string(),
});

test('with a CA service a server certificate is added, listed beside its CA, and rotated to by its fingerprint', async () => {
  const { instance, complete } = await fixture(SERVICE);
  const listed = async () => {
    const path = `/v1/projects/${project}/instances/${instance.settings.name}/listServerCertificates`;
    return certificatesSchema.parse(JSON.parse((await call(emulator, path)).text));
  };
  const first = versionOf(instance.active);
  await complete('addServerCertificate');
  const next = versionOf(instance.waiting);
  const { caCerts, serverCerts, activeVersion } = await listed();
  assert.deepEqual([caCerts[0], caCerts.length, activeVersion], [caCerts[1], 2, first]);
  assert.deepEqual(
    serverCerts.map(({ sha1Fingerprint }) => sha1Fingerprint),
    [first, next],
  );
  await complete('rotateServerCertificate', toCertificate(next));
  assert.equal((await listed()).activeVersion, next);
  await complete('rotateServerCertificate', toCertificate(first));
  assert.equal((await listed()).activeVersion, first);
});

test('a server certificate is listed beside the CA that signed it, also where the CA service has had another since', async () => {
  const { instance, complete } = await fixture(SERVICE);
  const former = instance.active?.authority.certificate.sha1Fingerprint;
  await emulator.renewService();
  assert.equal(instance.active?.authority.certificate.sha1Fingerprint, former);
  await complete('addServerCertificate');
  const path = `/v1/projects/${project}/instances/${instance.settings.name}/listServerCertificates`;
  const { caCerts } = certificatesSchema.parse(JSON.parse((await call(emulator, path)).text));
  const next = instance.waiting?.authority.certificate.sha1Fingerprint;
  assert.notEqual(next, former);
  assert.deepEqual(
    caCerts.map(({ sha1Fingerprint }) => sha1Fingerprint),
    [former, next],
  );
});

test('an instance says how its server certificate is rotated by Google', async () => {
  const serverCertificateRotationMode = 'AUTOMATIC_ROTATION_DURING_MAINTENANCE';
  const { instance } = await fixture({ ...SERVICE, serverCertificateRotationMode });
  const { text } = await call(emulator, `/v1/projects/${project}/instances/${instance.settings.name}`);
  assert.equal(JSON.parse(text).settings.ipConfiguration.serverCertificateRotationMode, serverCertificateRotationMode);
});

test("somebody else's operations add and rotate as those of the caller do", async () => {
  const { instance } = await fixture();
  const foreign = { project, instance: instance.settings.name, user: 'person@example.com', done: true };
  const first = versionOf(instance.active);
  await emulator.foreignOperation({ ...foreign, does: 'AddServerCa' }).finished;
  const added = versionOf(instance.waiting);
  await emulator.foreignOperation({ ...foreign, does: 'RotateServerCa' }).finished;
  assert.equal(versionOf(instance.active), added);
  await emulator.foreignOperation({ ...foreign, does: 'RotateServerCa', nextVersion: first }).finished;
  assert.equal(versionOf(instance.active), first);
});

test('the journal keeps which CA a call asked for, also where it was refused', async () => {
  const { instance, post } = await fixture();
  await post('rotateServerCa', toCa('00ff'));
  const [entry] = emulator.journal.entries({ api: 'rotateServerCa', instance: instance.settings.name });
  assert.deepEqual([entry?.body, entry?.status, entry?.executed], [JSON.stringify(toCa('00ff')), 400, false]);
});

const METHODS = [
  { api: 'addServerCa', options: {}, body: () => undefined },
  { api: 'rotateServerCa', options: {}, body: toCa },
  { api: 'addServerCertificate', options: SERVICE, body: () => undefined },
  { api: 'rotateServerCertificate', options: SERVICE, body: toCertificate },
] as const;

const FAILED = { error: { code: 'INTERNAL_ERROR', message: 'ordered' } };

type Fault = Omit<FaultOptions, 'api'>;

interface FaultCase {
  readonly name: string;
  readonly fault: Fault;
  /** What the client sees: a code, or that the connection broke. */
  readonly seen: number | 'Broken';
  readonly changes: boolean;
}

const FAULTS: readonly FaultCase[] = [
  { name: 'refused', seen: 503, changes: false, fault: { answer: error(false) } },
  { name: 'executed, and 503 all the same', seen: 503, changes: true, fault: { answer: error(true) } },
  { name: 'lost', seen: 'Broken', changes: false, fault: { answer: { kind: 'Drop', executed: false } } },
  {
    name: 'executed, its answer lost',
    seen: 'Broken',
    changes: true,
    fault: { answer: { kind: 'Drop', executed: true } },
  },
  {
    name: 'executed after its connection broke',
    seen: 'Broken',
    changes: true,
    fault: { answer: { kind: 'Drop', executed: { afterMs: 20 } } },
  },
  { name: 'answered late', seen: 200, changes: true, fault: { answer: { kind: 'Late', executed: true, afterMs: 50 } } },
  { name: 'accepted, and fails', seen: 200, changes: false, fault: { operation: { ...FAILED, effect: 'Never' } } },
  { name: 'accepted, takes effect and fails', seen: 200, changes: true, fault: { operation: FAILED } },
  {
    name: 'accepted, and takes effect after DONE',
    seen: 200,
    changes: true,
    fault: { operation: { effect: 'AfterDone', settleMs: 20 } },
  },
];

function error(executed: boolean): NonNullable<Fault['answer']> {
  return { kind: 'Error', executed, code: 503, reason: 'backendError' };
}

/** All versions of the instance and the roles they have. */
const stateOf = ({ identities, active, waiting, rotatedOut }: Instance): string =>
  JSON.stringify([identities, active, waiting, rotatedOut].flat().map(versionOf));

describe('a call that changes the server CA', { concurrency: 4 }, () => {
  for (const { api, options, body } of METHODS) {
    for (const { name, fault, seen, changes } of FAULTS) {
      test(`${api} can be ${name}`, async () => {
        const { instance, post } = await fixture(options);
        if (api.startsWith('rotate')) await instance.addVersion();
        const before = stateOf(instance);
        const changed = changes && once(instance.changes, 'versions');
        emulator.order({ api, instance: instance.settings.name, ...fault });
        const answer = await post(api, body(versionOf(instance.waiting))).then(
          ({ status }) => status,
          () => 'Broken',
        );
        assert.equal(answer, seen);
        await changed;
        const begun = emulator.operations.list(project, instance.settings.name);
        await Promise.all(begun.map((operation) => done(emulator, project, operation.name)));
        assert.equal(stateOf(instance) === before, !changes);
      });
    }

    test(`${api} is refused to who lacks its right`, async () => {
      const { instance } = await fixture(options);
      const email = `no-${api}@example.com`;
      emulator.putAccount({ email, denied: [`cloudsql.instances.${api}`] });
      const path = `/v1/projects/${project}/instances/${instance.settings.name}`;
      const token = emulator.token(email);
      const refused = await call(emulator, `${path}/${api}`, { method: 'POST', token });
      assert.deepEqual(errorOf(refused), [403, 'notAuthorized']);
      assert.equal((await call(emulator, path, { token })).status, 200);
    });
  }
});
