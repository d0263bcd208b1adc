/** What Cloud SQL is told to do wrong, and who else works on the instance meanwhile. */
import type { FaultOptions } from '../cloudsql-emulator/faults.ts';
import type { ForeignOperationOptions } from '../cloudsql-emulator/foreign-operation.ts';
import { INSTANCE, PROJECT } from '../support/operator/fixture.ts';
import type { Fixture } from './fixture.ts';

type Executed = NonNullable<FaultOptions['answer']>['executed'];

/** A call that must not be repeated blindly. */
export type CallApi = Extract<FaultOptions['api'], 'resetSslConfig' | 'addServerCa' | 'rotateServerCa'>;

export const order =
  (...faults: readonly FaultOptions[]) =>
  async ({ emulator }: Fixture): Promise<void> => {
    for (const fault of faults) emulator.order(fault);
  };

export const lost = (api: CallApi, executed: Executed): FaultOptions => ({ api, answer: { kind: 'Drop', executed } });

/** It is executed, and what comes back is the answer to a copy that something on the way made. */
export const copied = (api: CallApi, code: number, reason: string): FaultOptions => ({
  api,
  answer: { kind: 'Error', executed: true, code, reason },
});

export const lagging = (hideYoungerThanMs: number): FaultOptions => ({
  api: 'operations.list',
  times: 'Always',
  hideYoungerThanMs,
});

export const vanished = (times: FaultOptions['times']): FaultOptions => ({
  api: 'operations.get',
  times,
  answer: { kind: 'Error', executed: false, code: 404, reason: 'operationDoesNotExist' },
});

type Other = Omit<ForeignOperationOptions, 'project' | 'instance'>;

/** As soon as the call is there, another operation is begun on the instance. */
export const joinedBy =
  (call: CallApi, other: (fixture: Fixture) => Other) =>
  async (fixture: Fixture): Promise<void> => {
    await fixture.emulator.journal.waitFor(({ api }) => api === call);
    fixture.emulator.foreignOperation({ project: PROJECT, instance: INSTANCE, ...other(fixture) });
  };

export const ofAnother = (extra: Omit<Other, 'user'>) => (): Other => ({ user: 'dba@example.com', ...extra });

export const ofOurs =
  (extra: Omit<Other, 'user'>) =>
  ({ emulator }: Fixture): Other => ({ user: emulator.email, ...extra });
