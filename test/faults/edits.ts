/** What people and their tools do to objects of a run, straight at the API server. */
import { type KubernetesObject, PatchStrategy } from '@kubernetes/client-node';
import type { Fixture } from './fixture.ts';

const API_VERSIONS = {
  CloudSqlSslReset: 'cloudsql-ssl.dev/v1alpha1',
  CloudSqlServerCa: 'cloudsql-ssl.dev/v1alpha1',
  Deployment: 'apps/v1',
  Secret: 'v1',
} as const;

type Kind = keyof typeof API_VERSIONS;

const named = ({ namespace }: Fixture, kind: Kind, name: string) => ({
  apiVersion: API_VERSIONS[kind],
  kind,
  metadata: { name, namespace },
});

export function patch(fixture: Fixture, kind: Kind, name: string, change: object): Promise<KubernetesObject> {
  const { apiVersion, metadata } = named(fixture, kind, name);
  const body = { ...change, apiVersion, kind, metadata: { ...objectOf(change, 'metadata'), ...metadata } };
  return fixture.lab.objects.patch(body, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch);
}

const objectOf = (value: object, key: string): object => {
  const found: unknown = Object.entries(value).find(([name]) => name === key)?.[1];
  return typeof found === 'object' && found !== null ? found : {};
};

export const remove = (fixture: Fixture, kind: Kind, name: string) =>
  fixture.lab.objects.delete(named(fixture, kind, name));
