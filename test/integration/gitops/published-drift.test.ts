/** The third table of docs/gitops/README.md: what is done to the object that holds the published server CA. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  activeCa,
  deployment,
  hasReason,
  INSTANCE,
  isReady,
  isReadyWith,
  type OperatorFixture,
  operatorFixture,
  PROJECT,
} from '../../support/operator/fixture.ts';
import { annotationsOf } from '../../support/operator/kinds.ts';
import { type Action, apply, applyForced, applyServerSide, replace, settled } from './drift.ts';

const OLD = 'the CA of the time before the reset';
const DATA = { 'server-ca.pem': OLD };

type Finds = 'the CA' | 'the old one' | 'nothing';

interface Case {
  /** Before the reset it is in Git, handed over to the operator. */
  readonly make?: Action;
  readonly act: Action;
  readonly data?: object;
  readonly isHandedOver?: boolean;
  readonly finds: Finds;
  /** What the next generation of the same request finds; default: it publishes the CA. */
  readonly next?: 'a conflict';
}

const remove: Action = ({ kubectl }, manifest) => kubectl(['delete', '-f', '-'], JSON.stringify(manifest));
const refused: Action = (fixture, manifest) =>
  assert.rejects(async () => await applyServerSide(fixture, manifest), /conflict with "cloudsql-ssl-operator"/);

const CASES: Readonly<Record<string, Case>> = {
  delete: { act: remove, finds: 'nothing' },
  'client-side apply of one with other data': { act: apply, data: DATA, finds: 'the old one' },
  'client-side apply of one without data': { act: apply, finds: 'the CA' },
  'server-side apply of one with other data': { act: refused, data: DATA, finds: 'the CA' },
  'server-side apply of one with other data, with force': { act: applyForced, data: DATA, finds: 'the old one' },
  'server-side apply of one without data, with force': { act: applyForced, finds: 'the CA' },
  'replace by one that is not handed over': { act: replace, data: DATA, finds: 'the old one', next: 'a conflict' },
  'replace by one that is handed over': { act: replace, data: DATA, isHandedOver: true, finds: 'the old one' },
  'client-side apply of what was in Git before, with its data': {
    make: apply,
    act: apply,
    data: DATA,
    isHandedOver: true,
    finds: 'the old one',
  },
  'client-side apply of what was in Git before, without data': {
    make: apply,
    act: apply,
    isHandedOver: true,
    finds: 'the CA',
  },
  'server-side apply of what was in Git before, with its data': {
    make: applyServerSide,
    act: refused,
    data: DATA,
    isHandedOver: true,
    finds: 'the CA',
  },
  'server-side apply of what was in Git before, without data': {
    make: applyServerSide,
    act: applyServerSide,
    isHandedOver: true,
    finds: 'the CA',
  },
};

const cases = Object.entries(CASES).map(([what, one], index) => ({ what, name: `db-${index}`, ...one }));

const manifest = ({ name, data, isHandedOver }: (typeof cases)[number]): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(isHandedOver === true && { annotations: { 'cloudsql-ssl.dev/managed-by': name } }) },
  ...(data !== undefined && { data }),
});

const reset = (name: string, spec: object = {}): object => ({
  apiVersion: 'cloudsql-ssl.dev/v1alpha1',
  kind: 'CloudSqlSslReset',
  metadata: { name, labels: { 'argocd.argoproj.io/instance': 'app' } },
  spec: { project: PROJECT, instance: name, requestId: '1', serverCa: { configMapName: name }, ...spec },
});

async function found({ emulator, kubectl }: OperatorFixture, name: string): Promise<Finds | 'something else'> {
  const pem = await kubectl(['get', 'configmap', name, '--ignore-not-found', '-o', 'jsonpath={.data.server-ca\\.pem}']);
  if (pem === '') return 'nothing';
  if (pem === OLD) return 'the old one';
  const ca = emulator.instance(PROJECT, name).active?.authority.certificate.pem;
  return pem.trim() === ca?.trim() ? 'the CA' : 'something else';
}

test('what is done to the published CA resets nothing, is not fought, and is put right by the next generation', async (t) => {
  const instances = cases.map(({ name }) => ({ project: PROJECT, name }));
  const fixture = await operatorFixture(t, { emulator: { instances } });
  for (const one of cases) await one.make?.(fixture, manifest(one));
  await fixture.apply(...cases.map(({ name }) => reset(name)));

  for (const one of cases) {
    const { what, name, act, finds, next = 'the CA' } = one;
    await t.test(`${what}: finds ${finds}, and the next generation ${next}`, async () => {
      await fixture.until(name, isReady);
      assert.equal(await found(fixture, name), 'the CA');
      await act(fixture, manifest(one));
      await settled(fixture, name);
      assert.equal(await found(fixture, name), finds, 'it is left as it is');
      await fixture.apply(reset(name, { deadlineSeconds: 600 }));
      await fixture.until(name, next === 'the CA' ? isReadyWith(2) : hasReason('ObjectConflict'));
      assert.equal(await found(fixture, name), next === 'the CA' ? 'the CA' : finds);
      assert.equal(fixture.resets(name), 1);
    });
  }
});

test('a published object carries nothing by which a tool would take it for its own', async (t) => {
  const fixture = await operatorFixture(t);
  await fixture.apply(reset('db', { instance: INSTANCE }));
  await fixture.until('db', isReady);
  const { metadata }: { readonly metadata: Readonly<Record<string, unknown>> } = JSON.parse(
    await fixture.kubectl(['get', 'configmap', 'db', '-o', 'json']),
  );
  const { labels, annotations, ownerReferences } = metadata;
  assert.deepEqual(
    { labels, annotations, ownerReferences },
    {
      labels: { 'app.kubernetes.io/managed-by': 'cloudsql-ssl-operator' },
      annotations: { 'cloudsql-ssl.dev/managed-by': 'db' },
      ownerReferences: undefined,
    },
  );
});

test('an object that is deleted leaves the CA that it published and the workloads that it rolled', async (t) => {
  const fixture = await operatorFixture(t);
  await fixture.apply(deployment('app'), reset('db', { instance: INSTANCE }));
  const { status } = await fixture.until('db', isReady);
  await fixture.kubectl(['delete', 'sslreset', 'db', '--cascade=foreground']);
  const present = { preconditions: { serverCertificate: 'Missing' }, rollout: { disabled: true } };
  await fixture.apply(reset('other', { instance: INSTANCE, ...present }));
  await fixture.until('other', hasReason('AlreadyPresent'));
  assert.equal(
    (await fixture.kubectl(['get', 'configmap', 'db', '-o', 'jsonpath={.data.server-ca\\.pem}'])).trim(),
    activeCa(fixture).pem.trim(),
  );
  assert.deepEqual(await annotationsOf(fixture, 'Deployment', 'app'), [status.rollout?.revision]);
  assert.equal(fixture.resets(), 1);
});
