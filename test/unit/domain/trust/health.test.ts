import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { health } from '../../../../src/domain/trust/health.ts';
import { aWorkload } from '../../../support/fakes/builders.ts';

type Row = readonly [string, Parameters<typeof aWorkload>[0], string];

function judges(rows: readonly Row[], kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Rollout'): void {
  for (const [what, workload, expected] of rows)
    test(`${what}: ${expected}`, () => assert.equal(health(aWorkload({ kind, ...workload })).kind, expected));
}

const unseen: Row = [
  'its controller has not seen the change',
  { generation: 2, status: { observedGeneration: 1 } },
  'Waiting',
];

describe('a Deployment', () => {
  judges(
    [
      unseen,
      ['all replicas updated and available', {}, 'Healthy'],
      [
        'a progress deadline exceeded before its controller saw the change',
        { generation: 2, status: { observedGeneration: 1, progressingReason: 'ProgressDeadlineExceeded' } },
        'Waiting',
      ],
      ['its progress deadline exceeded', { status: { progressingReason: 'ProgressDeadlineExceeded' } }, 'Failed'],
      ['replicas still to be updated', { status: { updatedReplicas: 1 } }, 'Waiting'],
      ['old replicas still to end', { status: { replicas: 3 } }, 'Waiting'],
      ['updated replicas not available', { status: { availableReplicas: 1 } }, 'Waiting'],
      ['zero replicas', { desiredReplicas: 0 }, 'Healthy'],
      ['zero replicas, the last one still to end', { desiredReplicas: 0, status: { replicas: 1 } }, 'Waiting'],
      ['scaled up meanwhile', { desiredReplicas: 3, status: { replicas: 2, updatedReplicas: 2 } }, 'Waiting'],
    ],
    'Deployment',
  );
});

describe('a StatefulSet', () => {
  const partition = (of: number) => ({ strategy: { kind: 'Rolling', partition: of } }) as const;
  const onDelete = { strategy: { kind: 'OnDelete' } } as const;
  judges(
    [
      unseen,
      ['all replicas updated and available', {}, 'Healthy'],
      ['replicas still to be updated', { status: { updatedReplicas: 1 } }, 'Waiting'],
      ['updated replicas not available', { status: { availableReplicas: 1 } }, 'Waiting'],
      ['zero replicas', { desiredReplicas: 0 }, 'Healthy'],
      ['scaled down meanwhile', { desiredReplicas: 1, status: { replicas: 2, updatedReplicas: 2 } }, 'Healthy'],
      [
        'partitioned, those above it still to be updated',
        { ...partition(1), status: { updatedReplicas: 0 } },
        'Waiting',
      ],
      [
        'partitioned, those above it updated and not available',
        { ...partition(1), status: { updatedReplicas: 1, availableReplicas: 1 } },
        'Waiting',
      ],
      [
        'partitioned, those above it updated',
        { ...partition(1), status: { updatedReplicas: 1 } },
        'ManualActionRequired',
      ],
      ['partitioned, and all were updated before', partition(1), 'Healthy'],
      ['a partition above all of them', { ...partition(5), status: { updatedReplicas: 0 } }, 'ManualActionRequired'],
      ['a partition and zero replicas', { ...partition(5), desiredReplicas: 0 }, 'Healthy'],
      ['OnDelete, old pods there', { ...onDelete, status: { updatedReplicas: 1 } }, 'ManualActionRequired'],
      [
        'OnDelete, old pods deleted and new ones not available',
        { ...onDelete, status: { availableReplicas: 1 } },
        'Waiting',
      ],
      ['OnDelete, old pods deleted', onDelete, 'Healthy'],
      [
        'OnDelete, its controller has not seen the change',
        { ...onDelete, generation: 2, status: { observedGeneration: 1 } },
        'Waiting',
      ],
    ],
    'StatefulSet',
  );
  test('a StatefulSet says how to lower the partition', () => {
    const found = health(aWorkload({ kind: 'StatefulSet', ...partition(1), status: { updatedReplicas: 1 } }));
    assert.match(
      'message' in found ? found.message : '',
      /keeps 1 of 2 pods .* kubectl -n orders patch statefulset api .*"partition":0/,
    );
  });
});

