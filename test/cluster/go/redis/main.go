// A redis for tests: miniredis at the address of the first argument, until it is killed.
package main

import (
	"log"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	store := miniredis.NewMiniRedis()
	if err := store.StartAddr(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	// Its clock stands still unless told.
	for range time.Tick(time.Second) {
		store.FastForward(time.Second)
	}
}
