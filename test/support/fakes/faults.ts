import type { CallResult, IssueResult } from '../../../src/domain/call/result.ts';
import { CloudSqlError, KubernetesError } from '../../../src/domain/errors.ts';
import type { CloudSqlReads, RotationCalls } from '../../../src/reconcile/cloud-sql-port.ts';
import type { Context } from '../../../src/reconcile/pass.ts';
import type { CloudSqlServerCas } from '../../../src/reconcile/ports.ts';
import { FREE_SLOTS } from './builders.ts';

export type Ports = Pick<Context, 'resets' | 'namespaces' | 'workloads' | 'pods' | 'objects' | 'cloudSql'>;

/** The process is killed: nothing of it goes on, and nothing of it is told. */
export class AbortPass extends Error {}

export type Fault =
  | 'KillBefore'
  /** It is done, and the process is killed before it hears of it. */
  | 'KillAfter'
  /** It is not done, and the caller hears so. */
  | 'Fail'
  /** It is done, and the caller hears that it failed. */
  | 'LoseAnswer';

/** Stands between a process and the world: each call of a port is counted, and may go wrong. */
export class Faults {
  /** Names of the calls so far. */
  readonly calls: string[] = [];
  /** What goes wrong with the n-th call, counted from 0. */
  plan: (n: number, name: string) => Fault | undefined;
  /** Holds the process before or after the n-th call until it settles. */
  hold: ((n: number, moment: 'Before' | 'After') => Promise<void> | undefined) | undefined;
  #isDead = false;

  constructor(plan: Faults['plan'] = () => undefined) {
    this.plan = plan;
  }

  /** Another process, that is alive. */
  revive(): void {
    this.#isDead = false;
  }

  async pass<T>(name: string, act: () => Promise<T>, failed: () => T): Promise<T> {
    if (this.#isDead) throw new AbortPass(name);
    const n = this.calls.push(name) - 1;
    await this.hold?.(n, 'Before');
    const fault = this.plan(n, name);
    if (fault === 'KillBefore') this.#die(name);
    if (fault === 'Fail') return failed();
    const result = await act();
    await this.hold?.(n, 'After');
    if (fault === 'KillAfter') this.#die(name);
    return fault === 'LoseAnswer' ? failed() : result;
  }

  #die(name: string): never {
    this.#isDead = true;
    throw new AbortPass(name);
  }
}

function unavailable(): never {
  throw new KubernetesError({ kind: 'Unavailable', message: 'injected' });
}

function cloudUnavailable(): never {
  throw new CloudSqlError({ kind: 'Unavailable', message: 'injected' });
}

const lost = (): CallResult => ({ kind: 'Lost', message: 'injected' });

/** The same for the objects that follow their instance. */
export const interposedServerCas = (serverCas: CloudSqlServerCas, faults: Faults): CloudSqlServerCas => ({
  get: (ref) => faults.pass('serverCas.get', () => serverCas.get(ref), unavailable),
  updateStatus: (object, status) =>
    faults.pass('serverCas.updateStatus', () => serverCas.updateStatus(object, status), unavailable),
});

export function interposedRotation(cloudSql: RotationCalls, faults: Faults): RotationCalls {
  const prepared = <T>(name: string, act: () => Promise<T>): Promise<T> => faults.pass(name, act, cloudUnavailable);
  return {
    prepareAddServerCa: async (...given) => {
      const send = await prepared('cloudSql.prepareAddServerCa', () => cloudSql.prepareAddServerCa(...given));
      return () => faults.pass('cloudSql.sendAdd', send, lost);
    },
    prepareRotateServerCa: async (...given) => {
      const send = await prepared('cloudSql.prepareRotateServerCa', () => cloudSql.prepareRotateServerCa(...given));
      return () => faults.pass('cloudSql.sendRotate', send, lost);
    },
    prepareAddServerCertificate: async (...given) => {
      const make = () => cloudSql.prepareAddServerCertificate(...given);
      const send = await prepared('cloudSql.prepareAddServerCertificate', make);
      return () => faults.pass('cloudSql.sendAdd', send, lost);
    },
    prepareRotateServerCertificate: async (...given) => {
      const make = () => cloudSql.prepareRotateServerCertificate(...given);
      const send = await prepared('cloudSql.prepareRotateServerCertificate', make);
      return () => faults.pass('cloudSql.sendRotate', send, lost);
    },
  };
}

