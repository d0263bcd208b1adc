/** What the operator publishes of an instance before and after a reset, made by its own code, and mounted as in a pod. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotations } from '../../src/domain/object.ts';
import type { Distribution } from '../../src/domain/trust/distribution.ts';
import { secretKeys } from '../../src/domain/trust/held-certificate.ts';
import { pkcs8Pem } from '../../src/domain/trust/private-key.ts';
import { serverCaPem } from '../../src/domain/trust/tls-material.ts';
import { utf8 } from '../../src/lib/bytes.ts';
import type { ObjectData, PublishedObject, PublishedObjects } from '../../src/reconcile/ports.ts';
import { Encodings } from '../../src/reconcile/publishing/encodings.ts';
import { Passwords } from '../../src/reconcile/publishing/passwords.ts';
import { certificateContents, serverCaContents } from '../../src/reconcile/publishing/targets.ts';
import { type Authority, createAuthority, issue, type KeyedCertificate } from '../cloudsql-emulator/certificates.ts';
import { WANTED_CERTIFICATE } from '../support/wanted-certificate.ts';

export const PASSWORD = 'correct horse';

export interface Instance {
  readonly before: Authority;
  readonly active: Authority;
  readonly client: KeyedCertificate;
}

/** As Cloud SQL's CAs: without key identifiers. */
export async function anInstance(): Promise<Instance> {
  const make = () => createAuthority('Google Cloud SQL Server CA', { hasKeyIdentifier: false });
  const [before, active] = [await make(), await make()];
  return { before, active, client: await issue(active, { commonName: 'orders-api', usage: 'Client' }) };
}

const DISTRIBUTION: Distribution = {
  metadata: { namespace: 'orders', name: 'db', uid: '1', resourceVersion: '1', generation: 1, annotations: {} },
  spec: {
    project: 'acme-prod',
    instance: 'orders-db',
    serverCa: {
      secretName: 'server-ca',
      key: 'server-ca.pem',
      additionalFormats: [
        { format: 'PKCS12', key: 'truststore.p12', password: 'changeit' },
        { format: 'PKCS12', key: 'truststore-without-password.p12', password: '' },
        { format: 'JKS', key: 'truststore.jks', password: 'changeit' },
        { format: 'DER', key: 'server-ca.der', password: 'changeit' },
      ],
    },
    clientCertificates: [WANTED_CERTIFICATE],
    rollout: {
      kinds: [],
      disabled: true,
      referencing: true,
      maxConcurrent: 1,
      onFailure: 'Continue',
      timeoutSeconds: 1,
      unreadyPods: 'Report',
      pickUp: 'Restart',
      reloadSeconds: 10,
    },
  },
  status: {},
};

const GIVEN: PublishedObject = {
  kind: 'Secret',
  namespace: 'orders',
  name: 'passwords',
  uid: '2',
  resourceVersion: '1',
  labels: {},
  annotations: { [annotations.passwordFor]: 'db' },
  immutable: false,
  data: { keystore: utf8(PASSWORD) },
  ownKeys: [],
};

const SECRETS: PublishedObjects = {
  get: async () => GIVEN,
  apply: async (contents) => contents,
};

const caOf = ({ certificate: { pem, sha1Fingerprint } }: Authority) => ({ pem, sha1Fingerprint });

/** All keys of both objects; what a pod that was not restarted still has, the CA of before; and the key as it was answered. */
export async function published({ before, active, client }: Instance): Promise<ObjectData> {
  const encodings = new Encodings();
  const cas = [caOf(active), caOf(before)] as const;
  const passwords = await Passwords.read(DISTRIBUTION, SECRETS);
  const data = {
    [secretKeys.certificate]: utf8(`${client.certificate.pem.trim()}\n`),
    [secretKeys.privateKey]: utf8(pkcs8Pem(client.privateKey)),
    [secretKeys.serverCa]: utf8(serverCaPem(cas)),
  };
  const ca = await serverCaContents(DISTRIBUTION, cas, { before: undefined, encodings });
  const old = await serverCaContents(DISTRIBUTION, [caOf(before)], { before: undefined, encodings });
  const own = await certificateContents(DISTRIBUTION, WANTED_CERTIFICATE, {
    data,
    before: undefined,
    passwords,
    encodings,
  });
  return {
    ...ca?.data,
    ...own.data,
    'old-ca.pem': utf8(serverCaPem([caOf(before)])),
    'old-truststore.p12': old?.data['truststore.p12'] ?? utf8(''),
    'pkcs1-key.pem': utf8(client.privateKey),
  };
}

const isRoot = process.getuid?.() === 0;

/** Files as the kubelet mounts them: links through `..data`, of root, for the group alone. */
export async function mount(data: ObjectData, folder: string): Promise<void> {
  const version = join(folder, '..version');
  await mkdir(version, { recursive: true });
  for (const [key, bytes] of Object.entries(data)) {
    await writeFile(join(version, key), bytes);
    // Of somebody else than root libpq takes nothing that a group may read.
    await chmod(join(version, key), isRoot ? 0o440 : 0o400);
    await symlink(join('..data', key), join(folder, key));
  }
  const open = join(version, 'open-key.pem');
  await writeFile(open, data[secretKeys.privateKey] ?? '');
  await chmod(open, 0o644);
  await symlink(join('..data', 'open-key.pem'), join(folder, 'open-key.pem'));
  await symlink('..version', join(folder, '..data'));
}
