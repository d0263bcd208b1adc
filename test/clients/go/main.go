// Connects with the driver and the DSN that it is given, and prints "connected", or why it could not, in one line; and once
// more for each line that it reads.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"
)

// pinger makes a connection of its own each time.
func pinger(driver, dsn string) (func() error, error) {
	if driver == "pgxpool" {
		pool, err := pgxpool.New(context.Background(), dsn)
		if err != nil {
			return nil, err
		}
		return func() error {
			pool.Reset()
			return pool.Ping(context.Background())
		}, nil
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(0)
	return db.Ping, nil
}

func main() {
	ping, err := pinger(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Println(err)
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	for more := true; more; more = lines.Scan() {
		if err := ping(); err != nil {
			fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("connected")
		}
	}
}
