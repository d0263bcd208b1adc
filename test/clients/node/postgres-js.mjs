// Connects by postgres.js, and prints "connected", or why it could not; and once more for each line that it reads.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import postgres from 'postgres';

const [port, ca, cert, key] = process.argv.slice(2);
const text = (path) => readFile(path, 'utf8');
const sql = postgres({
  host: '127.0.0.1',
  port: Number(port),
  user: 'app',
  database: 'postgres',
  max: 1,
  ssl: { ca: await text(ca), cert: await text(cert), key: await text(key), checkServerIdentity: () => undefined },
});

async function connect() {
  try {
    const [row] = await sql`select 'connected' as answer`;
    console.log(row.answer);
  } catch (error) {
    console.log(error.code, error.message);
  }
}

await connect();
for await (const _line of createInterface(process.stdin)) await connect();
await sql.end({ timeout: 1 });
