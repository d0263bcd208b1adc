import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { downloadParts, downloadReleases, PATIENCE } from '../../cluster/download.ts';
import { freePorts } from '../../cluster/ports.ts';

const PATIENT = { ...PATIENCE, silenceMs: 60_000, pauseMs: 0, judgedAfterMs: Number.POSITIVE_INFINITY };
const MEMBER = 'release/bin/etcd';
const PROGRAM = randomBytes(300_000);

let archive: Buffer;

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'archive-test-'));
  await mkdir(join(folder, 'release/bin'), { recursive: true });
  await writeFile(join(folder, MEMBER), PROGRAM, { mode: 0o755 });
  await writeFile(join(folder, 'release/README'), 'not wanted');
  await promisify(execFile)('tar', ['-czf', join(folder, 'release.tar.gz'), '-C', folder, 'release']);
  archive = await readFile(join(folder, 'release.tar.gz'));
  await rm(folder, { recursive: true });
});

interface Outcome {
  /** Why it was given up; undefined where it was not. */
  readonly reason: string | undefined;
  /** What is in the folder afterwards. */
  readonly left: readonly string[];
  readonly program: Buffer | undefined;
  /** The Range of each request. */
  readonly ranges: readonly (string | undefined)[];
  readonly lines: readonly string[];
}

/** Downloads from a server on this machine that answers so. */
async function download(t: TestContext, answer: RequestListener, patience = PATIENT): Promise<Outcome> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { ...(await attempt(t, `http://127.0.0.1:${port}/release.tar.gz`, patience)), ranges };
}

async function attempt(t: TestContext, url: string, patience = PATIENT): Promise<Omit<Outcome, 'ranges'>> {
  const target = await mkdtemp(join(tmpdir(), 'download-test-'));
  t.after(() => rm(target, { recursive: true }));
  const checksum = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
  const file = { url, checksum, programs: [{ part: 'etcd', member: MEMBER }] };
  const lines: string[] = [];
  const log = (line: string): unknown => lines.push(line);
  const reason = await downloadParts(file, ['etcd'], target, { log, patience }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const left = await readdir(target);
  const program = left.includes('etcd') ? await readFile(join(target, 'etcd')) : undefined;
  return { reason, left, program, lines };
}

const whole: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-length': archive.length }).end(archive);
};

/** Sends so much of a body that is said to be whole, and then breaks the connection. */
function breakAfter(response: ServerResponse, body: Buffer, bytes: number): void {
  response.write(body.subarray(0, bytes), () => response.destroy());
}

/** A server of files, which breaks the first connections after so many bytes of theirs. */
function breaking(breaks: readonly number[], { knowsRanges }: { readonly knowsRanges: boolean }): RequestListener {
  const left = [...breaks];
  return (request, response) => {
    const start = knowsRanges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
    const body = archive.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': body.length, etag: '"1"' });
    const bytes = left.shift();
    if (bytes === undefined) response.end(body);
    else breakAfter(response, body, bytes);
  };
}

function assertWhole({ reason, left, program }: Outcome): void {
  assert.equal(reason, undefined);
  assert.deepEqual(left, ['etcd']);
  assert.ok(program?.equals(PROGRAM));
}

function assertNothing({ reason, left }: Pick<Outcome, 'reason' | 'left'>, why: RegExp): void {
  assert.match(reason ?? 'it was not given up', why);
  assert.deepEqual(left, []);
}

test('of a release file that is what it should be, the wanted program is kept, and nothing else', async (t) => {
  const outcome = await download(t, whole);
  assertWhole(outcome);
  assert.match(outcome.lines.join('\n'), /release\.tar\.gz: .* MB\/s, verified/);
});

test('a release file is found where the server says that it has moved', async (t) => {
  const moved = await download(t, (request, response) => {
    if (request.url === '/moved') whole(request, response);
    else response.writeHead(302, { location: '/moved' }).end();
  });
  assertWhole(moved);
});

test('a download that breaks goes on where it was, as often as each attempt brings something', async (t) => {
  const outcome = await download(t, breaking([100_000, 50_000, 1, 1, 1, 1], { knowsRanges: true }));
  assertWhole(outcome);
  assert.equal(outcome.ranges[0], undefined);
  assert.equal(outcome.ranges.length, 7);
  assert.match(outcome.ranges[1] ?? '', /^bytes=[1-9]\d*-$/);
});

test('a download that breaks goes on also with a server that can only begin again', async (t) => {
  assertWhole(await download(t, breaking([100_000, 200_000], { knowsRanges: false })));
});

test('a download whose attempts bring nothing any more is given up, and leaves nothing', async (t) => {
  const outcome = await download(t, breaking([100_000, 0, 0, 0, 0, 0], { knowsRanges: true }));
  assertNothing(outcome, /other side closed|aborted|terminated|reset/);
  assert.equal(outcome.ranges.length, 1 + PATIENT.attempts);
});

test('a release file that is truncated is not unpacked', async (t) => {
  const truncated = archive.subarray(0, 200_000);
  const outcome = await download(t, (_request, response) => {
    response.writeHead(200, { 'content-length': truncated.length }).end(truncated);
  });
  assertNothing(outcome, /cannot be unpacked|checksum/);
});

test('an archive of the same program with another checksum is not kept', async (t) => {
  // Behind the end of the archive, where it makes no difference to tar.
  const padded = Buffer.concat([archive, Buffer.alloc(512)]);
  const outcome = await download(t, (_request, response) => {
    response.writeHead(200, { 'content-length': padded.length }).end(padded);
  });
  assertNothing(outcome, /checksum|cannot be unpacked/);
});

