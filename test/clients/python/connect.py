"""Connects by DRIVER URL, and prints `connected`, or the error, in one line; and once more for each line that it reads."""

import asyncio
import sys

import asyncpg
import psycopg


def by_psycopg(url: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.execute("select 'connected'").fetchone()[0]


def by_asyncpg(url: str) -> str:
    async def connect() -> str:
        connection = await asyncpg.connect(url)
        answer = await connection.fetchval("select 'connected'")
        await connection.close()
        return answer

    return asyncio.run(connect())


driver, url = sys.argv[1:]
line = "first"
while line:
    try:
        answer = {"psycopg": by_psycopg, "asyncpg": by_asyncpg}[driver](url)
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    print(" ".join(answer.split()), flush=True)
    line = sys.stdin.readline()
