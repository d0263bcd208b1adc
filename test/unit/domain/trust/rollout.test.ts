import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../../src/domain/object.ts';
import type { Spec } from '../../../../src/domain/reset/ssl-reset.ts';
import { dependents } from '../../../../src/domain/trust/dependents.ts';
import type { RolloutStatus } from '../../../../src/domain/trust/distribution.ts';
import { rolloutSelector } from '../../../../src/domain/trust/label-selector.ts';
import { planRoll, type RollPlan, withStarts } from '../../../../src/domain/trust/rollout.ts';
import { rolloutStatus } from '../../../../src/domain/trust/rollout-status.ts';
import type { Workload } from '../../../../src/domain/trust/workload.ts';
import { aPod, aSpec, at, aWorkload, NOW } from '../../../support/fakes/builders.ts';

const KEY = 'tls.cloudsql-ssl.dev/key';
const carrying = { templateAnnotations: { [KEY]: 'new' } };
const rolling = { ...carrying, status: { updatedReplicas: 1 } };
const failed = { ...carrying, status: { progressingReason: 'ProgressDeadlineExceeded' } };
const inWave = (wave: number) => ({ annotations: { [annotations.wave]: String(wave) } });

type Rollout = Partial<Spec['rollout']>;

const plan = (
  workloads: readonly Workload[],
  rollout: Rollout = {},
  before?: RolloutStatus,
  now: string = NOW,
): RollPlan => {
  const spec = aSpec({ rollout });
  return planRoll(dependents(spec, rolloutSelector(spec), workloads), {
    annotations: { [KEY]: 'new' },
    rollout: spec.rollout,
    before,
    now,
  });
};
const started = ({ start }: RollPlan): readonly string[] => start.map(({ name }) => name);
const states = ({ workloads }: RollPlan): readonly string[] => workloads.map(({ name, state }) => `${name} ${state}`);

