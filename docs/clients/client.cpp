// A basket, and then the same basket as it changes.
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "basketgex/v1/exposure.grpc.pb.h"

namespace pb = basketgex::v1;

// A server that was killed leaves its runtime file, and another program may have its port: the token goes to whoever holds the lock.
static bool alive(const std::string& home) {
  const int lock = open((home + "/lock").c_str(), O_RDONLY);
  if (lock < 0) return false;
  const bool held = flock(lock, LOCK_SH | LOCK_NB) != 0;
  close(lock);  // lets go of it
  return held;
}

static std::string read(const std::string& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

int main() {
  const char* named = std::getenv("BASKETGEX_HOME");
  const char* own = std::getenv("HOME");
  const std::string home = named ? named : std::string(own ? own : "") + "/.local/share/basketgex";
  const std::string runtime = read(home + "/runtime.json"), token = "Bearer " + read(home + "/token");
  std::smatch found;
  if (!alive(home) || !std::regex_search(runtime, found, std::regex("\"grpc\": \"([^\"]+)\""))) {
    std::fputs("No server runs: start one with basketgex serve.\n", stderr);
    return 1;
  }

  grpc::ChannelArguments options;
  options.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  options.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
  options.SetMaxReceiveMessageSize(64 << 20);
  auto service = pb::ExposureService::NewStub(
      grpc::CreateCustomChannel(found[1], grpc::InsecureChannelCredentials(), options));
  const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(30);

  pb::GetBasketRequest request;
  for (const char* symbol : {"AAPL", "MSFT", "NVDA"}) request.add_symbols(symbol);
  for (double weight : {0.4, 0.3, 0.3}) request.add_weights(weight);
  pb::GetBasketResponse reply;
  grpc::ClientContext asking;
  asking.AddMetadata("authorization", token);
  asking.set_deadline(deadline);
  if (auto status = service->GetBasket(&asking, request, &reply); !status.ok()) {
    std::fprintf(stderr, "%s\n", status.error_message().c_str());
    return 1;
  }
  std::printf("net GEX %.1f m USD per 1 %% (%s)\n", reply.basket().net().gex() / 1e6, reply.origin().label().c_str());
  for (const auto& name : reply.basket().constituents())
    std::printf("%s %.1f %s\n", name.symbol().c_str(), name.net().gex() / 1e6, pb::Regime_Name(name.regime()).c_str());

  pb::WatchBasketsRequest watch;
  *watch.mutable_baskets()->mutable_symbols() = request.symbols();
  *watch.mutable_baskets()->mutable_weights() = request.weights();
  for (int i : {0, 3}) watch.mutable_baskets()->add_offsets(i);
  for (int i : {0, 1, 2}) watch.mutable_baskets()->add_symbol_index(i);
  watch.set_pace(2);
  watch.set_heartbeat(1);
  grpc::ClientContext watching;
  watching.AddMetadata("authorization", token);
  watching.set_deadline(deadline);
  auto stream = service->WatchBaskets(&watching, watch);
  for (pb::WatchBasketsResponse message; stream->Read(&message);) {
    if (message.changed_size() == 0) {
      std::puts("nothing new");
      watching.TryCancel();
      break;
    }
    std::printf("changed: %u %.0f\n", message.changed(0), message.baskets().baskets().gex(0));
  }
  return 0;
}
