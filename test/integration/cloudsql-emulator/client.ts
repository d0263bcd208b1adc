import { z } from 'zod';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface CallOptions {
  readonly method?: string;
  readonly body?: object;
  readonly token?: string;
  readonly signal?: AbortSignal;
}

/** One call of the emulated API, without any repetition. */
export const call = async (emulator: Emulator, path: string, options: CallOptions = {}): Promise<Answer> => {
  const { method = 'GET', body, token = emulator.token(), signal } = options;
  const response = await fetch(`${emulator.apiUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body ? { body: JSON.stringify(body) } : {}),
    ...(signal ? { signal } : {}),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

const errorSchema = z.object({
  error: z.object({
    code: z.number(),
    message: z.string(),
    status: z.string().optional(),
    errors: z.array(z.object({ message: z.string(), domain: z.literal('global'), reason: z.string() })).length(1),
  }),
});

/** `[code, reason]` of an answer that has the form of Google's errors. */
export const errorOf = ({ status, text }: Answer): readonly [number, string | undefined] => {
  const { error } = errorSchema.parse(JSON.parse(text));
  return [status, error.code === status ? error.errors[0]?.reason : 'another code in the body'];
};

const operationSchema = z.object({
  kind: z.literal('sql#operation'),
  name: z.string(),
  status: z.string(),
  user: z.string(),
  operationType: z.string(),
  insertTime: z.string(),
  startTime: z.string().optional(),
  endTime: z.string().optional(),
  targetId: z.string(),
  targetProject: z.string(),
  error: z.object({ errors: z.array(z.object({ code: z.string(), message: z.string() })) }).optional(),
});

export type OperationAnswer = z.output<typeof operationSchema>;

export const operationOf = ({ text }: Answer): OperationAnswer => operationSchema.parse(JSON.parse(text));

const listSchema = z.object({ items: z.array(operationSchema).default([]), nextPageToken: z.string().optional() });

export const listOf = ({ text }: Answer): z.output<typeof listSchema> => listSchema.parse(JSON.parse(text));

/** Resolves when the operation is DONE. */
export const done = async ({ operations }: Emulator, project: string, name: string): Promise<void> => {
  if (operations.get(project, name).status === 'DONE') {
    return;
  }
  await new Promise<void>((resolve) => {
    const onChange = (operation: { readonly name: string; readonly status: string }) => {
      if (operation.name === name && operation.status === 'DONE') {
        operations.changes.off('change', onChange);
        resolve();
      }
    };
    operations.changes.on('change', onChange);
  });
};

/** SHA-1 of the active server CA. */
export const caOf = (emulator: Emulator, project: string, instance: string): string | undefined =>
  emulator.instance(project, instance).active?.authority.certificate.sha1Fingerprint;