describe('the plan', () => {
  test('nothing depends on the instance: settled at once', () => assert.equal(plan([]).isSettled, true));
  test('the plan starts what does not carry the revision', () => {
    const first = plan([aWorkload(), aWorkload({ name: 'b', templateAnnotations: { [KEY]: 'old' } })]);
    assert.deepEqual(started(first), ['api', 'b']);
    assert.equal(first.isSettled, false);
  });
  test('the plan never touches what carries the revision and is healthy', () => {
    const settled = plan([aWorkload(carrying)]);
    assert.deepEqual([started(settled), states(settled), settled.isSettled], [[], ['api Rolled'], true]);
  });
  test('the plan starts no more than maxConcurrent less those that roll', () =>
    assert.deepEqual(
      started(
        plan([aWorkload({ name: 'a', ...rolling }), aWorkload({ name: 'b' }), aWorkload({ name: 'c' })], {
          maxConcurrent: 2,
        }),
      ),
      ['b'],
    ));
  test('the plan starts all whose pods are told at once, and they take no room from those that restart', () => {
    const told = { reload: { untold: [aPod({ name: 'p' })] } };
    const waiting = { reload: { untold: [], toldTime: NOW } };
    const workloads = [
      aWorkload({ name: 'a', ...rolling }),
      aWorkload({ name: 'b', ...told }),
      aWorkload({ name: 'c', ...told }),
      aWorkload({ name: 'd' }),
      aWorkload({ name: 'e' }),
      aWorkload({ name: 'f', ...waiting }),
    ];
    assert.deepEqual(started(plan(workloads, { maxConcurrent: 2 })), ['b', 'c', 'd']);
  });
  test('the plan starts a wave only when the one before is settled', () => {
    const second = aWorkload({ name: 'b', ...inWave(1) });
    assert.deepEqual(started(plan([aWorkload(rolling), second])), []);
    assert.deepEqual(started(plan([aWorkload(carrying), second])), ['b']);
    assert.deepEqual(started(plan([aWorkload(failed), second])), ['b'], 'a failed one is settled');
  });
  test('Continue starts the others after one failed, and settles with the failure', () => {
    assert.deepEqual(started(plan([aWorkload(failed), aWorkload({ name: 'b' })])), ['b']);
    assert.equal(plan([aWorkload(failed), aWorkload({ name: 'b', ...carrying })]).isSettled, true);
  });
  test('Stop starts nothing after one failed, and waits for those that roll', () => {
    const others = [aWorkload({ name: 'b' }), aWorkload({ name: 'p', paused: true })];
    assert.deepEqual(started(plan([aWorkload(failed), ...others], { onFailure: 'Stop' })), []);
    assert.equal(plan([aWorkload(failed), ...others], { onFailure: 'Stop' }).isSettled, true);
    assert.equal(
      plan([aWorkload(failed), aWorkload({ name: 'b', ...rolling })], { onFailure: 'Stop' }).isSettled,
      false,
    );
  });
  test('the plan skips what opted out', () => {
    const settled = plan([aWorkload({ annotations: { [annotations.rollout]: 'disabled' } })]);
    assert.deepEqual([started(settled), states(settled), settled.isSettled], [[], ['api Skipped'], true]);
  });
  for (const value of ['Disabled', 'DISABLED', 'disabled ', 'false', 'off', 'enabled', 'true', '']) {
    const unclear = { annotations: { [annotations.rollout]: value } };
    const named = new RegExp(`cloudsql-ssl\\.dev/rollout: ${JSON.stringify(value.trim())} is not understood`);
    test(`an annotation rollout: ${JSON.stringify(value)} is not understood: it rolls nothing, and a person is asked`, () => {
      const settled = plan([aWorkload(unclear), aWorkload({ name: 'p', paused: true, ...unclear })]);
      assert.deepEqual([started(settled), settled.isSettled], [[], true]);
      for (const { state, message = '' } of settled.workloads) {
        assert.equal(state, 'ManualActionRequired');
        assert.match(message, named);
        assert.match(message, /kubectl -n orders rollout restart deployment\/(api|p)$/);
      }
    });
  }
  test('what carries the revision is judged by its health, whatever its annotation says', () =>
    assert.deepEqual(states(plan([aWorkload({ ...carrying, annotations: { [annotations.rollout]: 'on' } })])), [
      'api Rolled',
    ]));
  test('a row says of a wave that it is not understood, once, however the workload fares', () => {
    const unclear = { annotations: { [annotations.wave]: 'first' } };
    let before: RolloutStatus | undefined;
    for (const parts of [{}, rolling, failed, carrying, {}]) {
      const { workloads } = plan([aWorkload({ ...parts, ...unclear })], {}, before);
      assert.equal(workloads[0]?.message?.match(/wave: "first" is not understood/g)?.length, 1);
      before = rolloutStatus('new', workloads);
    }
    const refused = [{ kind: 'Deployment', name: 'api', wave: 0, state: 'Failed', message: 'no' }];
    const first = plan([aWorkload(unclear)], {}, rolloutStatus('new', refused));
    const second = plan([aWorkload(unclear)], {}, rolloutStatus('new', first.workloads));
    assert.match(first.workloads[0]?.message ?? '', /^no\. The annotation/);
    assert.deepEqual(second.workloads, first.workloads);
  });
  test('the plan annotates a paused one once, and waits for none', () => {
    const first = plan([aWorkload({ paused: true })]);
    assert.deepEqual([started(first), states(first)], [['api'], ['api Skipped']]);
    const settled = plan([aWorkload({ paused: true, ...carrying })]);
    assert.deepEqual([started(settled), states(settled), settled.isSettled], [[], ['api Skipped'], true]);
  });
  test('the plan annotates a paused one of a later wave not before its turn', () => {
    const paused = aWorkload({ name: 'p', paused: true, ...inWave(1) });
    assert.deepEqual(started(plan([aWorkload(), paused])), ['api']);
    assert.deepEqual(started(plan([aWorkload(carrying), paused])), ['p']);
  });
  test('a target that does not exist fails without being started', () => {
    const settled = plan([], { targets: [{ kind: 'Deployment', name: 'gone' }] });
    assert.deepEqual([started(settled), states(settled), settled.isSettled], [[], ['gone Missing'], true]);
  });
  test('zero replicas are rolled', () =>
    assert.deepEqual(states(plan([aWorkload({ desiredReplicas: 0, ...carrying })])), ['api Rolled']));
  test('what was refused stays failed and is not tried again', () => {
    const before = rolloutStatus('new', [{ kind: 'Deployment', name: 'api', wave: 0, state: 'Failed', message: 'no' }]);
    assert.deepEqual(started(plan([aWorkload()], {}, before)), []);
  });
  test('what failed and came back is rolled', () => {
    const before = rolloutStatus('new', [{ kind: 'Deployment', name: 'api', wave: 0, state: 'Failed' }]);
    assert.deepEqual(states(plan([aWorkload(carrying)], {}, before)), ['api Rolled']);
  });
  test('the timeout runs from the recorded start, so that a restart does not prolong it', () => {
    const first = plan([aWorkload(rolling)]);
    const recorded = rolloutStatus('new', first.workloads);
    assert.equal(first.workloads[0]?.startTime, NOW);
    assert.deepEqual(states(plan([aWorkload(rolling)], {}, recorded, at(599))), ['api Rolling']);
    assert.deepEqual(states(plan([aWorkload(rolling)], {}, recorded, at(600))), ['api Failed']);
  });
});

