/** The first table of docs/gitops/README.md: what is done to Deployments that the operator has rolled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { templateAnnotationKey } from '../../../src/domain/trust/tls-material.ts';
import {
  deployment,
  INSTANCE,
  isReady,
  isReadyWith,
  type OperatorFixture,
  operatorFixture,
  PROJECT,
  reset,
} from '../../support/operator/fixture.ts';
import { annotationsOf, TOO_LARGE } from '../../support/operator/kinds.ts';
import { PATIENCE } from '../../support/patience.ts';
import { type Action, apply, applyForced, applyServerSide, recreate, replace, settled } from './drift.ts';

const KEY = templateAnnotationKey({ project: PROJECT, instance: INSTANCE });
const OLD = { [KEY]: 'old' };

interface Case {
  readonly act: Action;
  /** Annotations of the pod template in Git, at first and when it is synced again; absent: the field is not there. */
  readonly first?: object;
  readonly again?: object | null;
  /** Who makes it at first; default: client-side apply. */
  readonly make?: Action;
  readonly finds: 'the digest' | 'nothing' | 'the old digest';
  readonly rolls: boolean;
}

const kubectl =
  (...args: readonly string[]): Action =>
  (fixture, manifest) =>
    fixture.kubectl([...args, '-f', '-'], JSON.stringify(manifest));

const undo: Action = kubectl('rollout', 'undo');
const restart: Action = kubectl('rollout', 'restart');
const refused: Action = (fixture, manifest) =>
  assert.rejects(async () => await applyServerSide(fixture, manifest), /conflict with "cloudsql-ssl-operator"/);

const STAYS = { finds: 'the digest', rolls: false } as const;
const IS_LOST = { finds: 'nothing', rolls: true } as const;
const IS_OLD = { finds: 'the old digest', rolls: true } as const;
const OTHER = { team: 'orders' };

const CASES: Readonly<Record<string, Case>> = {
  'client-side apply': { act: apply, ...STAYS },
  'client-side apply of a template that has another annotation': { act: apply, first: OTHER, again: OTHER, ...STAYS },
  'client-side apply with annotations: {}': { act: apply, again: {}, ...STAYS },
  'client-side apply with annotations: null': { act: apply, again: null, ...IS_LOST },
  'client-side apply that takes the last annotation out of Git': { act: apply, first: OTHER, ...IS_LOST },
  'client-side apply that takes one of two annotations out of Git': {
    act: apply,
    first: { ...OTHER, tier: 'web' },
    again: OTHER,
    finds: 'the digest',
    rolls: true,
  },
  'server-side apply by another manager': { act: applyServerSide, ...STAYS },
  'server-side apply with force': { act: applyForced, ...STAYS },
  'server-side apply with force of what was made by it': { make: applyForced, act: applyForced, ...STAYS },
  'server-side apply with force, with annotations: {}': { act: applyForced, again: {}, ...STAYS },
  'server-side apply with force, with annotations: null': { act: applyForced, again: null, ...STAYS },
  'server-side apply that takes the last annotation out of Git': {
    make: applyForced,
    act: applyForced,
    first: OTHER,
    finds: 'the digest',
    rolls: true,
  },
  replace: { act: replace, ...IS_LOST },
  'rollout undo': { act: undo, ...IS_LOST },
  'rollout restart': { act: restart, finds: 'the digest', rolls: true },
  'delete and create': { act: recreate, ...IS_LOST },
  'client-side apply of an old digest that is in Git': { act: apply, first: OLD, again: OLD, ...IS_OLD },
  'server-side apply of an old digest that is in Git': {
    make: applyServerSide,
    act: refused,
    first: OLD,
    again: OLD,
    ...STAYS,
  },
  'server-side apply with force of an old digest that is in Git': {
    make: applyForced,
    act: applyForced,
    first: OLD,
    again: OLD,
    ...IS_OLD,
  },
};

const manifest = (name: string, annotations: object | null | undefined): object =>
  deployment(name, {
    spec: {
      template: {
        metadata: { labels: { app: name }, ...(annotations !== undefined && { annotations }) },
        spec: { containers: [{ name: 'app', image: 'app' }], terminationGracePeriodSeconds: 1 },
      },
    },
  });

const cases = Object.entries(CASES).map(([what, one], index) => ({ what, name: `app-${index}`, ...one }));

const template = ({ kubectl }: OperatorFixture, name: string): Promise<string> =>
  kubectl(['get', 'deployment', name, '-o', 'jsonpath={.spec.template}']);

test('what is done to a rolled Deployment resets nothing, is not fought, and is rolled over by the next generation', async (t) => {
  const fixture = await operatorFixture(t);
  const { until, resets } = fixture;
  for (const { name, make = apply, first } of cases) await make(fixture, manifest(name, first));
  await fixture.apply(reset({ requestId: '1' }));
  const { status } = await until('db', isReady);
  const digest = status.rollout?.revision ?? '';
  const values = { 'the digest': [digest], nothing: [], 'the old digest': ['old'] };

  for (const { what, name, act, again, finds, rolls } of cases) {
    await t.test(`${what}: finds ${finds}, and the pods ${rolls ? 'roll' : 'stay'}`, async () => {
      const before = await template(fixture, name);
      await act(fixture, manifest(name, again));
      assert.equal((await template(fixture, name)) !== before, rolls);
      assert.deepEqual(await annotationsOf(fixture, 'Deployment', name), values[finds]);
    });
  }

  await t.test('the operator leaves all of it as it is', async () => {
    await settled(fixture, 'db');
    for (const { what, name, finds } of cases) {
      assert.deepEqual(await annotationsOf(fixture, 'Deployment', name), values[finds], what);
    }
  });

  await t.test(
    'the next generation of the same request rolls those that lost the digest, without a reset',
    async () => {
      const before = await Promise.all(cases.map(({ name }) => template(fixture, name)));
      await fixture.apply(reset({ requestId: '1', deadlineSeconds: 600 }));
      await until('db', isReadyWith(2));
      for (const [index, { what, name, finds }] of cases.entries()) {
        assert.deepEqual(await annotationsOf(fixture, 'Deployment', name), [digest], what);
        assert.equal((await template(fixture, name)) === before[index], finds === 'the digest', what);
      }
      assert.equal(resets(), 1);
    },
  );
});

test('a Deployment that loses the digest while others still roll is rolled again', async (t) => {
  const fixture = await operatorFixture(t);
  await fixture.apply(manifest('app', undefined), deployment('slow', { pod: TOO_LARGE }));
  await fixture.apply(reset({ rollout: { timeoutSeconds: 600 } }));
  const isRolled = (name: string) => (db: Parameters<typeof isReady>[0]) =>
    db.status.rollout?.workloads?.some((row) => row.name === name && row.state === 'Rolled') === true;
  const { status } = await fixture.until('db', isRolled('app'));
  await replace(fixture, manifest('app', undefined));
  await fixture.kubectl([
    'wait',
    `--for=jsonpath={.spec.template.metadata.annotations.${KEY.replaceAll('.', '\\.')}}=${status.rollout?.revision}`,
    'deployment/app',
    PATIENCE,
  ]);
  assert.equal(fixture.resets(), 1);
});
