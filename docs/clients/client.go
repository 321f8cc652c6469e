// A basket, and then the same basket as it changes.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	pb "basketgex/v1"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// A server that was killed leaves its runtime file, and another program may have its port: the token goes to whoever holds the lock.
func alive(home string) bool {
	lock, err := os.Open(filepath.Join(home, "lock"))
	if err != nil {
		return false
	}
	defer lock.Close() // lets go of it
	return syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
}

func read(home, name string) []byte {
	text, err := os.ReadFile(filepath.Join(home, name))
	if err != nil {
		log.Fatal(err)
	}
	return text
}

func main() {
	home := os.Getenv("BASKETGEX_HOME")
	if home == "" {
		own, _ := os.UserHomeDir()
		home = filepath.Join(own, ".local", "share", "basketgex")
	}
	if !alive(home) {
		log.Fatal("No server runs: start one with basketgex serve.")
	}
	var runtime struct{ Grpc string }
	if err := json.Unmarshal(read(home, "runtime.json"), &runtime); err != nil {
		log.Fatal(err)
	}
	bearer := "Bearer " + strings.TrimSpace(string(read(home, "token")))

	channel, err := grpc.Dial(runtime.Grpc, grpc.WithInsecure(),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		log.Fatal(err)
	}
	defer channel.Close()
	service := pb.NewExposureServiceClient(channel)
	known := metadata.AppendToOutgoingContext(context.Background(), "authorization", bearer)
	bounded, cancel := context.WithTimeout(known, 30*time.Second)
	defer cancel()

	symbols, weights := []string{"AAPL", "MSFT", "NVDA"}, []float64{0.4, 0.3, 0.3}
	reply, err := service.GetBasket(bounded, &pb.GetBasketRequest{Symbols: symbols, Weights: weights})
	if err != nil { // status.Details() has ErrorInfo, BadRequest and RetryInfo of google.rpc
		log.Fatal(status.Convert(err).Message())
	}
	fmt.Printf("net GEX %.1f m USD per 1 %% (%s)\n", reply.Basket.Net.Gex/1e6, reply.Origin.Label)
	for _, name := range reply.Basket.Constituents {
		fmt.Printf("%s %.1f %s\n", name.Symbol, name.Net.Gex/1e6, name.Regime)
	}

	beat := 1.0
	stream, err := service.WatchBaskets(bounded, &pb.WatchBasketsRequest{
		Baskets: &pb.BatchGetBasketsRequest{
			Symbols: symbols, Offsets: []uint32{0, 3}, SymbolIndex: []uint32{0, 1, 2}, Weights: weights},
		Pace: 2, Heartbeat: &beat})
	for err == nil {
		var message *pb.WatchBasketsResponse
		if message, err = stream.Recv(); err == nil && len(message.Changed) == 0 {
			fmt.Println("nothing new")
			return
		} else if err == nil {
			fmt.Printf("changed: %v %.0f\n", message.Changed, message.Baskets.Baskets.Gex[0])
		}
	}
	log.Fatal(status.Convert(err).Message())
}
