#!/usr/bin/env bash
# Whether pgx reads a changed `sslrootcert` depends on how it is opened: pgxpool never does, database/sql does for each connection.
#
# A good guess: the same driver with the same connection string behaves the same, however the pool above it is made.
# Seen: pgxpool.New reads the file once, and keeps the old CA until the process restarts. sql.Open("pgx", ...) keeps the
# string, and reads the file for each new connection, so it comes back by itself when the file is replaced.
#
# Output seen with pgx 5.13.0, go 1.26 (the server ends the connection after TLS):
#   pgxpool        old CA: unknown authority   new CA: unknown authority
#   database/sql   old CA: unknown authority   new CA: verified
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
go mod init example.invalid/try >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// authority is a certificate that signs itself, with its key and as PEM.
func authority() (tls.Certificate, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "server"},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// serve takes PostgreSQL's request for TLS, shakes hands, and ends.
func serve(listener net.Listener, certificate tls.Certificate) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		io.ReadFull(connection, make([]byte, 8))
		connection.Write([]byte("S"))
		tls.Server(connection, &tls.Config{Certificates: []tls.Certificate{certificate}}).Handshake()
		connection.Close()
	}
}

func said(err error) string {
	if strings.Contains(err.Error(), "unknown authority") {
		return "unknown authority"
	}
	return "verified"
}

func main() {
	_, old := authority()
	certificate, active := authority()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go serve(listener, certificate)
	dsn := fmt.Sprintf("host=127.0.0.1 port=%d user=u sslmode=verify-ca sslrootcert=ca.pem",
		listener.Addr().(*net.TCPAddr).Port)
	must(os.WriteFile("ca.pem", old, 0o600))
	pool, err := pgxpool.New(context.Background(), dsn)
	must(err)
	db, err := sql.Open("pgx", dsn)
	must(err)
	byPool := func() string { return said(pool.Ping(context.Background())) }
	bySQL := func() string { return said(db.Ping()) }
	poolOld, sqlOld := byPool(), bySQL()
	must(os.WriteFile("ca.pem", active, 0o600))
	fmt.Printf("pgxpool        old CA: %s   new CA: %s\n", poolOld, byPool())
	fmt.Printf("database/sql   old CA: %s   new CA: %s\n", sqlOld, bySQL())
}
GO
go get github.com/jackc/pgx/v5@v5.13.0 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
actual=$(go run .)
echo "$actual"
expected='pgxpool        old CA: unknown authority   new CA: unknown authority
database/sql   old CA: unknown authority   new CA: verified'
[ "$actual" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
