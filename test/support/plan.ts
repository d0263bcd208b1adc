import { basename, normalize } from 'node:path';
import { UsageError } from '../cluster/usage-error.ts';

/** What one call of npm run test:integration is to run. */
export interface Plan {
  /** They run side by side. */
  readonly regular: readonly string[];
  /** They disturb the whole API server, so each runs alone, after the regular ones. */
  readonly disruptive: readonly string[];
  /** For node --test, as given. */
  readonly flags: readonly string[];
}

/**
 * Divides the arguments into test files, named by path or by its end, and flags for node --test. Without a file named,
 * all are run.
 */
export function plan(args: readonly string[], all: readonly string[]): Plan {
  const named = args.filter(namesFile);
  const unknown = named.find((name) => !all.some((file) => isNamedBy(file, name)));
  if (unknown !== undefined) throw new UsageError(`No integration test file is called ${unknown}`);
  const chosen = named.length === 0 ? all : all.filter((file) => named.some((name) => isNamedBy(file, name)));
  return {
    regular: chosen.filter((file) => !isDisruptive(file)),
    disruptive: chosen.filter(isDisruptive),
    flags: args.filter((arg) => !namesFile(arg)),
  };
}

function namesFile(arg: string): boolean {
  return !arg.startsWith('-') && arg.endsWith('.test.ts');
}

function isNamedBy(file: string, name: string): boolean {
  return `/${file}`.endsWith(`/${normalize(name)}`);
}

function isDisruptive(file: string): boolean {
  return basename(file).endsWith('.disruptive.test.ts');
}
