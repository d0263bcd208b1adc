import { Accounts } from './accounts.ts';
import { instanceDoesNotExist } from './api-error.ts';
import type { Authority } from './certificates.ts';
import { createAuthority } from './certificates.ts';
import type { Fault, FaultOptions } from './faults.ts';
import { Faults, faultSchema } from './faults.ts';
import type { ForeignOperation, ForeignOperationOptions } from './foreign-operation.ts';
import { effectOf, foreignOperationSchema, planOf } from './foreign-operation.ts';
import { Instance } from './instance.ts';
import type { InstanceOptions } from './instance-settings.ts';
import { instanceSchema } from './instance-settings.ts';
import { Journal } from './journal.ts';
import type { OperationPlan, StartedOperation } from './operations.ts';
import { Operations } from './operations.ts';
import type { Quota } from './quota.ts';

const SERVICE_CA = 'Google Cloud SQL Root CA';

const key = (project: string, name: string): string => `${project}/${name}`;

/** All that the emulator knows. The API, the control API and the programmatic one act on this and nothing else. */
export class Cloud {
  readonly accounts = new Accounts();
  readonly faults = new Faults();
  readonly journal = new Journal();
  readonly operations: Operations;
  /** How an operation goes when no fault says otherwise. */
  readonly plan: OperationPlan;
  /** Absent: calls are not counted. */
  readonly quota: Quota | undefined;
  readonly #instances = new Map<string, Instance>();
  #service: Promise<Authority> | undefined;

  constructor(plan: OperationPlan, signal: AbortSignal, quota?: Quota) {
    this.plan = plan;
    this.quota = quota;
    this.operations = new Operations(signal);
  }

  /** Makes an instance, or makes it again. */
  async createInstance(options: InstanceOptions): Promise<Instance> {
    const settings = instanceSchema.parse(options);
    const service = settings.serverCaMode === 'GOOGLE_MANAGED_INTERNAL_CA' ? undefined : await this.#serviceAuthority();
    const instance = await Instance.create(settings, service);
    this.#instances.set(key(settings.project, settings.name), instance);
    return instance;
  }

  instances(project?: string): readonly Instance[] {
    return [...this.#instances.values()].filter(
      ({ settings }) => project === undefined || settings.project === project,
    );
  }

  /** @throws ApiError 404 */
  instance(project: string, name: string | undefined): Instance {
    const instance = name === undefined ? undefined : this.#instances.get(key(project, name));
    if (!instance) {
      throw instanceDoesNotExist();
    }
    return instance;
  }

  /** Gives the CA service another CA, which signs what is made from then on. */
  async renewService(): Promise<void> {
    this.#service = createAuthority(SERVICE_CA);
    const service = await this.#service;
    for (const instance of this.instances()) {
      if (instance.settings.serverCaMode !== 'GOOGLE_MANAGED_INTERNAL_CA') {
        instance.changeService(service);
      }
    }
  }

  deleteInstance(project: string, name: string): void {
    this.#instances.delete(key(project, name));
  }

  /** Orders a deviation for calls to come. */
  order(options: FaultOptions): Fault {
    const fault = faultSchema.parse(options);
    this.faults.order(fault);
    return fault;
  }

  /** Begins an operation that nobody called for here, even while another one runs. */
  startForeignOperation(options: ForeignOperationOptions): StartedOperation {
    const foreign: ForeignOperation = foreignOperationSchema.parse(options);
    const { project, instance, user, type, insertedAgoMs } = foreign;
    return this.operations.start({
      project,
      instance,
      user,
      type,
      plan: { ...this.plan, ...planOf(foreign) },
      effect: effectOf(foreign, this.instance(project, instance)),
      ...(insertedAgoMs === undefined ? {} : { insertTime: new Date(Date.now() - insertedAgoMs) }),
    });
  }

  #serviceAuthority(): Promise<Authority> {
    this.#service ??= createAuthority(SERVICE_CA);
    return this.#service;
  }
}
