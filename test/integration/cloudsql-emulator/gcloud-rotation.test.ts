import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { startEmulator } from '../../cloudsql-emulator/emulator.ts';
import type { Instance } from '../../cloudsql-emulator/instance.ts';
import { type Gcloud, gcloudOf, isInstalled } from './gcloud.ts';

const project = 'gcloud-project';

interface Kind {
  /** The group of commands below `gcloud sql ssl`. */
  readonly group: string;
  readonly serverCaMode: 'GOOGLE_MANAGED_INTERNAL_CA' | 'GOOGLE_MANAGED_CAS_CA';
  readonly add: 'addServerCa' | 'addServerCertificate';
  readonly rotate: 'rotateServerCa' | 'rotateServerCertificate';
  /** The fingerprint of what the command answers. */
  readonly field: string;
}

const KINDS: readonly Kind[] = [
  {
    group: 'server-ca-certs',
    serverCaMode: 'GOOGLE_MANAGED_INTERNAL_CA',
    add: 'addServerCa',
    rotate: 'rotateServerCa',
    field: 'sha1Fingerprint',
  },
  {
    group: 'server-certs',
    serverCaMode: 'GOOGLE_MANAGED_CAS_CA',
    add: 'addServerCertificate',
    rotate: 'rotateServerCertificate',
    field: 'ssl_cert.sha1Fingerprint',
  },
];

const versionOf = (identity: Instance['active']): string | undefined => identity?.version.sha1Fingerprint;

const gcloudSuite = () => {
  let emulator: Emulator;
  let gcloud: Gcloud;

  before(async () => {
    emulator = await startEmulator({ project, plan: { pendingMs: 100, runningMs: 100 } });
    gcloud = await gcloudOf(emulator);
  });

  after(() => Promise.all([emulator.stop(), gcloud.remove()]));

  const prepare = async ({ group, serverCaMode, field }: Kind, what: string) => {
    const name = `${group}-${what}`;
    const instance = await emulator.createInstance({ name, serverCaMode });
    const run = (command: string, format = `value(${field})`) =>
      gcloud.sql('ssl', group, command, '-i', name, `--format=${format}`);
    return { name, instance, run };
  };

  for (const kind of KINDS) {
    const { group, add, rotate } = kind;

    test(`${group}: create waits for what it adds and shows it, rotate takes it, rollback returns to the former`, async () => {
      const { instance, run } = await prepare(kind, 'whole');
      const first = versionOf(instance.active);
      const created = await run('create');
      assert.deepEqual([versionOf(instance.active), versionOf(instance.waiting)], [first, created]);
      assert.equal(await run('rotate'), created);
      assert.deepEqual([versionOf(instance.active), versionOf(instance.rotatedOut)], [created, first]);
      assert.equal(await run('rollback'), first);
      assert.deepEqual([versionOf(instance.active), versionOf(instance.rotatedOut)], [first, created]);
    });

    test(`${group}: list shows all three, and a second create in the place of the first`, async () => {
      const { instance, run } = await prepare(kind, 'list');
      await instance.addVersion();
      instance.rotate();
      await run('create');
      const replaced = versionOf(instance.waiting);
      await run('create');
      const listed = (await run('list')).split('\n');
      const { active, waiting, rotatedOut } = instance;
      assert.deepEqual(listed, [rotatedOut, active, waiting].map(versionOf));
      assert.ok(replaced !== undefined && !listed.includes(replaced));
    });

    test(`${group}: after a rollback rotate takes again what was rolled back from`, async () => {
      const { instance, run } = await prepare(kind, 'again');
      await instance.addVersion();
      const rejected = versionOf(instance.waiting);
      instance.rotate();
      instance.rollBack();
      assert.equal(await run('rotate'), rejected);
      assert.equal(versionOf(instance.active), rejected);
    });

    test(`${group}: rotate names no version, and so may take what somebody else added, while rollback names one`, async () => {
      const { name, run } = await prepare(kind, 'names');
      await run('create');
      await run('rotate');
      await run('rollback');
      const bodies = emulator.journal.entries({ api: rotate, instance: name }).map(({ body }) => body);
      assert.equal(bodies.length, 2);
      assert.doesNotMatch(bodies[0] ?? '', /nextVersion/);
      assert.match(bodies[1] ?? '', /nextVersion/);
    });

    test(`${group}: rotate and rollback call nothing where there is nothing to go to`, async () => {
      const { name, run } = await prepare(kind, 'nothing');
      await assert.rejects(run('rotate'), { message: /No upcoming Server/ });
      await assert.rejects(run('rollback'), { message: /No previous Server/ });
      assert.deepEqual(emulator.journal.entries({ api: rotate, instance: name }), []);
    });

    test(`${group}: a dropped connection makes gcloud create twice, and the second replaces the first`, async () => {
      const { name, instance, run } = await prepare(kind, 'twice');
      const operation = { pendingMs: 0, runningMs: 500 };
      emulator.order({ api: add, instance: name, operation, answer: { kind: 'Drop', executed: true, whenDone: true } });
      const created = await run('create');
      assert.equal(emulator.journal.entries({ api: add, instance: name, executed: true }).length, 2);
      assert.equal(versionOf(instance.waiting), created);
    });

    test(`${group}: create is refused on a busy instance, and reports how its operation failed`, async () => {
      const { name, run } = await prepare(kind, 'failing');
      const error = { code: 'INTERNAL_ERROR', message: 'ordered' };
      emulator.order({ api: add, instance: name, operation: { error, effect: 'Never' } });
      await assert.rejects(run('create'), { message: /\[INTERNAL_ERROR\] ordered/ });
      emulator.foreignOperation({ project, instance: name, user: 'x@example.com', plan: { runningMs: 3_600_000 } });
      await assert.rejects(run('create'), { message: /another operation was already in progress/ });
    });
  }
};

if (await isInstalled()) {
  // gcloud takes seconds to start and waits more than it computes.
  suite('gcloud agrees with the emulator on rotations', { concurrency: 3 }, gcloudSuite);
} else {
  test('without gcloud its opinion of rotations is not asked', (t) => {
    t.diagnostic('gcloud is not installed: the other clients judge the emulator alone');
  });
}
