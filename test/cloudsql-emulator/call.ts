import type { z } from 'zod';
import type { Account } from './accounts.ts';
import { invalidRequest, invalidState } from './api-error.ts';
import type { Cloud } from './cloud.ts';
import type { Fault } from './faults.ts';
import type { Instance } from './instance.ts';
import type { Effect, Operation } from './operations.ts';
import type { Resource } from './resources.ts';
import { operationResource } from './resources.ts';
import type { Route } from './routes.ts';

/** One call of a method, by an account that is known. */
export interface Call {
  readonly cloud: Cloud;
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly account: Account;
  readonly fault: Fault | undefined;
  /** The root of links. */
  readonly base: string;
}

export interface Result {
  readonly body: Resource;
  /** The name of the operation that was begun. */
  readonly operation?: string;
}

export type Handler = (call: Call) => Result | Promise<Result>;

/** @throws ApiError 400 */
export const parse = <Schema extends z.ZodType>(schema: Schema, body: string): z.output<Schema> => {
  try {
    return schema.parse(JSON.parse(body));
  } catch (cause) {
    const error = invalidRequest('the body cannot be read');
    error.cause = cause;
    throw error;
  }
};

/** @throws ApiError 404 */
export const instanceOf = ({ cloud, route }: Call): Instance => cloud.instance(route.project, route.instance);

/** @throws ApiError 409: `invalidState` where the instance does not run, `operationInProgress` where another operation does */
export const requireReady = ({ cloud, route }: Call, { settings }: Instance): void => {
  if (settings.state !== 'RUNNABLE' || settings.activationPolicy === 'NEVER') {
    throw invalidState();
  }
  cloud.operations.requireIdle(route.project, settings.name);
};

/** Begins an operation of the caller, the way the fault that it meets says. */
export const begin = (call: Call, { settings }: Instance, type: string, effect: Effect): Operation =>
  call.cloud.operations.start({
    project: settings.project,
    instance: settings.name,
    type,
    user: call.account.email,
    plan: { ...call.cloud.plan, ...call.fault?.operation },
    effect,
  }).operation;

const answer = ({ base }: Call, operation: Operation): Result => ({
  body: operationResource(operation, base),
  operation: operation.name,
});

/** A method that does nothing but begin an operation. */
export const operating =
  (type: string, effectOn: (instance: Instance, call: Call) => Effect): Handler =>
  (call) => {
    const instance = instanceOf(call);
    const effect = effectOn(instance, call);
    requireReady(call, instance);
    return answer(call, begin(call, instance, type, effect));
  };
