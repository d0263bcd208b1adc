import type { TestContext } from 'node:test';
import type { Cluster } from '../../cluster/cluster.ts';
import { afterwards } from '../afterwards.ts';
import { PATIENCE_MS } from '../patience.ts';

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
  const rule = { apiGroups: [apiGroup], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [resource] };
  const policy = { validations: [{ expression, message: 'not here', reason }] };
  const isRefused = (): Promise<boolean> =>
    kubectl([...probe, `--namespace=${namespace}`]).then(
      () => false,
      () => true,
    );
  return inForce(t, kubectl, {
    kind: 'ValidatingAdmissionPolicy',
    name: `refuse-${namespace}`,
    namespace,
    policy: { matchConstraints: { resourceRules: [rule] }, ...policy },
    binding: { validationActions: ['Deny'] },
    isInForce: isRefused,
  });
}

const OURS = 'tls.cloudsql-ssl.dev/';

/**
 * Takes the operator's annotations off the pod template of every Deployment that is written in the namespace, until the
 * test ends or the function that it answers is called; resolves when the API server has begun to.
 */
export async function stripping(
  t: TestContext,
  { kubectl }: Pick<Cluster, 'kubectl'>,
  namespace: string,
): Promise<() => Promise<void>> {
  const rule = {
    apiGroups: ['apps'],
    apiVersions: ['v1'],
    operations: ['CREATE', 'UPDATE'],
    resources: ['deployments'],
  };
  const ours = `object.spec.template.metadata.?annotations.orValue({}).filter(key, key.startsWith('${OURS}'))`;
  const removal = `JSONPatch{op: 'remove', path: '/spec/template/metadata/annotations/' + jsonpatch.escapeKey(key)}`;
  const probe = JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'probe', namespace },
    spec: {
      selector: { matchLabels: { app: 'probe' } },
      template: {
        metadata: { labels: { app: 'probe' }, annotations: { [`${OURS}probe`]: 'x' } },
        spec: { containers: [{ name: 'app', image: 'app' }] },
      },
    },
  });
  return inForce(t, kubectl, {
    kind: 'MutatingAdmissionPolicy',
    name: `strip-${namespace}`,
    namespace,
    policy: {
      matchConstraints: { resourceRules: [rule] },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'IfNeeded',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: `${ours}.map(key, ${removal})` } }],
    },
    binding: {},
    isInForce: async () => !(await kubectl(['create', '-f', '-', '--dry-run=server', '-o=json'], probe)).includes(OURS),
  });
}

interface Policy {
  readonly kind: 'ValidatingAdmissionPolicy' | 'MutatingAdmissionPolicy';
  readonly name: string;
  /** Where it is bound to, and nowhere else. */
  readonly namespace: string;
  readonly policy: object;
  readonly binding: object;
  /** Whether the API server goes by it. */
  readonly isInForce: () => Promise<boolean>;
}

async function inForce(
  t: TestContext,
  kubectl: Cluster['kubectl'],
  { kind, name, namespace, policy, binding, isInForce }: Policy,
): Promise<() => Promise<void>> {
  const meta = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name } };
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
  const objects = manifests(
    { ...meta, kind, spec: policy },
    { ...meta, kind: `${kind}Binding`, spec: { policyName: name, matchResources, ...binding } },
  );
  await kubectl(['create', '-f', '-'], objects);
  const lift = async (): Promise<void> => void (await kubectl(['delete', '--ignore-not-found', '-f', '-'], objects));
  afterwards(t, lift);
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  // The API server takes a policy up some time after it accepted it, and does not say when.
  while (!(await isInForce())) deadline.throwIfAborted();
  return lift;
}
