/** Two replicas of the operator, each at an address that it keeps when it is started again. */
import { freePorts } from '../cluster/ports.ts';
import { Program } from '../support/operator/program.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import type { Target } from './prometheus.ts';

export const OPERATOR_NAMESPACE = 'cloudsql-ssl-system';

/** As it ships, but for patience: a run of minutes shall show what may take an hour. */
const FLAGS = [
  '--request-timeout=2s',
  '--call-window=2s',
  '--resolve-grace=8s',
  '--ca-settle=5s',
  '--retry-max=15s',
  '--poll-max=3s',
  '--health-address=127.0.0.1:0',
  `--lease-namespace=${OPERATOR_NAMESPACE}`,
  '--lease-duration=6s',
  '--lease-renew-deadline=4s',
  '--lease-retry-period=1s',
];

export class Replica {
  readonly target: Target;
  readonly #flags: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  #program: Program | undefined;

  constructor(name: string, address: string, flags: readonly string[], env: NodeJS.ProcessEnv) {
    this.target = { address, labels: { namespace: OPERATOR_NAMESPACE, instance: name } };
    this.#flags = [...FLAGS, `--metrics-address=${address}`, ...flags];
    this.#env = env;
  }

  /** Resolves when it leads or stands by. */
  async start(): Promise<void> {
    this.#program = new Program(this.#flags, this.#env);
    await this.#program.ready();
  }

  async stop(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    if (program === undefined) return;
    const impatience = setTimeout(() => program.signal('SIGKILL'), PATIENCE_MS);
    await program.kill('SIGTERM').finally(() => clearTimeout(impatience));
  }
}

export async function twoReplicas(
  flags: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<readonly [Replica, Replica]> {
  const [first = 0, second = 0] = await freePorts(2);
  return [
    new Replica('operator-0', `127.0.0.1:${first}`, flags, env),
    new Replica('operator-1', `127.0.0.1:${second}`, flags, env),
  ];
}
