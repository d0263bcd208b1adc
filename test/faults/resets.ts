/** A whole reset: call, publish to a Secret, roll three Deployments one after the other. */
import type { KubernetesObject } from '@kubernetes/client-node';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { deployment, isReady, reset } from '../support/operator/fixture.ts';
import { type EndState, endState, SECRET } from './end-state.ts';
import type { Fixture } from './fixture.ts';
import type { Reference, Site } from './site.ts';
import type { Attack } from './whole-run.ts';

export const SMALL = { spec: { replicas: 1 }, pod: { terminationGracePeriodSeconds: 0 } };

export const db = (spec: object): KubernetesObject =>
  reset({ serverCa: { secretName: SECRET }, rollout: { maxConcurrent: 1 }, ...spec });

export const createRun = (fixture: Fixture, spec: object = {}): Promise<void> =>
  fixture.create(deployment('a', SMALL), deployment('b', SMALL), deployment('c', SMALL), db(spec));

export const RESETS: Site<SslReset, EndState> = {
  prefix: '',
  options: {},
  isDone: isReady,
  open: async (fixture, spec) => {
    await createRun(fixture, spec);
    return {
      observer: fixture.observer,
      begin: async () => fixture.startOperator(),
      endState: (object) => endState(fixture, object),
      wrongs: () => [],
      close: () => undefined,
    };
  },
};

export type ResetReference = Reference<SslReset, EndState>;
export type ResetAttack = Attack<SslReset, EndState>;
