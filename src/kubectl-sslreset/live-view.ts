/** Redraws a screen in place: each frame is one write that overwrites the last one, so that nothing flickers. */

export interface Screen {
  write(text: string): void;
  rows(): number;
}

/** The terminal's second screen, no cursor, and no line that goes on in the next one. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
/** A terminal that knows it shows what is between only when all of it is there; others ignore it. */
const [BEGIN, END] = ['\x1b[?2026h', '\x1b[?2026l'];
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

export class LiveView {
  readonly #screen: Screen;
  #last = '';

  constructor(screen: Screen) {
    this.#screen = screen;
    screen.write(ENTER);
  }

  draw(lines: readonly string[]): void {
    const frame = fitting(lines, this.#screen.rows()).map((line) => `${line}${CLEAR_LINE}`);
    const text = `${BEGIN}${HOME}${frame.join('\r\n')}${CLEAR_BELOW}${END}`;
    if (text !== this.#last) this.#screen.write(text);
    this.#last = text;
  }

  /** Leaves the screen as it was before, and below it what was drawn last. */
  end(lines: readonly string[]): void {
    this.#screen.write(`${LEAVE}${lines.map((line) => `${line}\n`).join('')}`);
  }
}

function fitting(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  const shown = lines.slice(0, rows - 1);
  return [...shown, `… ${lines.length - shown.length} more lines than this window has`];
}
