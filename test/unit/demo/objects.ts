import type { Condition } from '../../../src/domain/object.ts';
import type { SslReset, Status } from '../../../src/domain/reset/ssl-reset.ts';

export function condition(type: string, status: string, reason: string, message = 'In words'): Condition {
  return { type, status, reason, message, observedGeneration: 1, lastTransitionTime: '2026-11-24T12:00:00Z' };
}

export function sslReset(status: Status): SslReset {
  return {
    metadata: {
      namespace: 'orders',
      name: 'orders-db',
      uid: 'u',
      resourceVersion: '7',
      generation: 1,
      annotations: {},
    },
    spec: {
      project: 'acme-prod',
      instance: 'orders-db',
      mode: 'All',
      acceptClientCertificateLoss: false,
      preconditions: {},
      rollout: {
        kinds: ['Deployment'],
        referencing: true,
        maxConcurrent: 10,
        onFailure: 'Continue',
        timeoutSeconds: 600,
        unreadyPods: 'Report',
        disabled: false,
      },
      deadlineSeconds: 3600,
    },
    status,
  };
}