describe('what is left to a person', () => {
  const untouched = { updatedReplicas: 0 };
  const onDelete = aWorkload({ kind: 'StatefulSet', strategy: { kind: 'OnDelete' }, ...carrying, status: untouched });
  const partitioned = aWorkload({
    kind: 'StatefulSet',
    strategy: { kind: 'Rolling', partition: 2 },
    ...carrying,
    status: untouched,
  });
  for (const workload of [onDelete, partitioned])
    test(`${workload.strategy.kind}: annotated, and neither waited for nor a failure`, () => {
      assert.deepEqual(started(plan([{ ...workload, templateAnnotations: {} }])), ['api']);
      const settled = plan([workload], { onFailure: 'Stop' });
      assert.deepEqual([states(settled), settled.isSettled], [['api ManualActionRequired'], true]);
    });
  test('a later wave does not wait for it', () => {
    assert.deepEqual(started(plan([onDelete, aWorkload({ name: 'b', ...inWave(1) })])), ['b']);
  });
});

describe('a workload that somebody paused', () => {
  const row = (state: string) =>
    rolloutStatus('new', [{ kind: 'Deployment', name: 'api', wave: 0, state, startTime: NOW }]);
  const halfway = aWorkload({ ...carrying, paused: true, status: { updatedReplicas: 1 } });
  const untouched = aWorkload({ ...carrying, paused: true, status: { updatedReplicas: 0 } });
  const messageOf = ({ workloads }: RollPlan): string => workloads[0]?.message ?? '';
  for (const state of ['Rolling', 'Failed', 'ManualActionRequired', 'Rolled'])
    test(`a workload that somebody paused in the middle of its roll, ${state} before: is handed to a person with the command that resumes it, and never counts as rolled or skipped`, () => {
      const held = plan([halfway], {}, row(state), at(5));
      assert.deepEqual([states(held), held.isSettled, held.paused], [['api ManualActionRequired'], true, 1]);
      assert.match(messageOf(held), /1 of 2 replicas are updated.*kubectl -n orders rollout resume deployment\/api/);
    });
  test('a workload that somebody paused in the middle of its roll, before any of its new pods is there: is handed to a person', () =>
    assert.deepEqual(states(plan([untouched], {}, row('Rolling'), at(5))), ['api ManualActionRequired']));
  test('a workload that somebody paused in the middle of its roll, which nobody remembers: its new pods tell', () =>
    assert.deepEqual(states(plan([halfway])), ['api ManualActionRequired']));
  test('before its roll: is skipped with the command that resumes it, and counted as paused', () => {
    for (const before of [undefined, row('Skipped')]) {
      const held = plan([untouched], {}, before, at(5));
      assert.deepEqual([states(held), held.isSettled, held.paused], [['api Skipped'], true, 1]);
      assert.match(messageOf(held), /kubectl -n orders rollout resume deployment\/api/);
    }
  });
  test('before its roll, whose controller has not counted its pods since: is skipped', () => {
    const unseen = aWorkload({ ...carrying, paused: true, generation: 2, status: { observedGeneration: 1 } });
    assert.deepEqual(states(plan([unseen], {}, row('Skipped'), at(5))), ['api Skipped']);
  });
  test('after all its pods were replaced: is rolled', () => {
    const rolled = plan([aWorkload({ ...carrying, paused: true })], {}, row('Rolling'), at(5));
    assert.deepEqual([states(rolled), rolled.paused], [['api Rolled'], 0]);
  });
  test('a workload that somebody paused and opted out: is not counted as paused', () =>
    assert.equal(plan([aWorkload({ paused: true, annotations: { [annotations.rollout]: 'disabled' } })]).paused, 0));
  test('a workload that somebody paused has the whole of its time when it is resumed', () =>
    assert.deepEqual(
      plan([aWorkload(rolling)], {}, row('ManualActionRequired'), at(5000)).workloads.map(({ startTime }) => startTime),
      [at(5000)],
    ));
  test('a workload that somebody paused that is an Argo Rollout: is resumed by its own tool', () => {
    const argo = { phase: 'Paused', message: '', awaitsPromotion: false, observedTemplateGeneration: 0 };
    const held = plan([{ ...halfway, kind: 'Rollout', status: { ...halfway.status, argo } }]);
    assert.match(messageOf(held), /kubectl argo rollouts promote api -n orders/);
  });
});

