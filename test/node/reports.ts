import { EventEmitter, once } from 'node:events';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { close, createHttpServer, listen } from '../cloudsql-emulator/http.ts';
import { afterwards, type Cleanup } from '../support/afterwards.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const Report = z.object({ pod: z.string(), time: z.number(), text: z.string() }).readonly();

/** What a pod saw in its file, and when, by the clock of its node in milliseconds. */
export type Report = z.output<typeof Report>;

/** What the readers in pods report. */
export class Reports {
  readonly #all: Report[] = [];
  readonly #news = new EventEmitter();
  readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  static async receive(t: Cleanup, host: string): Promise<Reports> {
    const server = createHttpServer(async (request, response) => {
      reports.#add(Report.parse(await json(request)));
      response.writeHead(204).end();
    });
    const reports = new Reports(`http://${await listen(server, 0, host)}/`);
    afterwards(t, () => close(server));
    return reports;
  }

  #add(report: Report): void {
    this.#all.push(report);
    this.#news.emit('report');
  }

  /** The last one of each pod whose name begins so. */
  latest(app: string): readonly Report[] {
    return [...new Map(this.#all.filter(({ pod }) => pod.startsWith(`${app}-`)).map((one) => [one.pod, one])).values()];
  }

  /** The last ones of this app, once so many of them say what they should. */
  async until(app: string, count: number, says: (text: string) => boolean): Promise<readonly Report[]> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const those = this.latest(app).filter(({ text }) => says(text));
      if (those.length >= count) return those;
      await once(this.#news, 'report', { signal }).catch((cause: unknown) => {
        throw new Error(`${those.length} of ${count} pods of ${app} report it`, { cause });
      });
    }
  }
}
