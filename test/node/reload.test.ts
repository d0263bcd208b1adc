import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeCa, hasReason, reset } from '../support/operator/fixture.ts';
import { PATIENCE } from '../support/patience.ts';
import { nodeFixture } from './fixture.ts';
import { readingDeployment, SECRET } from './reading.ts';
import type { Report } from './reports.ts';

const PODS = 10;
const ROUNDS = ['a', 'b', 'c'];

test('each of ten pods of a Reload workload has the new file before the reset is Complete, and stays', async (t) => {
  const fixture = await nodeFixture(t, { 'rollout.reload': true });
  const { reports, apply, until, kubectl } = fixture;
  const annotated = (name: string, annotations: object) =>
    apply(readingDeployment(fixture, name, { replicas: PODS, annotations }));
  await annotated('told', { 'cloudsql-ssl.dev/pick-up': 'Reload' });
  await annotated('untouched', { 'cloudsql-ssl.dev/rollout': 'disabled' });
  for (const app of ['told', 'untouched']) await kubectl(['rollout', 'status', `deployment/${app}`, PATIENCE]);

  for (const requestId of ROUNDS) {
    await apply(reset({ requestId, serverCa: { secretName: SECRET }, rollout: { reloadSeconds: 10 } }));
    await until('db', (db) => hasReason('Complete')(db) && db.status.request?.requestId === requestId);
    const ca = activeCa(fixture).pem.trim();
    const hasCa = (text: string): boolean => text.includes(ca);
    const told = reports.latest('told');
    assert.deepEqual(
      [told.length, told.filter(({ text }) => hasCa(text)).length],
      [PODS, PODS],
      'the same pods, all new',
    );

    const untouched = await reports.until('untouched', PODS, hasCa);
    assert.equal(reports.latest('untouched').length, PODS, 'none was restarted');
    const published = await publishedTime(kubectl);
    t.diagnostic(`${requestId}: told ${seconds(told, published)}; untouched ${seconds(untouched, published)}`);
  }
});

/** The last write of the Secret, to the second, rounded down: what is measured from it is up to a second too long. */
async function publishedTime(kubectl: (args: readonly string[]) => Promise<string>): Promise<number> {
  const time = '--output=jsonpath={.metadata.managedFields[?(@.manager=="cloudsql-ssl-operator")].time}';
  return Date.parse(await kubectl(['get', 'secret', SECRET, '--show-managed-fields', time]));
}

const seconds = (reports: readonly Report[], since: number): string =>
  reports
    .map(({ time }) => (time - since) / 1000)
    .toSorted((a, b) => a - b)
    .map((value) => value.toFixed(2))
    .join(' ');
