/** What docs/examples/ is about, by name. */
import { fileURLToPath } from 'node:url';
import { GROUP } from '../../src/domain/object.ts';

export const PROJECT = 'acme-prod';
export const INSTANCE = 'orders-db';
export const NAMESPACE = 'orders';
export const RESET = 'orders-db';
export const SECRET = 'orders-db-server-ca';
export const SECRET_KEY = 'server-ca.pem';
export const DEPENDENTS: readonly string[] = ['orders-api', 'orders-worker'];
/** Its client reads the CA again, and its pods stay. */
export const RELOADED = 'orders-export';
export const BYSTANDER = 'catalog';
/** With the copy of the CA that the bystander reads. */
export const COPY = 'catalog-server-ca';

/** What the examples say of the database. */
export const DATABASE_ADDRESS = '10.20.0.5';
export const DATABASE = { name: 'orders', users: ['orders', 'catalog'] };

/** Marks the namespace as made by the demo, so that it may also remove it. */
export const DEMO_LABEL = `${GROUP}/demo`;

export const namespaceManifest = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: NAMESPACE, labels: { [DEMO_LABEL]: 'true' } },
};

/** The current CA, as somebody has brought it here: in a Secret that is handed over to the operator, and in a copy. */
export const serverCaManifest = (pem: string): object => {
  const data = { [SECRET_KEY]: pem };
  const annotations = { [`${GROUP}/managed-by`]: RESET };
  const secret = { metadata: { name: SECRET, namespace: NAMESPACE, annotations }, stringData: data };
  const copy = { metadata: { name: COPY, namespace: NAMESPACE }, data };
  const items = [
    { apiVersion: 'v1', kind: 'Secret', ...secret },
    { apiVersion: 'v1', kind: 'ConfigMap', ...copy },
  ];
  return { apiVersion: 'v1', kind: 'List', items };
};

/** The namespace may not reset this instance: refusing it is all that the operator can do with the object. */
export const REFUSED_RESET = 'billing-db';
export const refusedManifest = {
  apiVersion: `${GROUP}/v1alpha1`,
  kind: 'CloudSqlSslReset',
  metadata: { name: REFUSED_RESET, namespace: NAMESPACE },
  spec: { project: PROJECT, instance: REFUSED_RESET },
};

/** It follows the instance of the reset, which publishes and rolls for both; it rotates when it is asked to. */
export const SERVER_CA = 'orders-db';
export const serverCaObject = {
  apiVersion: `${GROUP}/v1alpha1`,
  kind: 'CloudSqlServerCa',
  metadata: { name: SERVER_CA, namespace: NAMESPACE },
  spec: {
    project: PROJECT,
    instance: INSTANCE,
    serverCa: { secretName: 'orders-db-ca-bundle' },
    rollout: { disabled: true },
    rotation: { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 0 },
  },
};

const root = fileURLToPath(new URL('../..', import.meta.url));
export const PROGRAM = `${root}dist/cloudsql-ssl-operator.js`;
/** As the user would write it, from the root of the repository. */
export const example = (name: string): string => `docs/examples/${name}.yaml`;
export const pathOf = (file: string): string => `${root}${file}`;
