import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { findOrBuildPromtool } from '../cluster/binaries.ts';
import { logToStderr } from '../cluster/log.ts';

const run = promisify(execFile);
const ALERTS = fileURLToPath(new URL('../../charts/cloudsql-ssl-operator/files/alerts.yaml', import.meta.url));

interface Rule {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Case {
  readonly alert: string;
  readonly when: string;
  /** A sample a minute, in promtool's notation. */
  readonly series: Readonly<Record<string, string>>;
  readonly minute: number;
  /** Absent: it is silent. */
  readonly fires?: { readonly labels: Readonly<Record<string, string>>; readonly summary: string };
}

const db = { namespace: 'orders', name: 'db' };
const process = { namespace: 'ops', job: 'operator' };
const condition = (type: string, pod = 'a'): string =>
  `cloudsql_ssl_reset_condition{namespace="orders",name="db",type="${type}",status="True",pod="${pod}"}`;
const follower = (type: string): string =>
  `cloudsql_server_ca_condition{namespace="orders",name="db",type="${type}",status="True",pod="a"}`;
const reason = (value: string, pod = 'a'): string =>
  `cloudsql_ssl_reset_reason{namespace="orders",name="db",reason="${value}",pod="${pod}"}`;
const replica = (name: string, instance: string, labels = ''): string =>
  `${name}{namespace="ops",job="operator",instance="${instance}"${labels}}`;
const leads = (instance: string): string => replica('leader_election_master_status', instance, ',name="lease"');
const info = (instance: string): string => replica('cloudsql_ssl_reset_build_info', instance, ',version="1"');
const refused = (code: string): string =>
  replica('cloudsql_ssl_reset_api_requests_total', '1', `,method="instances.get",code="${code}"`);
const passes = (result: string): string =>
  replica('controller_runtime_reconcile_total', '1', `,controller="cloudsqlsslreset",result="${result}"`);
const errors = replica('controller_runtime_reconcile_errors_total', '1', ',controller="cloudsqlsslreset"');
const waited = (le: string): string =>
  replica('workqueue_queue_duration_seconds_bucket', '1', `,name="cloudsqlsslreset",le="${le}"`);
const longest = replica('workqueue_longest_running_processor_seconds', '1', ',name="cloudsqlsslreset"');
const expiry = 'cloudsql_ssl_reset_server_ca_expiry_timestamp_seconds{project="acme",instance="db"}';
const phase = (value: string): string =>
  `cloudsql_server_ca_rotation_phase{namespace="orders",name="db",phase="${value}",pod="a"}`;
const waits = (value: string): string =>
  `cloudsql_server_ca_waiting{namespace="orders",name="db",for="${value}",pod="a"}`;
const due = 'cloudsql_server_ca_rotation_due_timestamp_seconds{namespace="orders",name="db",pod="a"}';
const rotations = (outcome: string): string =>
  replica('cloudsql_server_ca_rotations_total', '1', `,outcome="${outcome}"`);
const DAY = 86_400;

const CASES: readonly Case[] = [
  {
    alert: 'CloudSqlSslResetOutcomeUnknown',
    when: 'an outcome was given up, at once',
    series: { [reason('OutcomeUnknown')]: '1x5' },
    minute: 1,
    fires: { labels: db, summary: 'Whether the reset of orders/db was executed cannot be told' },
  },
  {
    alert: 'CloudSqlSslResetOutcomeUnknown',
    when: 'an outcome is still being found out',
    series: { [reason('ResolvingOutcome')]: '1x5' },
    minute: 5,
  },
  {
    alert: 'CloudSqlSslResetOutcomeUnknown',
    when: 'a person has put it right',
    series: { [reason('OutcomeUnknown')]: '1x5 _x10' },
    minute: 10,
  },
  {
    alert: 'CloudSqlSslResetStalled',
    when: 'one is stalled for more than five minutes, though the Lease changed hands meanwhile',
    series: { [condition('Stalled')]: '1x3 stale _x6', [condition('Stalled', 'b')]: '_x5 1x5' },
    minute: 6,
    fires: { labels: db, summary: 'CloudSqlSslReset orders/db is stalled' },
  },
  {
    alert: 'CloudSqlSslResetStalled',
    when: 'one is stalled for less',
    series: { [condition('Stalled')]: '1x10' },
    minute: 4,
  },
  {
    alert: 'CloudSqlSslResetStalled',
    when: 'one is ready',
    series: { [condition('Ready')]: '1x10' },
    minute: 10,
  },
  {
    alert: 'CloudSqlSslResetRollFailed',
    when: 'workloads did not come back',
    series: { [reason('RolloutFailed')]: '1x3' },
    minute: 1,
    fires: { labels: db, summary: 'Workloads of orders/db did not come back after a reset' },
  },
  {
    alert: 'CloudSqlSslResetRollFailed',
    when: 'workloads roll',
    series: { [reason('RollingOut')]: '1x3' },
    minute: 3,
  },
  {
    alert: 'CloudSqlSslResetInProgressTooLong',
    when: 'one reconciles for more than half an hour',
    series: { [condition('Reconciling')]: '1x40', [reason('RollingOut')]: '1x40' },
    minute: 31,
    fires: { labels: db, summary: 'CloudSqlSslReset orders/db has been in progress for more than 30 minutes' },
  },
  {
    alert: 'CloudSqlSslResetInProgressTooLong',
    when: 'one reconciles for less',
    series: { [condition('Reconciling')]: '1x40', [reason('RollingOut')]: '1x40' },
    minute: 29,
  },
  {
    alert: 'CloudSqlSslResetInProgressTooLong',
    when: 'a person holds it back',
    series: { [condition('Reconciling')]: '1x60', [reason('Suspended')]: '1x60' },
    minute: 60,
  },
  {
    alert: 'CloudSqlSslResetInProgressTooLong',
    when: 'one waits for a maintenance window',
    series: { [condition('Reconciling')]: '1x60', [reason('OutsideWindow')]: '1x60' },
    minute: 60,
  },
  {
    alert: 'CloudSqlSslResetInProgressTooLong',
    when: 'one waits for an approval',
    series: { [condition('Reconciling')]: '1x60', [reason('AwaitingApproval')]: '1x60' },
    minute: 60,
  },
  {
    alert: 'CloudSqlSslResetAwaitsApproval',
    when: 'one waits for an approval for more than a day',
    series: { [reason('AwaitingApproval')]: '1x1500' },
    minute: 1_442,
    fires: { labels: db, summary: 'CloudSqlSslReset orders/db has waited for an approval for more than a day' },
  },
  {
    alert: 'CloudSqlSslResetAwaitsApproval',
    when: 'one waits for less',
    series: { [reason('AwaitingApproval')]: '1x1500' },
    minute: 1_438,
  },
  {
    alert: 'CloudSqlServerCaStalled',
    when: 'one is stalled for more than a quarter of an hour',
    series: { [follower('Stalled')]: '1x20' },
    minute: 16,
    fires: { labels: db, summary: 'CloudSqlServerCa orders/db is stalled' },
  },
  {
    alert: 'CloudSqlServerCaStalled',
    when: 'one is stalled for less',
    series: { [follower('Stalled')]: '1x20' },
    minute: 14,
  },
  {
    alert: 'CloudSqlServerCaRotationStuck',
    when: 'one distributes for more than a day',
    series: { [phase('Distributing')]: '1x1500' },
    minute: 1_445,
    fires: { labels: db, summary: 'The rotation by CloudSqlServerCa orders/db gets no further' },
  },
  {
    alert: 'CloudSqlServerCaRotationStuck',
    when: 'one is due for more than a week, and for a day more',
    series: { [due]: `${-7 * DAY - 60}x1500` },
    minute: 1_445,
    fires: { labels: db, summary: 'The rotation by CloudSqlServerCa orders/db gets no further' },
  },
  {
    alert: 'CloudSqlServerCaRotationStuck',
    when: 'one holds for days',
    series: { [phase('Distributing')]: '0x1500', [phase('Holding')]: '1x1500', [due]: '0x1500' },
    minute: 1_500,
  },
  {
    alert: 'CloudSqlServerCaRotationStuck',
    when: 'one waits for a window on the weekend',
    series: { [phase('Switching')]: '1x1500', [waits('window')]: '1x1500' },
    minute: 1_445,
  },
  {
    alert: 'CloudSqlServerCaRotationStuck',
    when: 'one cannot be switched back, which has an alert of its own',
    series: { [phase('SwitchingBack')]: '1x1500' },
    minute: 1_445,
  },
  {
    alert: 'CloudSqlServerCaSwitchBackStuck',
    when: 'an instance is not switched back for more than ten minutes',
    series: { [phase('Verifying')]: '1x5', [phase('SwitchingBack')]: '_x5 1x20' },
    minute: 17,
    fires: { labels: db, summary: 'The instance of CloudSqlServerCa orders/db is not switched back' },
  },
  {
    alert: 'CloudSqlServerCaSwitchBackStuck',
    when: 'the object waits for a window or is suspended, which holds back no switch back',
    series: { [phase('SwitchingBack')]: '1x20', [waits('window')]: '1x20', [waits('resume')]: '1x20' },
    minute: 11,
    fires: { labels: db, summary: 'The instance of CloudSqlServerCa orders/db is not switched back' },
  },
  {
    alert: 'CloudSqlServerCaSwitchBackStuck',
    when: 'an instance is switched back within minutes',
    series: { [phase('SwitchingBack')]: '1x6 _x20', [phase('Idle')]: '_x7 1x20' },
    minute: 15,
  },
  {
    alert: 'CloudSqlServerCaSwitchBackStuck',
    when: 'one is verified for long',
    series: { [phase('Verifying')]: '1x60' },
    minute: 60,
  },
  {
    alert: 'CloudSqlServerCaAwaitsApproval',
    when: 'nobody approves a rotation for a day',
    series: { [waits('approval')]: '1x1500' },
    minute: 1_445,
    fires: {
      labels: db,
      summary: 'The rotation by CloudSqlServerCa orders/db has waited for an approval for more than a day',
    },
  },
  {
    alert: 'CloudSqlServerCaAwaitsApproval',
    when: 'one waits for a window',
    series: { [waits('window')]: '1x1500' },
    minute: 1_445,
  },
  {
    alert: 'CloudSqlServerCaRotatedBack',
    when: 'one was switched back',
    series: { [rotations('RolledBack')]: '0x5 1x5' },
    minute: 10,
    fires: { labels: {}, summary: 'An instance was switched back to its previous server CA' },
  },
  {
    alert: 'CloudSqlServerCaRotatedBack',
    when: 'one was rotated, and another one was switched back long ago',
    series: { [rotations('RolledBack')]: '0x5 1x100', [rotations('Rotated')]: '0x50 1x55' },
    minute: 100,
  },
  {
    alert: 'CloudSqlServerCaExpires',
    when: 'a server CA has 29 days left',
    series: { [expiry]: `${29 * DAY}x15` },
    minute: 10,
    fires: {
      labels: { project: 'acme', instance: 'db' },
      summary: 'The server CA of acme/db expires in 28d 23h 50m 0s',
    },
  },
  {
    alert: 'CloudSqlServerCaExpires',
    when: 'a server CA has 31 days left',
    series: { [expiry]: `${31 * DAY}x15` },
    minute: 15,
  },
  {
    alert: 'CloudSqlSslOperatorHasNoLeader',
    when: 'all replicas stand by, and another controller leads',
    series: {
      [leads('1')]: '0x10',
      [leads('2')]: '0x10',
      [info('1')]: '1x10',
      [info('2')]: '1x10',
      'leader_election_master_status{namespace="ops",job="other",instance="9",name="other"}': '1x10',
    },
    minute: 6,
    fires: { labels: { ...process, name: 'lease' }, summary: 'No replica of cloudsql-ssl-operator leads' },
  },
  {
    alert: 'CloudSqlSslOperatorHasNoLeader',
    when: 'there is no replica',
    series: { up: '1x10' },
    minute: 6,
    fires: { labels: {}, summary: 'No replica of cloudsql-ssl-operator leads' },
  },
  {
    alert: 'CloudSqlSslOperatorHasNoLeader',
    when: 'one of two leads, and the other takes over',
    series: { [leads('1')]: '1x5 0x15', [leads('2')]: '0x7 1x13', [info('1')]: '1x20', [info('2')]: '1x20' },
    minute: 12,
  },
  {
    alert: 'CloudSqlSslOperatorHasTwoLeaders',
    when: 'two lead',
    series: { [leads('1')]: '1x10', [leads('2')]: '1x10', [info('1')]: '1x10', [info('2')]: '1x10' },
    minute: 6,
    fires: {
      labels: { ...process, name: 'lease' },
      summary: '2 replicas of cloudsql-ssl-operator lead at a time',
    },
  },
  {
    alert: 'CloudSqlSslOperatorHasTwoLeaders',
    when: 'one leads, and so does another controller',
    series: {
      [leads('1')]: '1x10',
      [leads('2')]: '0x10',
      [info('1')]: '1x10',
      [info('2')]: '1x10',
      'leader_election_master_status{namespace="ops",job="operator",instance="9",name="lease"}': '1x10',
    },
    minute: 10,
  },
  {
    alert: 'CloudSqlSslOperatorPassesFail',
    when: 'a quarter of the passes fail',
    series: { [errors]: '0+1x40', [passes('error')]: '0+1x40', [passes('success')]: '0+3x40' },
    minute: 25,
    fires: { labels: process, summary: '25% of the passes of cloudsql-ssl-operator fail' },
  },
  {
    alert: 'CloudSqlSslOperatorPassesFail',
    when: 'a tenth of them do',
    series: { [errors]: '0+1x40', [passes('error')]: '0+1x40', [passes('success')]: '0+9x40' },
    minute: 40,
  },
  {
    alert: 'CloudSqlSslOperatorPassesFail',
    when: 'there was no pass',
    series: { [errors]: '0x40', [passes('error')]: '0x40', [passes('success')]: '0x40' },
    minute: 40,
  },
  {
    alert: 'CloudSqlSslOperatorQueueIsSlow',
    when: 'keys wait for minutes',
    series: { [waited('60')]: '0x40', [waited('300')]: '0+4x40', [waited('+Inf')]: '0+4x40' },
    minute: 25,
    fires: { labels: process, summary: 'Work of cloudsql-ssl-operator waits for 4m 48s' },
  },
  {
    alert: 'CloudSqlSslOperatorQueueIsSlow',
    when: 'a pass hangs',
    series: { [longest]: '0+60x40' },
    minute: 25,
    fires: { labels: process, summary: 'Work of cloudsql-ssl-operator waits for 25m 0s' },
  },
  {
    alert: 'CloudSqlSslOperatorQueueIsSlow',
    when: 'keys wait for seconds, and passes for Cloud SQL',
    series: {
      [waited('60')]: '0+4x40',
      [waited('300')]: '0+4x40',
      [waited('+Inf')]: '0+4x40',
      [longest]: '30x40',
    },
    minute: 40,
  },
  ...['401', '403', '429', '503', '<error>'].map((code) => ({
    alert: 'CloudSqlAdminApiRefuses',
    when: `Cloud SQL answers ${code} every five minutes`,
    series: { [refused(code)]: '0x4 1x4 2x4 3x4 4x4 5x4 6x4 7x4 8x4 9x4' },
    minute: 45,
    fires: {
      labels: { ...process, method: 'instances.get', code },
      summary: `Cloud SQL answers instances.get with ${code}`,
    },
  })),
  {
    alert: 'CloudSqlAdminApiRefuses',
    when: 'a burst is over',
    series: { [refused('503')]: '0x2 9x40' },
    minute: 20,
  },
  {
    alert: 'CloudSqlAdminApiRefuses',
    when: 'instances do not exist',
    series: { [refused('404')]: '0+1x40' },
    minute: 40,
  },
];

// Before any test: they run side by side, and it is built once.
const promtool = await findOrBuildPromtool({ log: logToStderr });
const text = await readFile(ALERTS, 'utf8');
const { groups }: { groups: readonly { readonly rules: readonly Rule[] }[] } = parse(text);
const rules = groups.flatMap((group) => group.rules);

/** Prometheus' templates, as far as descriptions use them. */
const expected = (rule: Rule, { labels, summary }: NonNullable<Case['fires']>) => ({
  exp_labels: { ...labels, ...rule.labels },
  exp_annotations: { ...rule.annotations, summary },
});

const unitTest = ({ alert, when, series, minute, fires }: Case, rule: Rule): object => ({
  name: `${alert} ${fires === undefined ? 'is silent' : 'fires'} when ${when}`,
  interval: '1m',
  input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
  alert_rule_test: [
    { eval_time: `${minute}m`, alertname: alert, exp_alerts: fires === undefined ? [] : [expected(rule, fires)] },
  ],
});

describe('an alert', { concurrency: true }, () => {
  for (const rule of rules) {
    test(`${rule.alert} fires when it should and is silent when it should not`, async (t) => {
      const cases = CASES.filter(({ alert }) => alert === rule.alert);
      assert.ok(cases.some(({ fires }) => fires !== undefined) && cases.some(({ fires }) => fires === undefined));
      const folder = await mkdtemp(join(tmpdir(), 'alerts-'));
      t.after(() => rm(folder, { recursive: true }));
      const file = join(folder, 'test.yaml');
      const tests = cases.map((one) => unitTest(one, rule));
      await writeFile(file, JSON.stringify({ rule_files: [ALERTS], evaluation_interval: '1m', tests }));
      await run(promtool, ['test', 'rules', file]).catch(({ stdout, stderr }: { stdout: string; stderr: string }) =>
        assert.fail(`${stdout}${stderr}`),
      );
    });
  }

  test('an alert is of a file that Prometheus takes', async () => {
    const { stdout } = await run(promtool, ['check', 'rules', ALERTS]);
    assert.match(stdout, new RegExp(`${rules.length} rules found`));
  });
});