export function interposed({ resets, namespaces, workloads, pods, objects, cloudSql }: Ports, faults: Faults): Ports {
  const kube = <T>(name: string, act: () => Promise<T>): Promise<T> => faults.pass(name, act, unavailable);
  const cloud = <T>(name: string, act: () => Promise<T>): Promise<T> => faults.pass(name, act, cloudUnavailable);
  const reads: CloudSqlReads = {
    instance: (ref) => cloud('cloudSql.instance', () => cloudSql.instance(ref)),
    serverCas: (ref) => cloud('cloudSql.serverCas', () => cloudSql.serverCas(ref)),
    serverCertificate: (ref) => cloud('cloudSql.serverCertificate', () => cloudSql.serverCertificate(ref)),
    serverCertificates: (ref) => cloud('cloudSql.serverCertificates', () => cloudSql.serverCertificates(ref)),
    clientCertificates: (ref) => cloud('cloudSql.clientCertificates', () => cloudSql.clientCertificates(ref)),
    operation: (...given) => cloud('cloudSql.operation', () => cloudSql.operation(...given)),
    operations: (...given) => cloud('cloudSql.operations', () => cloudSql.operations(...given)),
  };
  return {
    resets: {
      get: (ref) => kube('resets.get', () => resets.get(ref)),
      updateStatus: (reset, status) => kube('resets.updateStatus', () => resets.updateStatus(reset, status)),
    },
    namespaces: {
      get: (name) => kube('namespaces.get', () => namespaces.get(name)),
      ask: (...given) => kube('namespaces.get', () => namespaces.ask(...given)),
    },
    pods: {
      list: (workload) => kube('pods.list', () => pods.list(workload)),
      annotate: (...given) => kube('pods.annotate', () => pods.annotate(...given)),
      delete: (pod) => kube('pods.delete', () => pods.delete(pod)),
    },
    workloads: {
      list: (...given) => kube('workloads.list', () => workloads.list(...given)),
      get: (ref) => kube('workloads.get', () => workloads.get(ref)),
      watchRoll: (...given) => workloads.watchRoll(...given),
      annotateTemplate: (...given) => kube('workloads.annotateTemplate', () => workloads.annotateTemplate(...given)),
    },
    objects: {
      get: (ref) => kube('objects.get', () => objects.get(ref)),
      apply: (...given) => kube('objects.apply', () => objects.apply(...given)),
    },
    cloudSql: {
      watchOperation: (...given) => cloudSql.watchOperation(...given),
      identity: () => cloud('cloudSql.identity', () => cloudSql.identity()),
      ...reads,
      lowPriority: reads,
      ...FREE_SLOTS,
      prepareReset: async (...given) => {
        const send = await cloud('cloudSql.prepareReset', () => cloudSql.prepareReset(...given));
        return () => faults.pass('cloudSql.send', send, lost);
      },
      prepareClientCertificate: async (...given) => {
        const send = await cloud('cloudSql.prepareClientCertificate', () =>
          cloudSql.prepareClientCertificate(...given),
        );
        return () => faults.pass('cloudSql.issue', send, (): IssueResult => ({ kind: 'Lost', message: 'injected' }));
      },
      prepareClientCertificateDeletion: async (...given) => {
        const send = await cloud('cloudSql.prepareClientCertificateDeletion', () =>
          cloudSql.prepareClientCertificateDeletion(...given),
        );
        return () => cloud('cloudSql.delete', send);
      },
    },
  };
}
