import { readFile } from 'node:fs/promises';
import { INSTANCE } from '../support/operator/fixture.ts';
import { type NodeFixture, nodeContainer } from './fixture.ts';

const READER = await readFile(new URL('reader.mjs', import.meta.url), 'utf8');
const KEY = 'server-ca.pem';
const FOLDER = '/etc/cloudsql';

export const SECRET = 'orders-db-server-ca';

interface Reading {
  readonly secret?: string;
  readonly replicas?: number;
  readonly annotations?: object;
}

/** A Deployment whose pods mount the Secret and report what they see of it. */
export function readingDeployment(
  { reports }: Pick<NodeFixture, 'reports'>,
  name: string,
  { secret = SECRET, replicas = 2, annotations = {} }: Reading = {},
): object {
  const container = nodeContainer(READER, { FILE: `${FOLDER}/${KEY}`, REPORT_URL: reports.url });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, annotations, labels: { 'cloudsql-ssl.dev/instance': INSTANCE } },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [{ ...container, volumeMounts: [{ name: 'ca', mountPath: FOLDER, readOnly: true }] }],
          // The first reset publishes it.
          volumes: [{ name: 'ca', secret: { secretName: secret, optional: true } }],
        },
      },
    },
  };
}
