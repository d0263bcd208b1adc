import { type HttpAddress, type HttpServer, pathOf, serve } from './http.ts';

/** What is wrong, in one line. In part: with some of its work, while it does the rest. */
export type Problem = string | { readonly inPart: string };

/** Undefined where all is well. */
export type Check = () => Problem | undefined;

/** By name, which the answer and the metric show. */
export type Checks = Readonly<Record<string, Check>>;

export interface HealthOptions {
  readonly address: HttpAddress;
  /** `/healthz`: whether a restart would help. */
  readonly live: Checks;
  /** `/readyz`: whether it can do its work. */
  readonly ready: Checks;
}

/**
 * Serves `/healthz` and `/readyz`: 200 `ok`, or 503 with one line for each problem, its check in front. Where all problems
 * are such in part it is 200 too, with their lines after `ok`: the rest of the work goes on. An event loop that is stuck gives no
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
  const problems = Object.entries(checks).flatMap(([name, check]) => linesOf(name, outcome(check)));
  const isWorking = problems.every(({ isInPart }) => isInPart);
  const lines = [...(isWorking ? ['ok'] : []), ...problems.map(({ line }) => line)];
  return { status: isWorking ? 200 : 503, text: `${lines.join('\n')}\n` };
}

function linesOf(name: string, problem: Problem | undefined) {
  if (problem === undefined) return [];
  const isInPart = typeof problem === 'object';
  return [{ isInPart, line: `${name}: ${isInPart ? problem.inPart : problem}` }];
}

/** A check that fails itself is a problem too. */
export function outcome(check: Check): Problem | undefined {
  try {
    return check();
  } catch (error) {
    return `a check failed: ${String(error)}`;
  }
}