test('a file that became another one while it was downloaded is not kept', async (t) => {
  const other = Buffer.from(archive);
  other.fill(0, 250_000);
  const outcome = await download(t, (request, response) => {
    const body = request.headers.range === undefined ? archive : other;
    response.writeHead(200, {
      'content-length': body.length,
      etag: request.headers.range === undefined ? '"1"' : '"2"',
    });
    if (body === archive) breakAfter(response, body, 100_000);
    else response.end(body);
  });
  assertNothing(outcome, /checksum|cannot be unpacked/);
});

test('a page in the place of a release file is not unpacked', async (t) => {
  const outcome = await download(t, (_request, response) => response.end('<html>Sign in to use this network</html>'));
  assertNothing(outcome, /cannot be unpacked/);
});

test('a server that has no such file is asked once', async (t) => {
  const outcome = await download(t, (_request, response) => response.writeHead(404).end('no'));
  assertNothing(outcome, /status 404/);
  assert.equal(outcome.ranges.length, 1);
});

test('a download that would take too long is given up as soon as that shows', async (t) => {
  const hasty = { ...PATIENT, judgedAfterMs: 0, longestMs: 1_000 };
  const outcome = await download(
    t,
    (_request, response) => {
      response.writeHead(200, { 'content-length': 1e12 }).write(archive.subarray(0, 1));
    },
    hasty,
  );
  assertNothing(outcome, /too slow/);
});

test('a server that falls silent is asked to go on, and then given up', async (t) => {
  const outcome = await download(
    t,
    (request, response) => {
      if (request.headers.range !== undefined) return;
      response.writeHead(200, { 'content-length': archive.length }).write(archive.subarray(0, 1000));
    },
    { ...PATIENT, silenceMs: 50, answerMs: 50 },
  );
  assertNothing(outcome, /no answer within/);
  assert.equal(outcome.ranges.length, 1 + PATIENT.attempts);
});

test('a download that would never end is given up where the server does not say how long it is', async (t) => {
  const hasty = { ...PATIENCE, judgedAfterMs: 0, longestMs: 0 };
  assertNothing(
    await download(t, (_request, response) => void response.write(archive.subarray(0, 1)), hasty),
    /too slow/,
  );
});

test('a server that never answers is asked once, and given up', async (t) => {
  const outcome = await download(t, () => undefined, { ...PATIENCE, answerMs: 50 });
  assertNothing(outcome, /no answer within 0.05 s/);
  assert.equal(outcome.ranges.length, 1);
});

test('a proxy that never answers is given up', async (t) => {
  const silent = createTcpServer();
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  t.after(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const before = process.env.https_proxy;
  t.after(() => {
    if (before === undefined) delete process.env.https_proxy;
    else process.env.https_proxy = before;
  });
  process.env.https_proxy = `http://127.0.0.1:${port}`;
  const outcome = await attempt(t, 'https://releases.invalid/release.tar.gz', { ...PATIENCE, answerMs: 50 });
  assertNothing(outcome, /no answer within 0.05 s/);
});

test('a server that breaks the connection before there is anything is asked once', async (t) => {
  const outcome = await download(t, (request) => request.socket.destroy());
  assertNothing(outcome, /other side closed|reset/);
  assert.equal(outcome.ranges.length, 1);
});

test('a server that nobody can reach is given up', async (t) => {
  const [port] = await freePorts(1);
  assertNothing(await attempt(t, `http://127.0.0.1:${port}/release.tar.gz`), /ECONNREFUSED/);
});

test('no release waits for another', async (t) => {
  const target = await mkdtemp(join(tmpdir(), 'download-test-'));
  t.after(() => rm(target, { recursive: true }));
  const asked: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    asked.push(response);
    if (asked.length === 2) for (const each of asked) each.writeHead(404).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const release = (part: string) => {
    const url = `http://127.0.0.1:${port}/${part}.tar.gz`;
    return { url, checksum: 'sha256:', programs: [{ part, member: MEMBER }] };
  };
  const lines: string[] = [];
  const terms = { log: (line: string): unknown => lines.push(line), patience: { ...PATIENT, answerMs: 10_000 } };
  await downloadReleases([release('etcd'), release('kubectl')], ['etcd', 'kubectl'], target, terms);
  assert.equal(lines.filter((line) => line.endsWith('status 404')).length, 2);
});

test('of several releases those that can be had are kept, and a line says why each other one is compiled', async (t) => {
  const target = await mkdtemp(join(tmpdir(), 'download-test-'));
  t.after(() => rm(target, { recursive: true }));
  const server = createServer(whole);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const [refused] = await freePorts(1);
  const checksum = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
  const release = (port: number | undefined, part: string) => {
    return { url: `http://127.0.0.1:${port}/${part}.tar.gz`, checksum, programs: [{ part, member: MEMBER }] };
  };
  const { port } = server.address() as AddressInfo;
  const lines: string[] = [];
  const terms = { log: (line: string): unknown => lines.push(line), patience: PATIENT };
  const releases = [release(refused, 'kubectl'), release(port, 'etcd'), release(port, 'kube-scheduler')];
  await downloadReleases(releases, ['kubectl', 'etcd', 'kube-apiserver'], target, terms);
  assert.deepEqual(await readdir(target), ['etcd']);
  const reasons = lines.filter((line) => line.startsWith('Compiled'));
  assert.match(reasons.join('\n'), /^.*known: kube-apiserver\n.*\/kubectl\.tar\.gz cannot be had: .*ECONNREFUSED.*$/);
});
