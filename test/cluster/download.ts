import { spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { removeFolderAfterUs } from './leftovers.ts';
import type { Log } from './log.ts';
import type { ReleaseFile } from './releases.ts';
import { bytesOf, type Patience } from './resumable.ts';

const HEARTBEAT_MS = 5_000;
const MEGABYTE = 1e6;

/** Compiling takes some minutes: a download that takes as long is none to wait for. */
export const PATIENCE: Patience = {
  connectMs: 5_000,
  answerMs: 10_000,
  silenceMs: 15_000,
  pauseMs: 1_000,
  attempts: 3,
  longestMs: 300_000,
  judgedAfterMs: 20_000,
};

/** Where it says how far it is, and how much it may ask of a user. */
export interface Terms {
  readonly log: Log;
  readonly patience?: Patience;
}

/**
 * Puts what releases have of these parts into `target`. None that cannot be had is a failure: a line says why it is
 * compiled.
 */
export async function downloadReleases(
  releases: readonly ReleaseFile[],
  parts: readonly string[],
  target: string,
  terms: Terms,
): Promise<void> {
  const wantedOf = ({ programs }: ReleaseFile): readonly string[] =>
    programs.map(({ part }) => part).filter((part) => parts.includes(part));
  const unknown = parts.filter((part) => !releases.flatMap(wantedOf).includes(part));
  if (unknown.length > 0) terms.log(`Compiled, since no checksum of a release is known: ${unknown.join(', ')}`);
  const downloads = releases.map(async (file) => {
    const wanted = wantedOf(file);
    if (wanted.length === 0) return;
    terms.log(`Downloading ${wanted.join(', ')}, kept in ${target}`);
    await downloadParts(file, wanted, target, terms).catch((error: unknown) => {
      terms.log(`Compiled, since ${file.url} cannot be had: ${reasonOf(error)}`);
    });
  });
  // Side by side: where none can be had, it takes no longer to know that of all than of one.
  await Promise.all(downloads);
}

/** Some errors of connections have a code and no message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}

/**
 * Puts programs of the file into `target`: those of `parts`, each whole or not at all, and none of a file whose checksum
 * is another. Rejects with a reason that fits into a line.
 */
export async function downloadParts(
  file: ReleaseFile,
  parts: readonly string[],
  target: string,
  terms: Terms,
): Promise<void> {
  const programs = file.programs.filter(({ part }) => parts.includes(part));
  await mkdir(target, { recursive: true });
  const scratch = await mkdtemp(join(target, '.download-'));
  const release = removeFolderAfterUs(scratch);
  try {
    const members = programs.map(({ member }) => member);
    await unpack(file, members, scratch, terms);
    for (const { part, member } of programs) await rename(join(scratch, member), join(target, part));
  } finally {
    await rm(scratch, { recursive: true, force: true });
    release();
  }
}

/** Unpacks while it downloads; what is in the folder counts only when this resolves. */
async function unpack(
  { url, checksum }: ReleaseFile,
  members: readonly string[],
  folder: string,
  { log, patience = PATIENCE }: Terms,
): Promise<void> {
  const [algorithm = '', expected = ''] = checksum.split(':');
  const hash = createHash(algorithm);
  const progress = new Speedometer(basename(url));
  const heartbeat = setInterval(() => log(`  ${progress}`), HEARTBEAT_MS);
  try {
    const bytes = bytesOf(url, patience, (received, total) => progress.note(received, total));
    await untar(hashed(bytes, hash), members, folder);
  } finally {
    clearInterval(heartbeat);
  }
  if (hash.digest('hex') !== expected) throw new Error('its checksum is another');
  log(`  ${progress}, verified`);
}

async function* hashed(bytes: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

async function untar(bytes: AsyncIterable<Buffer>, members: readonly string[], folder: string): Promise<void> {
  const child = spawn('tar', ['-xzf', '-', '-C', folder, '--', ...members], { stdio: ['pipe', 'ignore', 'pipe'] });
  const ended = Promise.all([once(child, 'close'), text(child.stderr)]);
  // Both to their ends: a tar that still writes would not let its folder be removed.
  const [sending, ending] = await Promise.allSettled([pipeline(bytes, child.stdin), ended]);
  if (ending.status === 'rejected') throw ending.reason;
  if (sending.status === 'rejected' && !hasTarGone(sending.reason)) throw sending.reason;
  const [[code], complaint] = ending.value;
  if (code !== 0) throw new Error(`it cannot be unpacked: ${complaint.trim().split('\n')[0]}`);
}

/** What the pipe says of it, which is less than tar's own words. */
function hasTarGone(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** How far a download is, for a person. */
class Speedometer {
  readonly #name: string;
  readonly #startedMs = performance.now();
  #received = 0;
  #total: number | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  note(received: number, total: number | undefined): void {
    this.#received = received;
    this.#total = total;
  }

  toString(): string {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const whole = this.#total === undefined ? '' : ` of ${megabytes(this.#total)}`;
    const speed = megabytes(this.#received / seconds);
    return `${this.#name}: ${megabytes(this.#received)}${whole} MB, ${speed} MB/s`;
  }
}

const megabytes = (bytes: number): string => (bytes / MEGABYTE).toFixed(0);
