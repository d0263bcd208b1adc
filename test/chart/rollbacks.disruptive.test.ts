import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { helm, RELEASE } from '../support/helm.ts';
import { temporaryFolder } from '../support/kubernetes/kubeconfigs.ts';
import { hasReason, INSTANCE, type OperatorFixture, operatorFixture, PROJECT } from '../support/operator/fixture.ts';
import { PATIENCE } from '../support/patience.ts';

/** The chart of a user, whose default asks for the reset "a". */
const FILES: Readonly<Record<string, string>> = {
  'Chart.yaml': 'apiVersion: v2\nname: orders\nversion: 0.0.1\n',
  'values.yaml': 'requestId: a\ndeadlineSeconds: 3600\n',
  'templates/reset.yaml': `
apiVersion: cloudsql-ssl.dev/v1alpha1
kind: CloudSqlSslReset
metadata: { name: db }
spec:
  project: ${PROJECT}
  instance: ${INSTANCE}
  requestId: {{ .Values.requestId | quote }}
  deadlineSeconds: {{ .Values.deadlineSeconds }}
`,
};

interface Released extends OperatorFixture {
  /** Runs Helm on the release. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  upgrade(...args: readonly string[]): Promise<string>;
}

/** An operator, and a release of the user's chart that has reset once. */
async function released(t: TestContext): Promise<Released> {
  const fixture = await operatorFixture(t);
  const chart = await temporaryFolder(t);
  await mkdir(join(chart, 'templates'));
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(chart, name), text);
  const { namespace, cluster } = fixture;
  const run = (command: string, ...args: readonly string[]): Promise<string> =>
    helm([command, RELEASE, ...args, `--namespace=${namespace}`], cluster.kubeconfigPath);
  await run('install', chart);
  await fixture.until('db', endsAs('Complete', 'a'));
  return { ...fixture, run, upgrade: (...args) => run('upgrade', chart, ...args) };
}

const endsAs =
  (reason: string, requestId: string) =>
  (reset: SslReset): boolean =>
    hasReason(reason)(reset) && reset.spec.requestId === requestId;

describe('a requestId that Helm puts back resets nothing', { concurrency: true }, () => {
  test('a requestId that Helm puts back resets nothing by helm rollback, nor by an upgrade that lets the default of the chart reappear', async (t) => {
    const { run, upgrade, until, resets } = await released(t);
    await upgrade('--set=requestId=b');
    await until('db', endsAs('Complete', 'b'));
    assert.equal(resets(), 2);

    await run('rollback', '1', '--wait', PATIENCE);
    await until('db', endsAs('AlreadyExecuted', 'a'));
    assert.equal(resets(), 2);

    await upgrade('--set=requestId=c');
    await until('db', endsAs('Complete', 'c'));
    await upgrade('--set=deadlineSeconds=7200', '--wait', PATIENCE);
    const { spec, status } = await until('db', endsAs('AlreadyExecuted', 'a'));
    assert.deepEqual([resets(), spec.deadlineSeconds, status.executedRequestIds?.length], [3, 7200, 3]);
  });

  test('a requestId that Helm puts back resets nothing by an upgrade that gives up before the operation has ended, which itself resets once', async (t) => {
    const { run, upgrade, until, resets, emulator } = await released(t);
    const release = emulator.operations.hold();
    const upgraded = assert.rejects(
      upgrade('--set=requestId=c', '--rollback-on-failure', '--wait', '--timeout=30s'),
      /UPGRADE FAILED/,
    );
    await until('db', ({ spec, status }) => spec.requestId === 'c' && status.operation?.status === 'RUNNING');
    await until('db', ({ spec }) => spec.requestId === 'a');
    release();
    await upgraded;
    const { status } = await until('db', endsAs('AlreadyExecuted', 'a'));
    assert.match(await run('history'), /Rollback to 1/);
    assert.deepEqual(
      status.history?.map(({ requestId, outcome }) => [requestId, outcome]),
      [
        ['a', 'AlreadyExecuted'],
        ['c', 'Superseded'],
        ['a', 'Complete'],
      ],
    );
    assert.equal(resets(), 2);
    assert.equal(emulator.journal.entries({ api: 'resetSslConfig' }).length, 2);
  });
});