describe('a workload with an owner', () => {
  const owned = { owner: { kind: 'Prometheus', name: 'main' } };
  const annotated = rolloutStatus('new', [
    { kind: 'Deployment', name: 'api', wave: 0, state: 'Rolling', startTime: NOW },
  ]);
  test('a workload with an owner is annotated as any other', () =>
    assert.deepEqual(started(plan([aWorkload(owned)])), ['api']));
  test('a workload with an owner is not annotated again when its owner put the template back, and that is said', () => {
    const settled = plan([aWorkload(owned)], {}, annotated);
    assert.deepEqual([started(settled), states(settled), settled.isSettled], [[], ['api ManualActionRequired'], true]);
    assert.match(
      settled.workloads[0]?.message ?? '',
      /Prometheus main .*tls\.cloudsql-ssl\.dev\/key: "new".*kubectl -n orders delete pod -l 'app=api'/,
    );
    const later = plan([aWorkload(owned)], {}, rolloutStatus('new', settled.workloads), at(3000));
    assert.deepEqual([started(later), states(later)], [[], ['api ManualActionRequired']]);
  });
  test('a workload with an owner is annotated again for another revision', () =>
    assert.deepEqual(started(plan([aWorkload(owned)], {}, { revision: 'newer' })), ['api']));
  test('a workload with an owner is rolled when its owner took the annotation over', () =>
    assert.deepEqual(states(plan([aWorkload({ ...owned, ...carrying })], {}, annotated)), ['api Rolled']));
  test('a workload with an owner: without one it is annotated again: somebody replaced it', () =>
    assert.deepEqual(started(plan([aWorkload()], {}, annotated)), ['api']));
  test('a workload with an owner names the field manager that wrote its pod template', () => {
    const settled = plan([aWorkload({ ...owned, templateManager: 'prometheus-operator' })], {}, annotated);
    assert.match(settled.workloads[0]?.message ?? '', /Prometheus main .*field manager prometheus-operator/);
  });
});

describe('a workload without an owner whose pod template is put back each time', () => {
  const put = aWorkload({ templateManager: 'a-loop' });
  /** Passes until nothing is annotated any more. */
  function rounds(workload: Workload) {
    let before: RolloutStatus | undefined;
    for (let n = 0; n < 20; n += 1) {
      const first = plan([workload], {}, before, at(n));
      if (first.start.length === 0) return { n, last: first };
      const now = plan([{ ...workload, ...carrying }], {}, { workloads: first.workloads }, at(n));
      before = rolloutStatus('new', withStarts(now.workloads, first.start, at(n)));
    }
    return assert.fail('it is fought without an end');
  }
  for (const [what, workload] of [
    ['running', put],
    ['paused', { ...put, paused: true }],
    ['one that rolls slowly', { ...put, status: { ...put.status, updatedReplicas: 0 } }],
  ] as const)
    test(`${what}: is annotated three times and handed to a person, with how often and by which field manager`, () => {
      const { n, last } = rounds(workload);
      assert.deepEqual([n, states(last), last.isSettled], [3, ['api ManualActionRequired'], true]);
      assert.match(
        last.workloads[0]?.message ?? '',
        /put back 3 times, apparently by the field manager a-loop;.*key: "new".*kubectl -n orders delete pod -l 'app=api'/,
      );
      const later = plan([workload], {}, rolloutStatus('new', last.workloads), at(3000));
      assert.deepEqual([started(later), states(later)], [[], ['api ManualActionRequired']]);
    });
  test('a workload without an owner whose pod template is put back each time is handed to a person also where nobody knows who does it', () => {
    const { last } = rounds(aWorkload());
    assert.match(
      last.workloads[0]?.message ?? '',
      /put back 3 times; the operator does not fight it\. Have its author set/,
    );
  });
  test('a workload without an owner whose pod template is put back each time has the whole of its time in each round', () => {
    const row = { kind: 'Deployment', name: 'api', wave: 0, state: 'Pending', startTime: NOW, reverts: 1 };
    const [again] = withStarts([row], [aWorkload()], at(590));
    assert.equal(again?.startTime, at(590));
  });
  test('a workload without an owner whose pod template is put back each time is counted once for each time, however long it waits for its turn', () => {
    const before = rolloutStatus('new', [
      { kind: 'Deployment', name: 'api', wave: 0, state: 'Pending', startTime: NOW, reverts: 2 },
    ]);
    assert.equal(plan([put], {}, before, at(99)).workloads[0]?.reverts, 2);
  });
});

