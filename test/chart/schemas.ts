import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arrayAt, isObject, type Json, objectAt, textAt } from '../../src/lib/json.ts';

const DEFINITIONS = '_definitions.json';
const EITHER = { anyOf: [{ type: 'string' }, { type: 'number' }] };
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

/** What kubeconform is told to look for in `folder`. */
export const schemaLocation = (folder: string): string =>
  join(folder, '{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}.json');

/**
 * Writes the JSON schemas of what this API server serves, CRDs too, into `folder`: those that are published elsewhere
 * are of other versions, and of the internet. A field that is not declared is refused.
 */
export async function writeSchemas(openApi: unknown, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const definitions = Object.entries(objectAt(openApi, 'definitions'));
  const strictOnes = definitions.map(([name, schema]) => [name, name === QUANTITY ? EITHER : strict(schema)]);
  await writeFile(join(folder, DEFINITIONS), JSON.stringify({ definitions: Object.fromEntries(strictOnes) }));
  await Promise.all(
    definitions.flatMap(([name, schema]) =>
      arrayAt(schema, 'x-kubernetes-group-version-kind').map((gvk) =>
        writeFile(join(folder, fileOf(gvk)), refTo(name)),
      ),
    ),
  );
}

const refTo = (name: string): string => JSON.stringify({ $ref: `${DEFINITIONS}#/definitions/${name}` });

/** In kubeconform's words the group of the core kinds is their version. */
const fileOf = (gvk: unknown): string =>
  `${textAt(gvk, 'group') || textAt(gvk, 'version')}-${textAt(gvk, 'version')}-${textAt(gvk, 'kind').toLowerCase()}.json`;

function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (!isObject(schema)) return schema;
  if (textAt(schema, 'format') === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true) return EITHER;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  return isClosed(schema) ? { ...inner, additionalProperties: false } : inner;
}

const isClosed = (schema: Json): boolean =>
  isObject(schema.properties) &&
  schema.additionalProperties === undefined &&
  schema['x-kubernetes-preserve-unknown-fields'] !== true;
