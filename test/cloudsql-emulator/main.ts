#!/usr/bin/env node
import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';
import type { Emulator } from './emulator.ts';
import { startEmulator } from './emulator.ts';
import type { InstanceOptions } from './instance-settings.ts';
import { startServerProxy } from './server-proxy.ts';

const number = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError('not a number');
  }
  return value;
};

const instanceOf = (text: string): InstanceOptions => {
  const [project, name, ...rest] = text.split('/');
  if (!project || !name || rest.length > 0) {
    throw new InvalidArgumentError('an instance is PROJECT/NAME');
  }
  return { project, name };
};

const collectInstance = (text: string, before: readonly InstanceOptions[]): readonly InstanceOptions[] => [
  ...before,
  instanceOf(text),
];

const program = new Command('npx cloudsql-emulator')
  .description('A Cloud SQL Admin API and a metadata server on 127.0.0.1, for tests and the demo.')
  .option('--port <number>', 'port of the Admin API and of /emulator/; 0 is a free one', number, 8085)
  .option('--metadata-port <number>', 'port of the metadata server; 0 is a free one', number, 8086)
  .option('--instance <project/name>', 'an instance to begin with; can be repeated', collectInstance, [])
  .option('--account <email>', 'the account that the metadata server gives tokens of')
  .option('--pending <ms>', 'how long operations are PENDING', number, 1000)
  .option('--running <ms>', 'how long operations are RUNNING', number, 3000)
  .option('--connector', 'let connectors in to the first instance, on port 3307', false);

interface Flags {
  readonly port: number;
  readonly metadataPort: number;
  readonly instance: readonly InstanceOptions[];
  readonly account?: string;
  readonly pending: number;
  readonly running: number;
  readonly connector: boolean;
}

const usage = ({ apiUrl, metadataHost, email }: Emulator, { project, name }: InstanceOptions): string => `\
Cloud SQL Admin API  ${apiUrl}
metadata server      ${metadataHost}, as ${email}

With google-auth-library, and so with the operator:

  export GCE_METADATA_HOST=${metadataHost}

With gcloud, in a shell of its own:

  export CLOUDSDK_CONFIG=$(mktemp -d)
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL=${apiUrl}/
  export CLOUDSDK_CORE_PROJECT=${project}
  export CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=$CLOUDSDK_CONFIG/token
  curl -s -H 'Metadata-Flavor: Google' \\
    http://${metadataHost}/computeMetadata/v1/instance/service-accounts/default/token |
    sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/' > $CLOUDSDK_AUTH_ACCESS_TOKEN_FILE
  gcloud sql instances reset-ssl-config ${name}

To see and to control:

  curl ${apiUrl}/emulator/state
  curl ${apiUrl}/emulator/journal
  curl ${apiUrl}/emulator/faults -d '{"api": "resetSslConfig", "answer": {"kind": "Drop", "executed": true}}'

Ctrl-C ends it.`;

const run = async (flags: Flags): Promise<void> => {
  const [first = { project: 'demo-project', name: 'demo' }, ...others] = flags.instance;
  const emulator = await startEmulator({
    port: flags.port,
    metadataPort: flags.metadataPort,
    project: first.project,
    instances: [first, ...others],
    plan: { pendingMs: flags.pending, runningMs: flags.running },
    ...(flags.account === undefined ? {} : { account: { email: flags.account } }),
  });
  const proxy = flags.connector
    ? await startServerProxy(emulator.instance(first.project, first.name))
    : { stop: () => Promise.resolve() };
  console.log(usage(emulator, first));
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await Promise.all([emulator.stop(), proxy.stop()]);
};

await run(program.parse().opts<Flags>());
