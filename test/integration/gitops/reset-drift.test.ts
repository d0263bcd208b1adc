/** The second table of docs/gitops/README.md: what is done to a CloudSqlSslReset that is Ready. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { hasReason, type OperatorFixture, operatorFixture, PROJECT, reset } from '../../support/operator/fixture.ts';
import {
  type Action,
  apply,
  applyForced,
  applyServerSide,
  recreate,
  replace,
  replaceForced,
  settled,
  wipeStatus,
} from './drift.ts';

type Outcome = 'no request' | 'a reset' | 'a request without a call' | 'refused';

interface Case {
  readonly act: Action;
  /** Besides project and instance: in Git at first, and when it is synced again; default: the same. */
  readonly first?: object;
  readonly again?: object;
  readonly make?: Action;
  readonly isGuarded?: true;
  readonly asks: Outcome;
}

const ID = { requestId: '1' };
const NONE = { asks: 'no request' } as const;
const RESET = { asks: 'a reset' } as const;

/** What `kubectl get -o yaml` gives, applied as it is. */
const applyExported: Action = async ({ kubectl }, manifest) => {
  const exported = await kubectl(['get', '-f', '-', '-o', 'json'], JSON.stringify(manifest));
  const { metadata, ...rest }: { readonly metadata: object } = JSON.parse(exported);
  const { resourceVersion: _, ...withoutVersion }: { readonly resourceVersion?: string } = metadata;
  await kubectl(['apply', '-f', '-'], JSON.stringify({ ...rest, metadata: withoutVersion }));
};

const annotate: Action = async ({ kubectl }, manifest) => {
  await kubectl(['annotate', '-f', '-', 'example.com/note=1'], JSON.stringify(manifest));
  await kubectl(['label', '-f', '-', 'argocd.argoproj.io/instance=app'], JSON.stringify(manifest));
};

const DEFAULTS = {
  mode: 'All',
  deadlineSeconds: 3600,
  acceptClientCertificateLoss: false,
  rollout: { kinds: ['Deployment'], onFailure: 'Continue', timeoutSeconds: 600 },
};

const refused = (act: Action, because: RegExp): Action => {
  return (fixture, manifest) => assert.rejects(async () => await act(fixture, manifest), because);
};

const CASES: Readonly<Record<string, Case>> = {
  'client-side apply of the same manifest': { act: apply, ...NONE },
  'server-side apply of the same by another manager': { act: applyServerSide, ...NONE },
  'server-side apply of the same with force': { act: applyForced, ...NONE },
  'replace with the same manifest': { act: replace, ...NONE },
  'apply of what was exported, with its status': { act: applyExported, ...NONE },
  'an annotation and a label': { act: annotate, ...NONE },
  'apply of a manifest that writes the defaults out': { act: apply, again: DEFAULTS, ...NONE },
  'apply of another spec': { act: apply, again: { deadlineSeconds: 600 }, ...RESET },
  'apply of another spec with the same requestId': {
    act: apply,
    first: ID,
    again: { ...ID, deadlineSeconds: 600 },
    asks: 'a request without a call',
  },
  'apply of another requestId': { act: apply, first: ID, again: { requestId: '2' }, ...RESET },
  'apply of a manifest without the requestId': {
    act: refused(apply, /requestId/),
    first: ID,
    again: {},
    asks: 'refused',
  },
  'replace with a manifest without the requestId': {
    act: refused(replace, /requestId/),
    first: ID,
    again: {},
    asks: 'refused',
  },
  'server-side apply by another manager without the requestId': { act: applyServerSide, first: ID, again: {}, ...NONE },
  'delete and create': { act: recreate, first: ID, ...RESET },
  'delete and create with a precondition': {
    act: recreate,
    first: ID,
    isGuarded: true,
    asks: 'a request without a call',
  },
  'replace --force': { act: replaceForced, first: ID, ...RESET },
  'replace --force with a precondition': {
    act: replaceForced,
    first: ID,
    isGuarded: true,
    asks: 'a request without a call',
  },
  'a status that is wiped': { act: wipeStatus, first: ID, ...RESET },
  'a status that is wiped, with a precondition': {
    act: wipeStatus,
    first: ID,
    isGuarded: true,
    asks: 'a request without a call',
  },
};

const cases = Object.entries(CASES).map(([what, one], index) => ({ what, name: `db-${index}`, ...one }));

const isReady = ({ status }: SslReset): boolean => findCondition(status.conditions, 'Ready')?.status === 'True';

/** A request that was received once more, or another object: what its act left. */
const isReceivedAnew =
  (before: SslReset) =>
  (now: SslReset): boolean =>
    isReady(now) &&
    now.status.observedGeneration === now.metadata.generation &&
    (now.metadata.uid !== before.metadata.uid ||
      now.metadata.generation !== before.metadata.generation ||
      now.status.request?.receivedTime !== before.status.request?.receivedTime);

function manifests(
  { emulator }: OperatorFixture,
  { name, first = {}, again = first, isGuarded }: (typeof cases)[number],
) {
  const fingerprint = emulator.instance(PROJECT, name).active?.authority.certificate.sha1Fingerprint;
  const guard = isGuarded && { preconditions: { serverCaSha1Fingerprint: fingerprint } };
  const manifest = (spec: object): object => ({
    apiVersion: 'cloudsql-ssl.dev/v1alpha1',
    kind: 'CloudSqlSslReset',
    metadata: { name },
    spec: { project: PROJECT, instance: name, ...guard, ...spec },
  });
  return { first: manifest(first), again: manifest(again) };
}

test('what is done to an object that is Ready asks for a reset only where the docs say so', async (t) => {
  const instances = cases.map(({ name }) => ({ project: PROJECT, name }));
  // All of them are reset within the hour, which is what the limit is against.
  const fixture = await operatorFixture(t, { emulator: { instances }, flags: ['--max-resets-per-hour=0'] });
  const calls = (instance: string): number =>
    fixture.emulator.journal.entries({ api: 'resetSslConfig', instance }).length;
  const made = cases.map((one) => ({ ...one, manifests: manifests(fixture, one) }));
  await Promise.all(made.map(({ make = apply, manifests: { first } }) => make(fixture, first)));

  for (const {
    what,
    name,
    act,
    asks,
    manifests: { again },
  } of made) {
    await t.test(`${what}: ${asks}`, async () => {
      const before = await fixture.until(name, isReady);
      assert.equal(calls(name), 1);
      await act(fixture, again);
      const isAsked = asks === 'a reset' || asks === 'a request without a call';
      if (isAsked) await fixture.until(name, isReceivedAnew(before));
      await settled(fixture, name);
      assert.equal(calls(name), asks === 'a reset' ? 2 : 1);
      const { metadata, status } = await fixture.until(name, isReady);
      if (!isAsked) {
        assert.equal(metadata.generation, 1);
        assert.deepEqual(status.history, before.status.history);
      }
    });
  }
});

test('what puts an executed requestId back publishes and rolls, and asks for no reset', async (t) => {
  const fixture = await operatorFixture(t);
  const ends = async (act: Action, requestId: string, reason: string): Promise<void> => {
    await act(fixture, reset({ requestId }));
    await fixture.until('db', (one) => hasReason(reason)(one) && one.spec.requestId === requestId);
  };
  await ends(apply, '1', 'Complete');
  await ends(apply, '2', 'Complete');
  await ends(apply, '1', 'AlreadyExecuted');
  await ends(applyForced, '2', 'AlreadyExecuted');
  await ends(replace, '1', 'AlreadyExecuted');
  assert.equal(fixture.resets(), 2);
});
