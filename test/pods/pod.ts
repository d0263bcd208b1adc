/** Of a Pod, what a kubelet for processes needs. */
import { z } from 'zod';

const reference = z.object({ name: z.string(), key: z.string(), optional: z.boolean().default(false) });
const whole = z.object({ name: z.string(), optional: z.boolean().default(false) });
const items = z.array(z.object({ key: z.string(), path: z.string() })).optional();

const variable = z.object({
  name: z.string(),
  value: z.string().default(''),
  valueFrom: z.object({ secretKeyRef: reference.optional(), configMapKeyRef: reference.optional() }).optional(),
});

const container = z.object({
  name: z.string(),
  env: z.array(variable).default([]),
  envFrom: z
    .array(z.object({ prefix: z.string().default(''), secretRef: whole.optional(), configMapRef: whole.optional() }))
    .default([]),
  volumeMounts: z
    .array(z.object({ name: z.string(), mountPath: z.string(), subPath: z.string().optional() }))
    .default([]),
});

const optional = z.boolean().default(false);

const volume = z.object({
  name: z.string(),
  secret: z.object({ secretName: z.string(), items, optional }).optional(),
  configMap: z.object({ name: z.string(), items, optional }).optional(),
  projected: z
    .object({
      sources: z.array(
        z.object({
          secret: whole.extend({ items }).optional(),
          configMap: whole.extend({ items }).optional(),
          serviceAccountToken: z.unknown().optional(),
        }),
      ),
    })
    .optional(),
});

const schema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    nodeName: z.string().optional(),
    containers: z.array(container),
    volumes: z.array(volume).default([]),
  }),
});

export type Pod = z.output<typeof schema>;
export type Container = z.output<typeof container>;
export type Volume = z.output<typeof volume>;
export type Items = z.output<typeof items>;

export const parsePod = (object: unknown): Pod => schema.parse(object);

const sourceSchema = z.object({
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
  binaryData: z.record(z.string(), z.string()).default({}),
});

export type SourceKind = 'Secret' | 'ConfigMap';

/** Keys and what they hold, of a Secret or a ConfigMap. */
export type Data = ReadonlyMap<string, Buffer>;

export function parseData(kind: SourceKind, object: unknown): Data {
  const { data, binaryData } = sourceSchema.parse(object);
  const encoding = kind === 'Secret' ? 'base64' : 'utf8';
  return new Map([
    ...Object.entries(data).map(([key, value]): [string, Buffer] => [key, Buffer.from(value, encoding)]),
    ...Object.entries(binaryData).map(([key, value]): [string, Buffer] => [key, Buffer.from(value, 'base64')]),
  ]);
}
