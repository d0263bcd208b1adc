import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudSqlError } from '../../../src/domain/errors.ts';
import { createLogger, type LoggerOptions, type StructuredLogger } from '../../../src/observability/logger.ts';

function capture(options: Partial<LoggerOptions> = {}): {
  readonly logger: StructuredLogger;
  readonly lines: string[];
} {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return { logger: createLogger({ format: 'json', level: 'debug', write, ...options }), lines };
}

const parsed = (lines: readonly string[]): unknown[] => lines.map((line): unknown => JSON.parse(line));

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;

describe('a log line', () => {
  it('a log line is JSON with time, level, message and fields, and nothing of the machine', () => {
    const { logger, lines } = capture();
    logger.info('Reset accepted', { name: 'db', generation: 2 });
    assert.match(lines[0] ?? '', TIME);
    assert.match(lines[0] ?? '', /^\{.*\}\n$/);
    const line = (lines[0] ?? '').replace(TIME, 'now');
    assert.deepEqual(parsed([line]), [{ level: 'info', ts: 'now', name: 'db', generation: 2, msg: 'Reset accepted' }]);
  });

  it('a log line has the fields of its parents', () => {
    const { logger, lines } = capture();
    logger.child({ namespace: 'a' }).child({ name: 'db' }).warn('Hm', { attempt: 1 });
    assert.partialDeepStrictEqual(parsed(lines), [{ level: 'warn', namespace: 'a', name: 'db', attempt: 1 }]);
  });

  it('a log line is not written below the level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.debug('a');
    logger.info('b');
    logger.warn('c');
    logger.error('d');
    assert.partialDeepStrictEqual(parsed(lines), [{ msg: 'c' }, { msg: 'd' }]);
    assert.equal(lines.length, 2);
  });

  it('a log line has names that Cloud Logging knows', () => {
    const { logger, lines } = capture({ format: 'gcp' });
    logger.debug('a');
    logger.info('b');
    logger.warn('c', { err: new Error('x') });
    logger.error('d');
    assert.partialDeepStrictEqual(parsed(lines), [
      { severity: 'DEBUG', message: 'a' },
      { severity: 'INFO', message: 'b' },
      { severity: 'WARNING', message: 'c', err: { type: 'Error', message: 'x' } },
      { severity: 'ERROR', message: 'd' },
    ]);
    assert.match(lines[0] ?? '', /"time":"\d{4}/);
  });

  it('a log line holds the lines of one request together for Cloud Logging, and marks its ends', () => {
    const { logger, lines } = capture({ format: 'gcp' });
    const pass = logger.child({ uid: 'u-1', request: '2' });
    pass.info('Request received', { first: true });
    pass.info('Called');
    pass.info('Complete', { last: true });
    logger.info('Started');
    const operation = { id: 'u-1/2', producer: 'cloudsql-ssl.dev' };
    const key = 'logging.googleapis.com/operation';
    const operations = lines.map((line): unknown => JSON.parse(line)[key]);
    assert.deepEqual(operations, [{ ...operation, first: true }, operation, { ...operation, last: true }, undefined]);
    assert.ok(lines.every((line) => !('first' in JSON.parse(line)) && !('last' in JSON.parse(line))));
  });

  it('a log line names the trace in which it is written, for Cloud Logging where the project of the traces is known', () => {
    const context = () => ({ trace_id: 't-1', span_id: 's-1' });
    const json = capture({ context });
    json.logger.child({ name: 'db' }).info('x');
    assert.partialDeepStrictEqual(parsed(json.lines), [{ trace_id: 't-1', span_id: 's-1', name: 'db' }]);
    const gcp = capture({ context, format: 'gcp', traceProject: 'acme' });
    gcp.logger.info('x');
    assert.partialDeepStrictEqual(parsed(gcp.lines), [
      { 'logging.googleapis.com/trace': 'projects/acme/traces/t-1', 'logging.googleapis.com/spanId': 's-1' },
    ]);
    const without = capture({ context, format: 'gcp' });
    without.logger.info('x');
    assert.doesNotMatch(without.lines.join(), /logging\.googleapis\.com\/(trace|spanId)/);
    assert.match(without.lines.join(), /"trace_id":"t-1"/);
  });

  it('a log line has a field once, with the value that was given last', () => {
    const { logger, lines } = capture();
    logger.child({ operation: 'old' }).child({ operation: 'new' }).info('x', { operation: 'newest' });
    assert.equal(lines.join('').match(/operation/g)?.length, 1);
    assert.partialDeepStrictEqual(parsed(lines), [{ operation: 'newest' }]);
  });

  it('a log line can be for the eye', () => {
    const { logger, lines } = capture({ format: 'pretty' });
    logger.warn('Read failed', {
      name: 'db',
      note: 'a b',
      err: new CloudSqlError({ kind: 'Unavailable', message: 'no', cause: new TypeError('reset') }),
    });
    assert.match(
      lines.join(''),
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}Read failed name=db note="a b" CloudSqlError: no \(TypeError: reset\)\n$/,
    );
  });
});

describe('an error', () => {
  const logged = (err: unknown): unknown => {
    const { logger, lines } = capture();
    logger.error('Failed', { err });
    return parsed(lines)[0];
  };

  it('an error has its type, its message and the messages of its causes, and no stack where it was foreseen', () => {
    const root = new Error('broken\npipe');
    const cause = new TypeError('fetch failed', { cause: root });
    const err = new CloudSqlError({ kind: 'Unavailable', message: 'No answer', cause });
    assert.partialDeepStrictEqual(logged(err), {
      err: { type: 'CloudSqlError', message: 'No answer', causes: ['TypeError: fetch failed', 'Error: broken pipe'] },
    });
    assert.doesNotMatch(JSON.stringify(logged(err)), /stack/);
  });

  it('an error has its stack where nobody foresaw it', () => {
    assert.match(JSON.stringify(logged(new TypeError('x'))), /"stack":"TypeError: x\\n +at /);
  });

  it('an error has nothing of the request that it carries', () => {
    const err = Object.assign(new Error('x'), { config: { url: 'https://secret' }, response: { data: 'dump' } });
    assert.doesNotMatch(JSON.stringify(logged(err)), /secret|dump/);
  });

  it('an error is logged under any name', () => {
    const { logger, lines } = capture();
    logger.error('Failed', { reason: new RangeError('x') });
    assert.partialDeepStrictEqual(parsed(lines), [{ reason: { type: 'RangeError', message: 'x' } }]);
  });

  it('an error may have causes that go in circles', () => {
    const error = new Error('a');
    error.cause = error;
    logged(error);
  });
});
