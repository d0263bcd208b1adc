/** The commands with their flags, and the exit code that each ends with. */
import { Command, CommanderError, Option } from 'commander';
import { shell } from '../lib/shell.ts';
import { resume, retry, suspend } from './commands/annotate.ts';
import type { InitOptions } from './commands/init.ts';
import { approve, plan } from './commands/plan.ts';
import { type StatusOptions, status } from './commands/status.ts';
import { wait } from './commands/wait.ts';
import { type Context, EXIT, type ExitCode } from './context.ts';
import { Failure, UsageError } from './errors.ts';
import { kubectlWith } from './kubectl.ts';
import { addKubectlFlags, kubectlArguments } from './kubectl-flags.ts';
import { selectionOf } from './selection.ts';

/** All that a command has of the world but kubectl, which the flags are for. */
export type World = Omit<Context, 'kubectl'>;

/** @param argv the arguments alone */
export async function run(argv: readonly string[], world: World, version: string): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = programOf(world, version, (answer) => {
    code = answer;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    return codeOf(error, world);
  }
  return code;
}

function codeOf(error: unknown, { stderr }: World): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (!(error instanceof UsageError || error instanceof Failure)) throw error;
  if (error.message !== '') stderr.write(`error: ${error.message}\n`);
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

const EXIT_CODES = '\nExit codes: 0 done, 1 failed or stalled, 2 usage, 3 timed out.';

interface AllNamespaces {
  readonly allNamespaces?: boolean;
}

function programOf(world: World, version: string, onEnd: (code: ExitCode) => void): Command {
  const program = new Command(shell`kubectl sslreset`)
    .description(
      'Follows and steers resets of the SSL configuration of Cloud SQL instances, and rotations, through kubectl.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => world.stdout.write(text), writeErr: (text) => world.stderr.write(text) })
    .addHelpText('after', EXIT_CODES);

  /** Its flags are what it gets last but one, and hold those of kubectl. */
  const contextOf = (options: object): Context => ({
    ...world,
    kubectl: kubectlWith(kubectlArguments({ ...options })),
  });
  const command = (usage: string, description: string): Command =>
    addKubectlFlags(program.command(usage).description(description));

  command('status [NAME...]', 'shows what the operator says of the objects, as a tree')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('-w, --watch', 'follow them: redraws a terminal, else prints a line for each change')
    .addOption(new Option('-o, --output <format>', 'print the objects themselves').choices(['json', 'yaml']))
    .action(async (names: string[], options: StatusOptions & AllNamespaces) =>
      onEnd(await status(contextOf(options), selectionOf(names, options.allNamespaces), options)),
    );

  command(
    'wait [NAME...]',
    'waits until each object is Ready or Stalled, or gone; without a name, for all that are there',
  )
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--timeout <duration>', 'how long, such as 90s or 1h30m', '1h')
    .action(async (names: string[], options: AllNamespaces & { readonly timeout: string }) =>
      onEnd(await wait(contextOf(options), selectionOf(names, options.allNamespaces), options.timeout)),
    );

  command('plan <NAME...>', 'shows what the next call of each object will do, and what to put right before it').action(
    async (names: string[], options: object) => onEnd(await plan(contextOf(options), selectionOf(names))),
  );

  command('approve <NAME>', 'says yes to the plan that the object shows, for one reset or rotation')
    .option('--plan <id>', 'only if this is still its plan')
    .action(async (name: string, options: { readonly plan?: string }) =>
      onEnd(await approve(contextOf(options), selectionOf([name]), { planId: options.plan })),
    );

  const steering = [
    ['retry', 'tries stalled objects again, each at the step that stalled; that may be the reset itself', retry],
    ['suspend', 'holds back calls that were not made yet', suspend],
    ['resume', 'takes that back', resume],
  ] as const;
  for (const [name, description, act] of steering) {
    command(`${name} <NAME...>`, description).action(async (names: string[], options: object) =>
      onEnd(await act(contextOf(options), selectionOf(names))),
    );
  }

  command('rotate <NAME>', 'asks for another server CA, without an outage, by a new requestId of a CloudSqlServerCa')
    .option('--request-id <id>', 'requestId; without it the date of today')
    .action(async (name: string, options: { readonly requestId?: string }) => {
      const { rotate } = await import('./commands/rotate.ts');
      onEnd(await rotate(contextOf(options), name, { requestId: options.requestId }));
    });

  command('rollback <NAME>', 'has the instance serve by the server CA of before again: pins it in a CloudSqlServerCa')
    .option('--to <fingerprint>', 'by this one, of those that it served by')
    .action(async (name: string, options: { readonly to?: string }) => {
      const { rollback } = await import('./commands/rotate.ts');
      onEnd(await rollback(contextOf(options), name, { to: options.to }));
    });

  command('init [NAME]', 'prints the manifest of a reset, with the current server CA as its precondition')
    .option('--from <object>', 'ask once more for what this object asks for')
    .option('--from-secret <name>', 'take the server CA from this Secret, and publish the next one there')
    .option('--from-configmap <name>', 'the same, with a ConfigMap')
    .option('--key <key>', 'key that holds the server CA', 'server-ca.pem')
    .option('--project <project>', 'Google Cloud project of the instance')
    .option('--instance <instance>', 'the Cloud SQL instance')
    .option('--request-id <id>', 'requestId; without it the date of today')
    .action(async (name: string | undefined, options: InitOptions) => {
      const { init } = await import('./commands/init.ts');
      onEnd(await init(contextOf(options), name, options));
    });
  return program;
}
