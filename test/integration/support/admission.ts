import type { TestContext } from 'node:test';
import type { Cluster } from '../../cluster/cluster.ts';
import { afterwards } from './afterwards.ts';

const manifests = (...objects: readonly object[]): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });

/** What a policy is about, and a dry run that it refuses. */
export interface Refusable {
  readonly apiGroup: string;
  readonly resource: string;
  /** CEL: what is allowed. */
  readonly expression: string;
  readonly probe: readonly string[];
}

const ANY_CONFIG_MAP: Refusable = {
  apiGroup: '',
  resource: 'configmaps',
  expression: 'false',
  probe: ['create', 'configmap', 'probe', '--dry-run=server'],
};

/**
 * Refuses every ConfigMap of the namespace, or what is named, until the test ends or the function that it answers is called; resolves when
 * the API server has begun to.
 */
export async function refusing(
  t: TestContext,
  { kubectl }: Pick<Cluster, 'kubectl'>,
  namespace: string,
  reason: string,
  { apiGroup, resource, expression, probe }: Refusable = ANY_CONFIG_MAP,
): Promise<() => Promise<void>> {
  const name = `refuse-${namespace}`;
  const meta = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name } };
  const rule = { apiGroups: [apiGroup], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [resource] };
  const policy = {
    ...meta,
    kind: 'ValidatingAdmissionPolicy',
    spec: {
      matchConstraints: { resourceRules: [rule] },
      validations: [{ expression, message: 'not here', reason }],
    },
  };
  const binding = {
    ...meta,
    kind: 'ValidatingAdmissionPolicyBinding',
    spec: {
      policyName: name,
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
    },
  };
  await kubectl(['create', '-f', '-'], manifests(policy, binding));
  const lift = async (): Promise<void> =>
    void (await kubectl(['delete', '--ignore-not-found', '-f', '-'], manifests(policy, binding)));
  afterwards(t, lift);
  const deadline = AbortSignal.timeout(30_000);
  const isAllowed = (): Promise<boolean> =>
    kubectl([...probe, `--namespace=${namespace}`]).then(
      () => true,
      () => false,
    );
  // The API server takes a policy up some time after it accepted it, and tells nobody when.
  while (await isAllowed()) deadline.throwIfAborted();
  return lift;
}
