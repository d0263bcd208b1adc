import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { accountSchema } from './accounts.ts';
import { ApiError, unknownMethod } from './api-error.ts';
import type { Cloud } from './cloud.ts';
import { faultSchema } from './faults.ts';
import { foreignOperationSchema } from './foreign-operation.ts';
import type { RequestListener } from './http.ts';
import { sendJson } from './http.ts';
import type { Instance } from './instance.ts';
import { instanceChangesSchema, instanceSchema } from './instance-settings.ts';

export const controlPrefix = '/emulator/';

interface ControlCall {
  readonly cloud: Cloud;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

type Control = (call: ControlCall) => object | Promise<object>;

const instanceQuery = z.object({ project: z.string(), instance: z.string() });

const instanceOf = ({ cloud, query }: ControlCall): Instance => {
  const { project, instance } = instanceQuery.parse(Object.fromEntries(query));
  return cloud.instance(project, instance);
};

const instanceState = (instance: Instance) => ({
  ...instance.settings,
  serverCas: instance.identities.map(({ authority }) => authority.certificate.sha1Fingerprint),
  versions: {
    active: instance.active?.version.sha1Fingerprint,
    waiting: instance.waiting?.version.sha1Fingerprint,
    rotatedOut: instance.rotatedOut?.version.sha1Fingerprint,
  },
  clientCertificates: instance.clientCertificates.map(({ commonName, sha1Fingerprint }) => ({
    commonName,
    sha1Fingerprint,
  })),
});

const journal: Control = ({ cloud, query }) => {
  const { api, ...filter } = Object.fromEntries(query);
  return cloud.journal.entries(filter).filter((entry) => api === undefined || entry.api === api);
};

const state: Control = ({ cloud }) => ({
  plan: cloud.plan,
  instances: cloud.instances().map(instanceState),
  operations: cloud.operations.all(),
  accounts: cloud.accounts.list().map(({ email, scopes, denied }) => ({ email, scopes, denied: [...denied] })),
  faults: cloud.faults.list(),
});

const controls: Readonly<Record<string, Control>> = {
  'GET state': state,
  'GET journal': journal,
  'GET executed-resets': ({ cloud, query }) => {
    const { project, instance } = instanceQuery.parse(Object.fromEntries(query));
    return cloud.journal.executedResets(project, instance);
  },
  'POST instances': async ({ cloud, body }) => instanceState(await cloud.createInstance(instanceSchema.parse(body))),
  'PATCH instances': (call) => {
    const instance = instanceOf(call);
    instance.update(instanceChangesSchema.parse(call.body));
    return instanceState(instance);
  },
  'DELETE instances': (call) => {
    const { project, name } = instanceOf(call).settings;
    call.cloud.deleteInstance(project, name);
    return {};
  },
  'POST waiting-version': async (call) => {
    const instance = instanceOf(call);
    await instance.addVersion();
    return instanceState(instance);
  },
  'DELETE rotated-out-version': (call) => {
    const instance = instanceOf(call);
    instance.dropRotatedOut();
    return instanceState(instance);
  },
  'GET tls': (call) => instanceOf(call).serverTls ?? {},
  'POST accounts': ({ cloud, body }) => {
    const { email, scopes, denied } = cloud.accounts.put(accountSchema.parse(body));
    return { email, scopes, denied: [...denied] };
  },
  'POST faults': ({ cloud, body }) => cloud.order(faultSchema.parse(body)),
  'DELETE faults': ({ cloud }) => {
    cloud.faults.clear();
    return {};
  },
  'POST service-ca': async ({ cloud }) => {
    await cloud.renewService();
    return {};
  },
  'POST hold': ({ cloud }) => {
    cloud.operations.hold();
    return {};
  },
  'DELETE hold': ({ cloud }) => {
    cloud.operations.release();
    return {};
  },
  'POST foreign-operations': ({ cloud, body }) =>
    cloud.startForeignOperation(foreignOperationSchema.parse(body)).operation,
};

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const body = await text(request);
  return body === '' ? {} : JSON.parse(body);
};

const sendFailure = (response: ServerResponse, error: unknown): void => {
  if (error instanceof ApiError) {
    sendJson(response, error.facts.code, error.body());
    return;
  }
  const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
  sendJson(response, 400, { error: message });
};

/** How the demo and tests in other processes control the emulator: JSON below `/emulator/`, without credentials. */
export const controlListener =
  (cloud: Cloud): RequestListener =>
  async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    try {
      const control = controls[`${request.method} ${url.pathname.slice(controlPrefix.length)}`];
      if (!control) {
        throw unknownMethod(url.pathname);
      }
      sendJson(response, 200, await control({ cloud, query: url.searchParams, body: await bodyOf(request) }));
    } catch (error) {
      sendFailure(response, error);
    }
  };
