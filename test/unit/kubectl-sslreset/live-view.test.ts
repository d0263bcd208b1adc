import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { LiveView } from '../../../src/kubectl-sslreset/live-view.ts';

function liveView(rows = 24) {
  const writes: string[] = [];
  const view = new LiveView({ write: (text) => writes.push(text), rows: () => rows });
  return { view, writes };
}

describe('the live view', () => {
  test('each frame of the live view is one write, which overwrites the last one and clears no line before', () => {
    const { view, writes } = liveView();
    view.draw(['one', 'two']);
    view.draw(['three']);
    assert.deepEqual(writes.slice(1), [
      '\x1b[?2026h\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J\x1b[?2026l',
      '\x1b[?2026h\x1b[Hthree\x1b[K\x1b[J\x1b[?2026l',
    ]);
  });

  test('a frame that looks the same is not drawn', () => {
    const { view, writes } = liveView();
    view.draw(['one']);
    view.draw(['one']);
    assert.equal(writes.length, 2);
  });

  test('a frame that is higher than the window says how much of it is missing', () => {
    const { view, writes } = liveView(3);
    view.draw(['1', '2', '3', '4', '5']);
    const lines = stripVTControlCharacters(writes.at(-1) ?? '').split('\r\n');
    assert.deepEqual(lines, ['1', '2', '… 3 more lines than this window has']);
  });

  test('the live view gives back the screen, the cursor and its last frame, whole', () => {
    const { view, writes } = liveView(2);
    assert.equal(writes[0], '\x1b[?1049h\x1b[?25l\x1b[?7l');
    view.end(['1', '2', '3']);
    assert.equal(writes.at(-1), '\x1b[?7h\x1b[?25h\x1b[?1049l1\n2\n3\n');
  });
});
