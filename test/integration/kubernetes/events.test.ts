import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EventsV1Api, type EventsV1Event } from '@kubernetes/client-node';
import { createEvents } from '../../../src/kubernetes/events.ts';
import type { EventNote } from '../../../src/reconcile/ports.ts';
import { apiProxy } from '../../support/kubernetes/api-proxy.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { present, silentLogger, testClient } from '../../support/kubernetes/test-client.ts';

async function prepared(t: TestContext) {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  const proxy = await apiProxy(t, cluster);
  const clock = { now: new Date('2026-01-02T03:04:05.678Z') };
  const logged: string[] = [];
  const logger = {
    ...silentLogger,
    debug: (message: string) => logged.push(`debug: ${message}`),
    warn: (message: string) => logged.push(`warn: ${message}`),
  };
  const client = testClient(t, proxy.kubeconfigPath);
  const events = createEvents(client, { logger, instance: 'pod-0', now: () => clock.now, flushMs: 60_000 });
  const note: EventNote = {
    type: 'Normal',
    reason: 'ResetAccepted',
    action: 'Reset',
    note: 'Cloud SQL has accepted the reset',
    regarding: { apiVersion: 'cloudsql-ssl.dev/v1alpha1', kind: 'CloudSqlSslReset', namespace, name: 'db', uid: 'u-1' },
  };
  const stored = async (): Promise<EventsV1Event[]> => {
    await events.flush();
    const { items } = await client.api(EventsV1Api).listNamespacedEvent({ namespace });
    return items.filter(({ reportingController }) => reportingController === 'cloudsql-ssl-operator');
  };
  const wait = (ms: number): void => {
    clock.now = new Date(clock.now.getTime() + ms);
  };
  return { cluster, namespace, proxy, events, note, stored, wait, logged };
}

test('an event says who, what, why and when', async (t) => {
  const { events, note, stored, namespace } = await prepared(t);
  const related = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web', uid: 'u-2' };
  events.publish({ ...note, related });
  const [event] = await stored();
  assert.equal(present(event).reportingInstance, 'pod-0');
  assert.equal(present(event).type, 'Normal');
  assert.equal(present(event).reason, 'ResetAccepted');
  assert.equal(present(event).action, 'Reset');
  assert.equal(present(event).note, note.note);
  assert.equal(present(event).regarding?.uid, 'u-1');
  assert.equal(present(event).related?.name, 'web');
  assert.equal(String(present(event).eventTime), '2026-01-02T03:04:05.678000Z');
});

test('an event that repeats within minutes is counted on the one that is there', async (t) => {
  const { events, note, stored, wait } = await prepared(t);
  for (let count = 0; count < 3; count += 1) {
    events.publish(note);
    await events.flush();
    wait(60_000);
  }
  const all = await stored();
  assert.equal(all.length, 1);
  assert.equal(all[0]?.series?.count, 3);
  assert.equal(String(all[0]?.series?.lastObservedTime), '2026-01-02T03:06:05.678000Z');
});

test('an event that repeats after a long time is a new one', async (t) => {
  const { events, note, stored, wait } = await prepared(t);
  events.publish(note);
  await events.flush();
  wait(10 * 60_000);
  events.publish(note);
  assert.equal((await stored()).length, 2);
});

test('events that differ in reason or note do not count on each other', async (t) => {
  const { events, note, stored } = await prepared(t);
  events.publish(note);
  events.publish({ ...note, note: 'another' });
  events.publish({ ...note, reason: 'ResetFinished' });
  assert.equal((await stored()).length, 3);
});

test('an event that was deleted meanwhile is written again', async (t) => {
  const { cluster, namespace, events, note, stored } = await prepared(t);
  events.publish(note);
  await events.flush();
  await cluster.kubectl(['delete', 'events.events.k8s.io', '--all', `--namespace=${namespace}`]);
  events.publish(note);
  assert.equal((await stored()).length, 1);
});

test('a note that is too long is cut', async (t) => {
  const { events, note, stored, logged } = await prepared(t);
  events.publish({ ...note, note: 'ü'.repeat(2000) });
  assert.equal((await stored()).length, 1);
  assert.deepEqual(logged, []);
});

test('a row of failures is one warning, and has no other effect', async (t) => {
  const { proxy, events, note, stored, logged } = await prepared(t);
  proxy.intercept((_request, response) => response.writeHead(500).end('{}').writableEnded);
  for (let count = 0; count < 3; count += 1) events.publish({ ...note, note: `${count}` });
  await events.flush();
  assert.deepEqual(logged, [
    'warn: an event could not be written',
    'debug: an event could not be written',
    'debug: an event could not be written',
  ]);
  proxy.intercept(undefined);
  events.publish(note);
  assert.equal((await stored()).length, 1);
});

test('events that pile up are dropped', async (t) => {
  const { proxy, events, note, logged } = await prepared(t);
  for (let count = 0; count < 300; count += 1) events.publish({ ...note, note: `${count}` });
  await events.flush();
  const written = proxy.requests.filter((request) => request.startsWith('POST'));
  assert.ok(written.length >= 200 && written.length < 210);
  assert.equal(logged.length, 300 - written.length);
});
