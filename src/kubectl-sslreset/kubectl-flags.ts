/** Flags of kubectl that every command takes and hands on as they are. */
import { type Command, Option } from 'commander';

const CONTEXT = new Option('--context <name>', 'context of the kubeconfig');
const NAMESPACE = new Option('-n, --namespace <name>', 'namespace; without it that of the context');

/** Known to who needs them: the help of each command would be theirs. */
const OTHERS = [
  '--as <name>',
  '--as-uid <uid>',
  '--cache-dir <folder>',
  '--certificate-authority <file>',
  '--client-certificate <file>',
  '--client-key <file>',
  '--cluster <name>',
  '--disable-compression',
  '--insecure-skip-tls-verify',
  '--kubeconfig <file>',
  '--kuberc <file>',
  '--request-timeout <duration>',
  '-s, --server <url>',
  '--tls-server-name <name>',
  '--token <token>',
  '--user <name>',
  '-v, --v <level>',
  '--warnings-as-errors',
];

/** May be given more than once. */
const REPEATED = ['--as-group <name>', '--as-user-extra <pair>'];

const hidden = (flags: string): Option => new Option(flags).hideHelp();
const collected = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const OPTIONS: readonly Option[] = [
  NAMESPACE,
  CONTEXT,
  ...OTHERS.map(hidden),
  ...REPEATED.map((flags) => hidden(flags).argParser(collected)),
];

export function addKubectlFlags(command: Command): Command {
  for (const option of OPTIONS) command.addOption(option);
  return command.addHelpText(
    'after',
    '\nkubectl’s other flags for its connection work too, such as --kubeconfig and --as.',
  );
}

/** What was given of them, as kubectl's arguments. */
export function kubectlArguments(given: Readonly<Record<string, unknown>>): readonly string[] {
  return OPTIONS.flatMap((option) => {
    const values = [given[option.attributeName()] ?? []].flat();
    return values.map((value) => `${option.long}=${String(value)}`);
  });
}
