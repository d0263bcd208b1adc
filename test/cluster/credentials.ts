import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Who talks to the API server, with the groups that make them what they are. */
const IDENTITIES = {
  admin: { user: 'admin', group: 'system:masters' },
  'controller-manager': { user: 'system:kube-controller-manager', group: '' },
  scheduler: { user: 'system:kube-scheduler', group: '' },
} as const;

type Identity = keyof typeof IDENTITIES;

/** The files that tell the parts of the control plane apart. */
export interface Credentials {
  /** The API server makes its own CA and certificate here when it first starts, and finds them again later. */
  readonly certificates: string;
  /** That certificate together with its CA. */
  readonly ca: string;
  readonly serviceAccountKey: string;
  readonly tokens: string;
  readonly kubeconfigs: Readonly<Record<Identity, string>>;
}

/** Writes keys, tokens and one kubeconfig an identity into `directory`. */
export async function createCredentials(directory: string, serverUrl: string): Promise<Credentials> {
  const certificates = join(directory, 'certificates');
  const ca = join(certificates, 'apiserver.crt');
  const serviceAccountKey = join(directory, 'service-account.key');
  const tokens = join(directory, 'tokens.csv');
  const kubeconfigOf = (name: Identity): string => join(directory, `${name}.kubeconfig`);
  await mkdir(certificates);
  const lines: string[] = [];
  for (const [name, { user, group }] of Object.entries(IDENTITIES)) {
    const token = randomUUID();
    lines.push(`${token},${user},${user},"${group}"`);
    await writeSecret(join(directory, `${name}.kubeconfig`), kubeconfig({ serverUrl, ca, user, token }));
  }
  await writeSecret(tokens, `${lines.join('\n')}\n`);
  await writeSecret(serviceAccountKey, newPrivateKey());
  const kubeconfigs = {
    admin: kubeconfigOf('admin'),
    'controller-manager': kubeconfigOf('controller-manager'),
    scheduler: kubeconfigOf('scheduler'),
  };
  return { certificates, ca, serviceAccountKey, tokens, kubeconfigs };
}

function writeSecret(path: string, content: string): Promise<void> {
  return writeFile(path, content, { mode: 0o600 });
}

function newPrivateKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  }).privateKey;
}

interface KubeconfigContent {
  readonly serverUrl: string;
  readonly ca: string;
  readonly user: string;
  readonly token: string;
}

/** JSON is YAML. */
function kubeconfig({ serverUrl, ca, user, token }: KubeconfigContent): string {
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'local', cluster: { server: serverUrl, 'certificate-authority': ca } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user } }],
    'current-context': 'local',
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}