test('one that was put back and cannot be changed now is waited for, and tried again when its time has come', () => {
  const row = { kind: 'Deployment', name: 'api', wave: 0, state: 'Pending', startTime: NOW, reverts: 1, failures: 1 };
  const before = rolloutStatus('new', [{ ...row, message: 'no', retryTime: at(9) }]);
  const waits = plan([aWorkload()], {}, before, at(5));
  assert.deepEqual([started(waits), states(waits), waits.isSettled], [[], ['api Pending'], false]);
  assert.deepEqual(started(plan([aWorkload()], {}, before, at(9))), ['api']);
});

describe('more workloads than status can remember', () => {
  const names = Array.from({ length: 130 }, (_, n) => `w${String(n).padStart(3, '0')}`);
  const put = (name: string) => ({
    kind: 'Deployment',
    name,
    wave: 0,
    state: 'ManualActionRequired',
    reverts: 3,
    startTime: NOW,
  });
  const all = names.map((name) => aWorkload({ name }));
  test('more workloads than status can remember begin no more than can be remembered', () => {
    const before = rolloutStatus('new', [
      ...names.slice(0, 95).map(put),
      ...names.slice(95).map((name) => ({ kind: 'Deployment', name, wave: 0, state: 'Pending' })),
    ]);
    assert.equal(plan(all, {}, before).start.length, 5);
  });
  test('more workloads than status can remember are left to a person where as many as can be remembered did not come through', () => {
    const before = rolloutStatus('new', [
      ...names.slice(0, 100).map(put),
      ...names.slice(100).map((name) => ({ kind: 'Deployment', name, wave: 0, state: 'Pending' })),
    ]);
    const settled = plan(all, {}, before);
    assert.deepEqual([started(settled), settled.isSettled], [[], true]);
    assert.ok(settled.workloads.every(({ state }) => state === 'ManualActionRequired'));
    assert.match(settled.workloads[129]?.message ?? '', /Not begun: 100 others/);
  });
  test('more workloads than status can remember are begun while those that were begun have come through', () => {
    const before = rolloutStatus(
      'new',
      names.slice(0, 120).map((name) => ({ ...put(name), state: 'Rolled', reverts: 0 })),
    );
    const some = all.map((workload, n) => (n < 120 ? { ...workload, ...carrying } : workload));
    assert.equal(plan(some, {}, before).start.length, 10);
  });
  test('more workloads than status can remember are listed by need: what was put back, then those that began last', () => {
    const rows = names.map((name, n) => ({ kind: 'Deployment', name, wave: 0, state: 'Rolled', startTime: at(n) }));
    const [first, ...others] = rows;
    assert.ok(first);
    const { workloads = [] } = rolloutStatus('new', [{ ...first, reverts: 1 }, ...others]);
    assert.deepEqual(
      workloads.map(({ name }) => name),
      ['w000', ...names.slice(31).toReversed()],
    );
  });
});

describe('a Rollout that runs the pod template of a Deployment', () => {
  const argo = { phase: 'Healthy', message: '', awaitsPromotion: false, observedTemplateGeneration: 1 };
  const rollout = aWorkload({
    kind: 'Rollout',
    name: 'canary',
    templateFrom: { kind: 'Deployment', name: 'api' },
    status: { argo },
  });
  test('a Rollout that runs the pod template of a Deployment is never written, and is left to a person where the Deployment is not rolled', () => {
    const settled = plan([rollout]);
    assert.deepEqual([started(settled), states(settled)], [[], ['canary ManualActionRequired']]);
    assert.match(settled.workloads[0]?.message ?? '', /Deployment api, which is not among the workloads/);
  });
  test('a Rollout that runs the pod template of a Deployment waits for the Deployment in its wave', () => {
    const first = plan([rollout, aWorkload({ desiredReplicas: 0, ...inWave(1) })]);
    assert.deepEqual([started(first), states(first)], [['api'], ['api Pending', 'canary Pending']]);
  });
  test('a Rollout that runs the pod template of a Deployment rolls with the Deployment, and not before its controller has seen that', () => {
    const api = aWorkload({ desiredReplicas: 0, generation: 2, ...carrying });
    assert.deepEqual(states(plan([rollout, api])), ['api Rolled', 'canary Rolling']);
    const seen = { ...rollout, status: { ...rollout.status, argo: { ...argo, observedTemplateGeneration: 2 } } };
    assert.deepEqual(states(plan([seen, api])), ['api Rolled', 'canary Rolled']);
  });
  test('a Rollout that runs the pod template of a Deployment is left to a person where the Deployment opted out or was refused', () => {
    const out = aWorkload({ annotations: { [annotations.rollout]: 'disabled' } });
    assert.deepEqual(states(plan([rollout, out])), ['api Skipped', 'canary ManualActionRequired']);
    const refused = rolloutStatus('new', [{ kind: 'Deployment', name: 'api', wave: 0, state: 'Failed' }]);
    assert.deepEqual(states(plan([rollout, aWorkload()], {}, refused)), ['api Failed', 'canary ManualActionRequired']);
  });
});