describe('a DaemonSet', () => {
  const onDelete = { strategy: { kind: 'OnDelete' } } as const;
  judges(
    [
      unseen,
      ['updated and available on all nodes', {}, 'Healthy'],
      ['nodes still to be updated', { status: { updatedReplicas: 1 } }, 'Waiting'],
      ['updated pods not available', { status: { availableReplicas: 1 } }, 'Waiting'],
      ['no node that fits', { desiredReplicas: 0 }, 'Healthy'],
      ['OnDelete, old pods there', { ...onDelete, status: { updatedReplicas: 1 } }, 'ManualActionRequired'],
      ['OnDelete, old pods deleted', onDelete, 'Healthy'],
    ],
    'DaemonSet',
  );
  test('a DaemonSet says how to delete its pods', () => {
    const found = health(aWorkload({ kind: 'DaemonSet', ...onDelete, status: { updatedReplicas: 1 } }));
    assert.match(
      'message' in found ? found.message : '',
      /1 of 2 replicas are updated.*kubectl -n orders delete pod -l 'app=api'/,
    );
  });
});

test('a problem that the message names already is not said twice', () => {
  const argo = { phase: 'Degraded', message: 'InvalidSpec: no Service', awaitsPromotion: false };
  const status = { argo: { ...argo, observedTemplateGeneration: 0 }, problem: 'no Service' };
  assert.deepEqual(health(aWorkload({ kind: 'Rollout', status })), {
    kind: 'Failed',
    message: 'Argo Rollouts reports it as degraded (InvalidSpec: no Service)',
  });
});

describe('an Argo Rollout', () => {
  const argo = (phase: string, rest: object = {}) => ({
    status: { argo: { phase, message: '', awaitsPromotion: false, observedTemplateGeneration: 0, ...rest } },
  });
  judges(
    [
      unseen,
      ['no status yet', {}, 'Waiting'],
      ['no phase yet', argo(''), 'Waiting'],
      ['Healthy', argo('Healthy'), 'Healthy'],
      ['Healthy, and not by its conditions', argo('Healthy', { isUnconfirmed: true }), 'Waiting'],
      ['Progressing', argo('Progressing'), 'Waiting'],
      ['Progressing, since a restart is ahead', argo('Progressing', { awaitsRestart: true }), 'Healthy'],
      ['not judged yet, and a restart is ahead', argo('', { awaitsRestart: true }), 'Waiting'],
      ['Degraded', argo('Degraded'), 'Failed'],
      ['paused for a time', argo('Paused'), 'Waiting'],
      ['paused until somebody promotes it', argo('Paused', { awaitsPromotion: true }), 'ManualActionRequired'],
    ],
    'Rollout',
  );
  test('an Argo Rollout says in whose words it is degraded, how to promote it, and how to replace its stable pods without that', () => {
    const message = (parts: object): string => {
      const found = health(aWorkload({ kind: 'Rollout', ...parts }));
      return 'message' in found ? found.message : '';
    };
    assert.match(
      message(argo('Degraded', { message: 'ProgressDeadlineExceeded' })),
      /degraded \(ProgressDeadlineExceeded\)$/,
    );
    assert.match(
      message(argo('Degraded', { message: 'RolloutAborted', isAborted: true })),
      /degraded \(RolloutAborted\).*kubectl argo rollouts retry rollout api -n orders$/,
    );
    const paused = argo('Paused', { awaitsPromotion: true });
    assert.match(message(paused), /kubectl argo rollouts promote api -n orders --full/);
    assert.match(
      message(paused),
      /kubectl argo rollouts restart api -n orders, which waits while pods are not available: such pods are replaced with: kubectl -n orders delete pod -l 'app=api'/,
    );
    assert.doesNotMatch(message({ ...paused, podSelector: '' }), /delete pod/);
  });
});
