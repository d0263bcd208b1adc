import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';

type Frame = NodeJS.CallSite;

/**
 * The stack of an error by the sources, since a bundle has short names and positions that say nothing; of a library just the
 * file. As V8 writes it where no map lies beside the program, or where somebody has read the stack before.
 */
export function stackOf(error: Error, program: string = import.meta.filename): string | undefined {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (_, frames) =>
    [String(error), ...frames.map((frame) => `    at ${describe(frame, program)}`)].join('\n');
  try {
    return error.stack;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}

function describe(frame: Frame, program: string): string {
  const text = String(frame);
  const map = frame.getFileName() === program ? mapOf(program) : undefined;
  const line = frame.getLineNumber();
  const column = frame.getColumnNumber();
  if (map === undefined || line === null || column === null) return text;
  const origin = map.findOrigin(line, column);
  if (!('fileName' in origin)) return text;
  const file = origin.fileName.replace(/^(\.\.\/)+/, '');
  const place = file.startsWith('node_modules/') ? file : `${file}:${origin.lineNumber}:${origin.columnNumber}`;
  const name = nameOf(frame, map);
  return name === undefined
    ? text.replace(`${program}:${line}:${column}`, place)
    : `${frame.isAsync() ? 'async ' : ''}${name} (${place})`;
}

/** What may be between the beginning of a function and its name. */
const BEFORE_NAME = ['function ', 'async function ', 'function*', 'async function*'];

/** The name that a function has in the sources. Undefined where it has none of its own, or is a method, which keeps its name. */
function nameOf(frame: Frame, map: SourceMap): string | undefined {
  const short = frame.getFunctionName();
  const line = frame.getEnclosingLineNumber();
  const column = frame.getEnclosingColumnNumber();
  if (!short || line === null || column === null) return undefined;
  const begin = column - 1;
  // `name=() => …`, or after one of these.
  return [begin - short.length - '='.length, ...BEFORE_NAME.map(({ length }) => begin + length)]
    .map((at) => nameAt(map, line - 1, at))
    .find((name) => name !== undefined);
}

function nameAt(map: SourceMap, line: number, column: number): string | undefined {
  const entry = map.findEntry(line, column);
  const isThere = 'generatedColumn' in entry && entry.generatedLine === line && entry.generatedColumn === column;
  return isThere && 'name' in entry && typeof entry.name === 'string' ? entry.name : undefined;
}

/** Kept from the first stack on: it takes some 25 MB and a tenth of a second, and where one error is, there are more. */
const maps = new Map<string, SourceMap | undefined>();

function mapOf(program: string): SourceMap | undefined {
  if (!maps.has(program)) maps.set(program, read(`${program}.map`));
  return maps.get(program);
}

function read(path: string): SourceMap | undefined {
  try {
    const payload: SourceMapPayload = JSON.parse(readFileSync(path, 'utf8'));
    return new SourceMap(payload);
  } catch {
    // The stack itself matters more.
    return undefined;
  }
}