describe('the time that a workload has', () => {
  const row = (state: string) =>
    rolloutStatus('new', [{ kind: 'Deployment', name: 'api', wave: 0, state, startTime: NOW }]);
  for (const state of ['Rolled', 'Skipped', 'ManualActionRequired'])
    test(`the time that a workload has begins again for one that was ${state}: an autoscaler or a person set it going`, () =>
      assert.deepEqual(
        plan([aWorkload(rolling)], {}, row(state), at(5000)).workloads.map(({ startTime }) => startTime),
        [at(5000)],
      ));
  test('the time that a workload has does not begin again for one that failed', () =>
    assert.deepEqual(states(plan([aWorkload(rolling)], {}, row('Failed'), at(5000))), ['api Failed']));
});

describe('the status of a roll', () => {
  const rows = (count: number, state: string) =>
    Array.from({ length: count }, (_, n) => ({ kind: 'Deployment', name: `${state}-${n}`, wave: 0, state }));

  test('the status of a roll counts every state', () => {
    const {
      summary,
      total,
      rolled,
      failed: failures,
      skipped,
    } = rolloutStatus('r', [
      ...rows(3, 'Rolled'),
      ...rows(1, 'Failed'),
      ...rows(1, 'Missing'),
      ...rows(2, 'Skipped'),
      ...rows(1, 'Pending'),
    ]);
    assert.deepEqual(
      { summary, total, rolled, failures, skipped },
      { summary: '3/8', total: 8, rolled: 3, failures: 2, skipped: 2 },
    );
  });
  test('the status of a roll counts exactly and lists at most 100, those that roll and failed first', () => {
    const {
      total,
      rolled,
      failed: failures,
      workloads = [],
    } = rolloutStatus('r', [...rows(120, 'Rolled'), ...rows(2, 'Failed'), ...rows(1, 'Rolling')]);
    assert.deepEqual([total, rolled, failures, workloads.length], [123, 120, 2, 100]);
    assert.deepEqual(
      workloads.slice(0, 4).map(({ name }) => name),
      ['Rolling-0', 'Failed-0', 'Failed-1', 'Rolled-0'],
    );
  });
  test('the status of a roll keeps since when those roll that the operator started, however many failed before them', () => {
    const since = (row: ReturnType<typeof rows>[number]) => ({ ...row, startTime: NOW });
    const { workloads = [] } = rolloutStatus('r', [...rows(99, 'Failed'), ...rows(100, 'Rolling').map(since)]);
    assert.equal(workloads.filter(({ state, startTime }) => state === 'Rolling' && startTime === NOW).length, 100);
  });
  test('the status of a roll keeps those that were annotated before those that were not', () => {
    const annotated = rows(1, 'Skipped').map((row) => ({ ...row, startTime: NOW }));
    const { workloads = [] } = rolloutStatus('r', [...rows(120, 'Pending'), ...annotated]);
    assert.equal(workloads[0]?.name, 'Skipped-0');
  });
});

test('as many failures as status can remember end the roll, or a refused one would be tried without an end', () => {
  const names = Array.from({ length: 101 }, (_, n) => `w${n}`);
  const before = rolloutStatus(
    'new',
    names.slice(0, 100).map((name) => ({ kind: 'Deployment', name, wave: 0, state: 'Failed' })),
  );
  const settled = plan(
    names.map((name) => aWorkload({ name })),
    {},
    before,
  );
  assert.deepEqual([started(settled), settled.isSettled], [[], true]);
});
