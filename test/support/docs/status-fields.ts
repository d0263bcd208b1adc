/** Fields of the status, as paths without the places in lists: `clientCertificates.issuing.time`. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

const CRD = new URL('../../../crds/cloudsql-ssl.dev_cloudsqlsslresets.yaml', import.meta.url);

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

export async function fieldsOfCrd(): Promise<readonly string[]> {
  const crd = parse(await readFile(CRD, 'utf8'));
  return fieldsOfSchema(crd.spec.versions[0].schema.openAPIV3Schema.properties.status);
}

const fieldsOfSchema = ({ properties = {} }: Schema): readonly string[] =>
  Object.entries(properties).flatMap(([name, schema]) => {
    const below = fieldsOfSchema(schema.items ?? schema);
    return below.length === 0 ? [name] : below.map((field) => `${name}.${field}`);
  });

export function fieldsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const below = fieldsOf(inner);
    return below.length === 0 ? [name] : below.map((field) => `${name}.${field}`);
  });
}
