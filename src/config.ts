/** Flags and environment -> one frozen Config, or everything that is wrong with them. */
import { Command, CommanderError, Option } from 'commander';
import { credentialUrls } from './config/credential-urls.ts';
import { environmentVariable, type Flag } from './config/flag.ts';
import { type Config, entries } from './config/flags.ts';
import { type Given, judge } from './config/judge.ts';
import { judgeProxies } from './config/proxies.ts';
import { judgeTracing, type TracingConfig } from './config/tracing.ts';
import { version } from './version.ts';

export type { Config } from './config/flags.ts';

export type ConfigResult =
  | {
      readonly kind: 'Config';
      readonly config: Config;
      readonly tracing?: TracingConfig;
      /** Variables that the libraries are to see in another form than they were given. */
      readonly variables: Readonly<Record<string, string>>;
    }
  /** `text` is to be printed. */
  | { readonly kind: 'Help' | 'Version'; readonly text: string }
  /** One line each. */
  | { readonly kind: 'Invalid'; readonly problems: readonly string[] };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param argv the arguments alone, without node and the script
 * @param env an empty variable counts as unset
 */
export function parseConfig(argv: readonly string[], env: Environment): ConfigResult {
  const command = newCommand();
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.code === 'commander.version')
      return { kind: 'Version', text: `${version}\n` };
    if (error instanceof CommanderError && error.exitCode === 0)
      return { kind: 'Help', text: command.helpInformation() };
    throw error;
  }
  const { config, problems } = judge(given(command, env));
  const traced = judgeTracing(env);
  const proxies = judgeProxies(env, [config?.cloudsqlEndpoint ?? '', ...credentialUrls(env)]);
  const all = [...strayArguments(command.args), ...problems, ...traced.problems, ...proxies.problems];
  if (config === undefined || all.length > 0) return { kind: 'Invalid', problems: all };
  const { variables } = proxies;
  return { kind: 'Config', config, variables, ...(traced.tracing !== undefined && { tracing: traced.tracing }) };
}

const DESCRIPTION = `Resets the SSL configuration of Cloud SQL instances, once for each request, and brings their dependents back.

A flag goes before its environment variable. Durations are written as 500ms, 10s or 1m30s.
Traces go to the OpenTelemetry collector that OTEL_EXPORTER_OTLP_ENDPOINT names, with the other variables of that standard.`;

function newCommand(): Command {
  const command = silence(new Command('cloudsql-ssl-operator'))
    .description(DESCRIPTION)
    .version(version)
    .configureHelp({ helpWidth: 120, optionTerm: shownTerm, optionDescription: ({ description }) => description })
    .allowUnknownOption()
    .allowExcessArguments();
  for (const [, flag] of entries) command.addOption(newOption(flag));
  return command;
}

/** `[VALUE]` says that it may be left out, which is only true for the parser. */
const shownTerm = ({ flags: term }: Option): string => term.replace(/ \[(.*)\]$/, ' $1');

const silence = (command: Command): Command =>
  command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });

/** The value is optional for the parser, so that a missing one is reported along with everything else. */
function newOption(flag: Flag): Option {
  const fallback = flag.default === undefined || flag.default === '' ? '' : `default ${flag.default}, `;
  const option = new Option(`--${flag.name} [${flag.value}]`, `${flag.help} (${fallback}${environmentVariable(flag)})`);
  if (flag.value === 'BOOL') option.preset('true');
  return flag.isList ? option.argParser(joined) : option;
}

const joined = (value: string, before: string | undefined): string =>
  before === undefined ? value : `${before},${value}`;

function given(command: Command, env: Environment): ReadonlyMap<string, Given> {
  const values = command.opts<Readonly<Record<string, string | true | undefined>>>();
  const found = entries.flatMap(([key, flag]): (readonly [string, Given])[] => {
    const value = values[new Option(`--${flag.name}`).attributeName()];
    const variable = environmentVariable(flag);
    const fromEnv = env[variable];
    if (value !== undefined) return [[key, { origin: `--${flag.name}`, text: value === true ? undefined : value }]];
    return fromEnv === undefined || fromEnv === ''
      ? []
      : [[key, { origin: `--${flag.name} (from ${variable})`, text: fromEnv }]];
  });
  return new Map(found);
}

/** An unknown flag, and what follows it as its value. */
function strayArguments(args: readonly string[]): readonly string[] {
  return args.flatMap((argument, index) => {
    if (argument.startsWith('-')) return [unknownFlag(argument)];
    const isValueOfStray = args[index - 1]?.startsWith('-') === true;
    return isValueOfStray ? [] : [`unexpected argument ${JSON.stringify(argument)}`];
  });
}

/** Commander knows which flag may have been meant, but says so only when it refuses one. */
function unknownFlag(argument: string): string {
  const strict = newCommand().allowUnknownOption(false);
  try {
    strict.parse([argument], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    throw error;
  }
  return `unknown option '${argument}'`;
}
