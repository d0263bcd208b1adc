/** What is wrong with a lockfile, and with what is in it. */
import { z } from 'zod';

const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      link: z.boolean().optional(),
      inBundle: z.boolean().optional(),
      integrity: z.string().optional(),
      resolved: z.string().optional(),
    }),
  ),
});

const report = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({
      severity: z.string(),
      range: z.string(),
      via: z.array(z.union([z.string(), z.object({ title: z.string() })])),
    }),
  ),
});

/**
 * One line for each package whose bytes are not held by a strong hash, or that comes from elsewhere than the registry that
 * npm is configured for: the lockfile names no address then (`omit-lockfile-registry-resolved`).
 */
export function lockfileProblems(content: unknown): readonly string[] {
  return Object.entries(lockfile.parse(content).packages).flatMap(([path, { link, inBundle, integrity, resolved }]) => {
    if (path === '' || inBundle) return [];
    if (link || resolved !== undefined)
      return [`${path} comes from ${resolved ?? 'a link'}, and not from the registry`];
    return /^sha512-/.test(integrity ?? '') ? [] : [`${path} has no integrity of SHA-512`];
  });
}

export type Verdict =
  | { readonly kind: 'Answered'; readonly problems: readonly string[] }
  /** There is no registry, or one that knows no vulnerabilities. */
  | { readonly kind: 'NoAnswer' };

/** Reads what `npm audit --json` printed. */
export function judgeAudit(output: string): Verdict {
  const parsed = report.safeParse(parseJson(output));
  if (!parsed.success) return { kind: 'NoAnswer' };
  const problems = Object.entries(parsed.data.vulnerabilities)
    .filter(([, { severity }]) => severity === 'high' || severity === 'critical')
    .map(([name, { severity, range, via }]) => {
      const why = via.map((one) => (typeof one === 'string' ? `by ${one}` : one.title)).join('; ');
      return `${name} ${range} is vulnerable, ${severity}: ${why}. Raise it, or what depends on it`;
    });
  return { kind: 'Answered', problems };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
