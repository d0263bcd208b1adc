import { shell } from '../../lib/shell.ts';
import { changeLines } from '../change-lines.ts';
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { UsageError } from '../errors.ts';
import { follow, type Objects } from '../follow.ts';
import { LiveView } from '../live-view.ts';
import { layoutFor } from '../paint.ts';
import { getArguments, inOrder, read, type Selection, targetOf } from '../selection.ts';
import type { ShownObject } from '../shown-object.ts';
import { statusTree } from '../status-tree.ts';
import { type Layout, linesOf } from '../tree.ts';

export interface StatusOptions {
  readonly watch?: boolean;
  readonly output?: string;
}

export async function status(context: Context, selection: Selection, options: StatusOptions): Promise<ExitCode> {
  const { watch = false, output } = options;
  if (output !== undefined && watch) {
    throw new UsageError(`-w draws a tree; a stream of objects prints ${shell`kubectl get sslreset -w -o json`}`);
  }
  if (output !== undefined) await print(context, selection, output);
  else if (!watch) show(context, await read(context.kubectl, selection));
  else if (context.stdout.isTTY === true) await draw(context, selection);
  else await report(context, selection);
  return EXIT.done;
}

/** As kubectl prints them. */
async function print({ kubectl }: Context, selection: Selection, format: string): Promise<void> {
  const flag = `--output=${format}`;
  if (selection.names.length === 0) return kubectl.show([...getArguments(selection), flag]);
  const objects = await read(kubectl, selection);
  await kubectl.show(['get', ...objects.map(targetOf), flag]);
}

function show({ stdout, stderr }: Context, objects: readonly ShownObject[]): void {
  const lines = treeLines(objects, layoutFor(stdout));
  if (lines.length === 0) stderr.write(`${NOTHING}\n`);
  else stdout.write(lines.map((line) => `${line}\n`).join(''));
}

const NOTHING = 'No objects found';

/** A tree for each, with a line between them. */
const treeLines = (objects: Iterable<ShownObject>, layout: Layout): readonly string[] =>
  inOrder(objects).flatMap((object, index) => [...(index === 0 ? [] : ['']), ...linesOf([statusTree(object)], layout)]);

/** Each state in the place of the last one. */
async function draw({ kubectl, stdout, interrupted }: Context, selection: Selection): Promise<void> {
  let objects: Objects = new Map();
  let problem: string | undefined;
  const lines = (): readonly string[] => {
    const trees = treeLines(objects.values(), layoutFor(stdout));
    return [...(trees.length === 0 ? [NOTHING] : trees), ...(problem === undefined ? [] : ['', problem])];
  };
  let view: LiveView | undefined;
  const redraw = (): void => view?.draw(lines());
  process.on('SIGWINCH', redraw);
  try {
    await follow(
      kubectl,
      selection,
      {
        onObjects: (next) => {
          [objects, problem] = [next, undefined];
          view ??= new LiveView({
            write: (text) => stdout.write(text),
            rows: () => stdout.rows ?? DEFAULT_ROWS,
          });
          redraw();
        },
        onProblem: (next) => {
          problem = next;
          redraw();
        },
      },
      interrupted,
    );
  } finally {
    process.off('SIGWINCH', redraw);
    view?.end(lines());
  }
}

const DEFAULT_ROWS = 24;

/** What has changed, a line for each. */
async function report({ kubectl, stdout, stderr, interrupted }: Context, selection: Selection): Promise<void> {
  let objects: Objects = new Map();
  await follow(
    kubectl,
    selection,
    {
      onObjects: (next) => {
        for (const line of changeLines(objects, next)) stdout.write(`${line}\n`);
        objects = next;
      },
      onProblem: (problem) => stderr.write(`${problem}\n`),
    },
    interrupted,
  );
}
