import { type HttpAddress, type HttpServer, pathOf, serve } from './http.ts';

/** What is wrong, in one line; undefined where all is well. */
export type Check = () => string | undefined;

/** By name, which the answer and the metric tell. */
export type Checks = Readonly<Record<string, Check>>;

export interface HealthOptions {
  readonly address: HttpAddress;
  /** `/healthz`: whether a restart would help. */
  readonly live: Checks;
  /** `/readyz`: whether it can do its work. */
  readonly ready: Checks;
}

/**
 * Serves `/healthz` and `/readyz`: 200 `ok`, or 503 with one line for each problem, its check in front. An event loop that is stuck gives no
 * answer at all, which the kubelet takes for a failure.
 */
export function startHealthServer({ address, live, ready }: HealthOptions): Promise<HttpServer> {
  const checks = new Map([
    ['/healthz', live],
    ['/readyz', ready],
  ]);
  return serve('health checks', address, (request, response) => {
    const { status, text } = answer(checks.get(pathOf(request)));
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
  });
}

function answer(checks: Checks | undefined): { readonly status: number; readonly text: string } {
  if (checks === undefined) return { status: 404, text: 'not found\n' };
  const problems = problemsOf(checks);
  return problems.length === 0 ? { status: 200, text: 'ok\n' } : { status: 503, text: `${problems.join('\n')}\n` };
}

function problemsOf(checks: Checks): readonly string[] {
  return Object.entries(checks).flatMap(([name, check]) => {
    const problem = outcome(check);
    return problem === undefined ? [] : [`${name}: ${problem}`];
  });
}

/** A check that fails itself is a problem too. */
export function outcome(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return `a check failed: ${String(error)}`;
  }
}
