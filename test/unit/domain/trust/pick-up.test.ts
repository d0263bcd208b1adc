import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations, INSTANCE_LABEL } from '../../../../src/domain/object.ts';
import type { Dependent } from '../../../../src/domain/trust/dependents.ts';
import {
  isInScope,
  type OtherObjects,
  type PickUp,
  pickUpOf,
  type RestartScope,
  restartScope,
} from '../../../../src/domain/trust/pick-up.ts';
import type { Workload } from '../../../../src/domain/trust/workload.ts';
import { aSpec, aWorkload } from '../../../support/fakes/builders.ts';

const PUBLISHED = 'Secret/ca';
const serverCa = { secretName: 'ca', key: 'server-ca.pem', contents: 'All' } as const;
const NOBODY: OtherObjects = { publishes: [], restarts: () => false };

interface Case {
  readonly pickUp?: 'Restart' | 'Reload';
  readonly word?: string;
  readonly workload?: Partial<Workload>;
  readonly others?: Partial<OtherObjects>;
  readonly all?: readonly Dependent[];
}

function pickUp({ pickUp: kind = 'Reload', word, workload, others, all = [] }: Case): PickUp {
  const own = word === undefined ? {} : { annotations: { [annotations.pickUp]: word } };
  const spec = aSpec({ serverCa, rollout: { pickUp: kind } });
  return pickUpOf(aWorkload({ refersTo: [PUBLISHED], ...own, ...workload }), all, {
    spec,
    others: { ...NOBODY, ...others },
  });
}

const reloaded: Readonly<Record<string, Case>> = {
  'its spec says so': {},
  'its own annotation says so, whatever the spec says': { pickUp: 'Restart', word: 'Reload' },
  'its own annotation says so, whatever another object says': { word: 'Reload', others: { restarts: () => true } },
  'only what is not published is taken by env': { workload: { takesOnce: ['Secret/another'] } },
};

const restarted: Readonly<Record<string, Case & { readonly note?: RegExp }>> = {
  'nobody says anything else': { pickUp: 'Restart' },
  'its own annotation says so, whatever the spec says': { word: 'Restart' },
  'its annotation is not understood, which is said': {
    word: 'reload',
    note: /pick-up: "reload" is not understood, so it is restarted: set it to "Restart" or "Reload"/,
  },
  'its annotation is empty, which is said': { word: '', note: /is not understood/ },
  'another object restarts it, which is said': { others: { restarts: () => true }, note: /Another object/ },
  'it takes what is published by env or subPath, which is said': {
    word: 'Reload',
    workload: { takesOnce: [PUBLISHED] },
    note: /It takes Secret\/ca by env or subPath, which never changes in a running pod/,
  },
  'it takes what another object publishes by env or subPath': {
    workload: { takesOnce: ['ConfigMap/other'] },
    others: { publishes: ['ConfigMap/other'] },
    note: /It takes ConfigMap\/other/,
  },
  'it runs the pod template of another, which is said': {
    workload: { kind: 'Rollout', templateFrom: { kind: 'Deployment', name: 'base' } },
    note: /runs the pod template of Deployment base/,
  },
  'another runs its pod template, which is said': {
    all: [
      {
        kind: 'Rollout',
        name: 'r',
        wave: 0,
        workload: aWorkload({ kind: 'Rollout', name: 'r', templateFrom: { kind: 'Deployment', name: 'api' } }),
      },
    ],
    note: /Rollout r runs its pod template/,
  },
};

describe('how a workload picks up what is new', () => {
  for (const [why, given] of Object.entries(reloaded)) {
    test(`the pods of a workload stay where ${why}`, () => assert.deepEqual(pickUp(given), { kind: 'Reload' }));
  }
  for (const [why, { note, ...given }] of Object.entries(restarted)) {
    test(`a workload is restarted where ${why}`, () => {
      const found = pickUp(given);
      assert.equal(found.kind, 'Restart');
      if (note === undefined) assert.deepEqual(found, { kind: 'Restart' });
      else assert.match(found.kind === 'Restart' ? (found.note ?? '') : '', note);
    });
  }
});

describe('which workloads another object restarts', () => {
  const scopeOf = (rollout: Parameters<typeof aSpec>[0]): RestartScope => {
    const scope = restartScope(aSpec(rollout));
    assert.ok(scope !== undefined);
    return scope;
  };
  const owner = { instance: 'orders-db', publishes: [PUBLISHED] };
  const unlabelled = { labels: {} };

  test('an object that rolls nothing, or tells all pods, restarts none', () => {
    assert.equal(restartScope(aSpec({ rollout: { disabled: true } })), undefined);
    assert.equal(restartScope(aSpec({ rollout: { pickUp: 'Reload' } })), undefined);
  });
  test('an object restarts what carries the label of its instance, where it has no selector', () => {
    assert.equal(isInScope(scopeOf({}), owner, aWorkload()), true);
    assert.equal(isInScope(scopeOf({}), owner, aWorkload({ labels: { [INSTANCE_LABEL]: 'another' } })), false);
  });
  test('an object restarts what its selector selects, of its kinds', () => {
    const scope = scopeOf({ rollout: { selector: { matchLabels: { app: 'a' } } } });
    assert.equal(isInScope(scope, owner, aWorkload({ labels: { app: 'a' } })), true);
    assert.equal(isInScope(scope, owner, aWorkload()), false);
    assert.equal(isInScope(scope, owner, aWorkload({ kind: 'DaemonSet', labels: { app: 'a' } })), false);
  });
  test('an object restarts its targets, of whatever kind, and what refers to what it publishes', () => {
    const scope = scopeOf({ rollout: { targets: [{ kind: 'DaemonSet', name: 'd' }] } });
    assert.equal(isInScope(scope, owner, aWorkload({ kind: 'DaemonSet', name: 'd', ...unlabelled })), true);
    assert.equal(isInScope(scope, owner, aWorkload({ refersTo: [PUBLISHED], ...unlabelled })), true);
    const blind = scopeOf({ rollout: { referencing: false } });
    assert.equal(isInScope(blind, owner, aWorkload({ refersTo: [PUBLISHED], ...unlabelled })), false);
  });
});
