import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answersTo, type Run } from '../../dashboard/answers.ts';
import { asks, type Dashboard, readDashboard } from '../../dashboard/dashboard.ts';
import type { Prometheus, Series, Span } from '../../dashboard/prometheus.ts';

const RUN: Run = {
  start: new Date('2026-03-01T00:00:00Z'),
  end: new Date('2026-03-01T00:04:00Z'),
  scrapeSeconds: 1,
  timesShorter: 30,
};
const FOUND: readonly Series[] = [{ labels: { outcome: 'Done' }, points: [[RUN.end.getTime(), 1]] }];

const dashboard = await readDashboard();

/** Answers by what the query holds, and keeps what it was asked. */
function fakePrometheus(find: (query: string) => readonly Series[]) {
  const asked: { readonly query: string; readonly span?: Span }[] = [];
  const prometheus: Prometheus = {
    over: async (query, span) => {
      asked.push({ query, span });
      return find(query);
    },
    at: async (query) => {
      asked.push({ query });
      return find(query);
    },
    stop: async () => undefined,
  };
  return { prometheus, asked };
}

test('a query without an answer is an error that names it and its panel', async () => {
  const { prometheus } = fakePrometheus((query) => (query.includes('server_ca_expiry') ? [] : FOUND));
  await assert.rejects(
    answersTo(dashboard, prometheus, RUN),
    /^Error: Queries of the dashboard without an answer:\nNext server CA to expire: min\(.*\nServer CAs, .*: sort\(.*$/,
  );
});

test('the variables of Grafana are filled in as it does', async () => {
  const { prometheus, asked } = fakePrometheus(() => FOUND);
  await answersTo(dashboard, prometheus, RUN);
  assert.deepEqual(
    asked.filter(({ query }) => query.includes('$')),
    [],
  );
  const ended = asked.find(({ query }) => query.includes('operations_total'));
  // Five minutes, a thirtieth of them, and the scrape interval.
  assert.match(ended?.query ?? '', /\[11s\]/);
  assert.equal(ended?.span?.stepSeconds, 10);
  const calls = asked.find(({ query }) => query.startsWith('sum by (method) (rate'));
  assert.match(calls?.query ?? '', /\[4s\]/);
  assert.equal(calls?.span?.stepSeconds, 2);
});

test('a series has the name that the legend gives it', async () => {
  const answers = await answersTo(onlyPanel('Resets that came to an end'), fakePrometheus(() => FOUND).prometheus, RUN);
  assert.deepEqual(
    [...answers.values()].flat().map(({ name }) => name),
    ['Done'],
  );
});

const onlyPanel = (title: string): Dashboard => ({
  ...dashboard,
  panels: dashboard.panels.filter((panel) => asks(panel) && panel.title === title),
});
