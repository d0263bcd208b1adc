import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { environmentVariable } from '../../src/config/flag.ts';
import { entries } from '../../src/config/flags.ts';
import { type Config, parseConfig } from '../../src/config.ts';

type Environment = Readonly<Record<string, string | undefined>>;

function configOf(argv: readonly string[], env: Environment = {}): Config {
  const result = parseConfig(argv, env);
  assert.ok(result.kind === 'Config', JSON.stringify(result));
  return result.config;
}

function problemsOf(argv: readonly string[], env: Environment = {}): readonly string[] {
  const result = parseConfig(argv, env);
  assert.ok(result.kind === 'Invalid', JSON.stringify(result));
  return result.problems;
}

describe('the configuration', () => {
  it('the configuration has a default for everything', () => {
    assert.deepEqual(configOf([]), {
      namespaces: [],
      cloudsqlEndpoint: 'https://sqladmin.googleapis.com/',
      allowedInstances: [],
      rotatableInstances: [],
      followableInstances: [],
      maxResetsPerHour: 20,
      maxRotationsPerHour: 20,
      requirePreconditions: false,
      approval: 'Automatic',
      approvalGuarded: false,
      leaderElect: true,
      leaseName: 'cloudsql-ssl-operator',
      leaseDurationMs: 15_000,
      leaseRenewDeadlineMs: 10_000,
      leaseRetryPeriodMs: 2000,
      healthAddress: { port: 8081 },
      metricsAddress: { port: 8080 },
      logFormat: 'json',
      logLevel: 'info',
      concurrency: 10,
      cloudsqlMutateQps: 2,
      cloudsqlReadQps: 6,
      callWindowMs: 10_000,
      requestTimeoutMs: 30_000,
      resolveGraceMs: 300_000,
      caSettleMs: 60_000,
      serverCaResyncMs: 300_000,
      pollMinMs: 1000,
      pollMaxMs: 15_000,
      retryMinMs: 1000,
      retryMaxMs: 300_000,
      shutdownTimeoutMs: 60_000,
    });
  });

  it('the configuration takes a flag before its environment variable, and that before the default', () => {
    const env = { CLOUDSQL_SSL_POLL_MIN: '2s', CLOUDSQL_SSL_POLL_MAX: '20s' };
    const { pollMinMs, pollMaxMs } = configOf(['--poll-min', '3s'], env);
    assert.deepEqual([pollMinMs, pollMaxMs], [3000, 20_000]);
  });

  it('the configuration takes an empty environment variable for one that is not set', () => {
    assert.equal(configOf([], { CLOUDSQL_SSL_CONCURRENCY: '' }).concurrency, 10);
  });

  it('the configuration leaves variables alone that Kubernetes makes for a Service with a similar name', () => {
    configOf([], { CLOUDSQL_SSL_PORT: 'tcp://10.0.0.1:443', CLOUDSQL_SSL_OPERATOR_SERVICE_HOST: '10.0.0.1' });
  });

  it('the configuration is frozen', () => {
    const config = configOf(['--namespaces=a', '--allowed-instances=p/i']);
    for (const value of [config, config.namespaces, config.allowedInstances, config.healthAddress]) {
      assert.ok(Object.isFrozen(value));
    }
  });

  it('the configuration reads booleans with and without a value', () => {
    assert.equal(configOf(['--require-preconditions']).requirePreconditions, true);
    assert.equal(configOf(['--require-preconditions=true']).requirePreconditions, true);
    assert.equal(configOf(['--require-preconditions=false']).requirePreconditions, false);
    assert.equal(configOf(['--require-preconditions', '--concurrency=1']).requirePreconditions, true);
    assert.equal(configOf([], { CLOUDSQL_SSL_REQUIRE_PRECONDITIONS: 'true' }).requirePreconditions, true);
  });

  it('the configuration reads lists that are repeated, separated by commas, or both', () => {
    const { namespaces, allowedInstances } = configOf([
      '--namespaces=a, b',
      '--namespaces=c,a',
      '--allowed-instances',
      'team=example.com:app/db-*,p/*',
      '--allowed-instances=*/*',
    ]);
    assert.deepEqual(namespaces, ['a', 'b', 'c']);
    assert.deepEqual(allowedInstances, [
      { namespace: 'team', pattern: 'example.com:app/db-*' },
      { pattern: 'p/*' },
      { pattern: '*/*' },
    ]);
  });

  const addresses: readonly (readonly [string, object])[] = [
    [':8081', { port: 8081 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:8081', { host: '::1', port: 8081 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
  ];
  for (const [text, address] of addresses) {
    it(`the configuration reads the address ${text}`, () =>
      assert.deepEqual(configOf(['--health-address', text]).healthAddress, address));
  }

  for (const url of ['https://sql.example.com/api', 'http://127.0.0.1:1234', 'http://localhost:1', 'http://[::1]:1/']) {
    it(`the configuration takes the endpoint ${url}`, () => {
      assert.equal(configOf(['--cloudsql-endpoint', url]).cloudsqlEndpoint, new URL(url).href);
    });
  }
});

describe('a problem', () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['is a flag that is misspelled', ['--pol-min=1s'], "unknown option '--pol-min=1s'"],
    [
      'is a flag that is misspelled, and which one was meant',
      ['--pol-min', '1s'],
      "unknown option '--pol-min' (Did you mean --poll-min?)",
    ],
    ['is an argument that belongs to no flag', ['start'], 'unexpected argument "start"'],
    ['is a value that is missing', ['--concurrency'], '--concurrency: a value is missing'],
    [
      'is no duration',
      ['--poll-min=1'],
      '--poll-min: got "1", expected a duration between 1ms and 24h, such as 500ms, 10s or 1m30s',
    ],
    [
      'is a duration of nothing',
      ['--poll-min=0s'],
      '--poll-min: got "0s", expected a duration between 1ms and 24h, such as 500ms, 10s or 1m30s',
    ],
    [
      'is a number that is too small',
      ['--concurrency=0'],
      '--concurrency: got "0", expected a whole number from 1 to 1000',
    ],
    [
      'is a negative number',
      ['--max-resets-per-hour', '-1'],
      '--max-resets-per-hour: got "-1", expected a whole number from 0 to 100000',
    ],
    [
      'is a rate of nothing',
      ['--cloudsql-read-qps=0'],
      '--cloudsql-read-qps: got "0", expected a number of calls a second above 0, up to 1000',
    ],
    ['is no boolean', ['--require-preconditions=yes'], '--require-preconditions: got "yes", expected true or false'],
    [
      'is a format that is not there',
      ['--log-format=xml'],
      '--log-format: got "xml", expected one of json, gcp, pretty',
    ],
    ['names no namespace', ['--namespaces=,'], '--namespaces: got ",", expected names of namespaces (DNS labels)'],
    ['is no namespace', ['--namespaces=a,B_'], '--namespaces: got "B_", expected names of namespaces (DNS labels)'],
    [
      'is an instance without a project',
      ['--allowed-instances=p/i,db'],
      '--allowed-instances: got "db", expected [namespace=]project/instance, where project and instance may hold *',
    ],
    [
      'is a namespace with a star',
      ['--allowed-instances=*=p/i'],
      '--allowed-instances: got "*=p/i", expected [namespace=]project/instance, where project and instance may hold *',
    ],
    [
      'is a question mark in a glob',
      ['--allowed-instances=p/d?'],
      '--allowed-instances: got "p/d?", expected [namespace=]project/instance, where project and instance may hold *',
    ],
    [
      'is no address',
      ['--health-address=8081'],
      '--health-address: got "8081", expected [host]:port, such as :8081, 127.0.0.1:0 or [::1]:8081',
    ],
    [
      'is a port that is too large',
      ['--health-address=:65536'],
      '--health-address: got ":65536", expected [host]:port, such as :8081, 127.0.0.1:0 or [::1]:8081',
    ],
    [
      'is a token in clear',
      ['--cloudsql-endpoint=http://sql.example.com'],
      '--cloudsql-endpoint: got "http://sql.example.com", expected an https:// URL without user, query and fragment (http:// only for a loopback host)',
    ],
    [
      'is a lease that another takes while its holder still writes',
      ['--lease-duration=10s'],
      '--lease-duration: got "10s", expected longer than --lease-renew-deadline, or another replica takes the Lease while this one still writes (--lease-renew-deadline is 10s)',
    ],
    [
      'is a deadline that leaves no time for a second renewal',
      ['--lease-retry-period=9s'],
      '--lease-renew-deadline (default): got "10s", expected longer than 1.2 times --lease-retry-period, or a renewal may come too late (--lease-retry-period is 9s)',
    ],
    [
      'is no name of an object',
      ['--lease-name=My Lease'],
      '--lease-name: got "My Lease", expected the name of an object (DNS labels, with dots between them)',
    ],
    [
      'is a grace in which a call may still be under way',
      ['--resolve-grace=40s'],
      '--resolve-grace: got "40s", expected longer than --call-window and --request-timeout together, or a call still under way counts as not sent (--call-window is 10s, --request-timeout is 30s)',
    ],
    [
      'is a shutdown that cuts a call off',
      ['--shutdown-timeout=45s'],
      '--shutdown-timeout: got "45s", expected longer than --request-timeout and 15s together, or a call in flight is cut off (--request-timeout is 30s)',
    ],
    [
      'is a minimum above its maximum',
      ['--poll-min=20s'],
      '--poll-min: got "20s", expected at most --poll-max (--poll-max is 15s)',
    ],
    [
      'is a maximum below the default of its minimum',
      ['--retry-max=500ms'],
      '--retry-min (default): got "1s", expected at most --retry-max (--retry-max is 500ms)',
    ],
  ];
  for (const [name, argv, problem] of cases) {
    it(`a problem: ${name}`, () => assert.deepEqual(problemsOf(argv), [problem]));
  }

  it('a problem names the environment variable that it came from', () => {
    assert.deepEqual(problemsOf([], { CLOUDSQL_SSL_LOG_LEVEL: 'loud' }), [
      '--log-level (from CLOUDSQL_SSL_LOG_LEVEL): got "loud", expected one of trace, debug, info, warn, error, fatal, silent',
    ]);
  });

  it('a problem is not the last one: all are reported at once', () => {
    const argv = [
      '--nope',
      'x',
      '--concurrency',
      '--poll-min=never',
      '--namespaces=A,B',
      '--resolve-grace=1s',
      'stray',
    ];
    assert.deepEqual(
      problemsOf(argv, { CLOUDSQL_SSL_RETRY_MIN: '1h' }).map((problem) => problem.split(/[:,]/, 1)[0]),
      [
        "unknown option '--nope'",
        'unexpected argument "stray"',
        '--concurrency',
        '--namespaces',
        '--namespaces',
        '--poll-min',
        '--resolve-grace',
        '--retry-min (from CLOUDSQL_SSL_RETRY_MIN)',
      ],
    );
  });
});

describe('the help', () => {
  const result = parseConfig(['--help'], {});
  const text = result.kind === 'Help' ? result.text : '';

  for (const [, flag] of entries) {
    it(`the help names --${flag.name} with its default and its environment variable`, () => {
      const [, entry = ''] = text.split(` --${flag.name} `);
      const [own = ''] = entry.split(/\n +-/, 1);
      assert.ok(own.includes(environmentVariable(flag)), own);
      assert.ok(own.includes(flag.default ?? ''), own);
    });
  }

  it('the help is given whatever else is wrong', () => {
    assert.equal(parseConfig(['--concurrency=none', '--help'], {}).kind, 'Help');
  });
});

describe('the version', () => {
  it('the version is printed, as a line', () => {
    const result = parseConfig(['--version'], {});
    assert.match(result.kind === 'Version' ? result.text : '', /^\S+\n$/);
  });
});
