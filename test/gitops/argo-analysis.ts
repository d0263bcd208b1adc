import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterwards, type Cleanup } from '../support/afterwards.ts';

/** What is measured: an analysis takes it for a success, for a failure, or for neither. */
export type Measure = 'good' | 'bad' | 'unclear';

/** A server that an analysis measures. */
export interface Metrics {
  readonly url: string;
  say(measure: Measure): void;
}

export async function startMetrics(t: Cleanup, first: Measure): Promise<Metrics> {
  let measure = first;
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'application/json').end(JSON.stringify({ measure }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  afterwards(t, () => server.closeAllConnections());
  afterwards(t, () => server.close());
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    say(next) {
      measure = next;
    },
  };
}

/** An AnalysisTemplate that measures once. */
export const metric = (name: string, url: string): object => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name },
  spec: {
    metrics: [
      {
        name,
        successCondition: 'result == "good"',
        failureCondition: 'result == "bad"',
        provider: { web: { url, jsonPath: '{$.measure}' } },
      },
    ],
  },
});
