// A basket, and then the same basket as it changes.
import basketgex.v1.BatchGetBasketsRequest;
import basketgex.v1.ExposureServiceGrpc;
import basketgex.v1.GetBasketRequest;
import basketgex.v1.WatchBasketsRequest;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public final class Client {
    static String find(String json, String pattern) {
        Matcher found = Pattern.compile(pattern).matcher(json);
        return found.find() ? found.group(1) : "";
    }

    /**
     * A server that was killed leaves its runtime file, and another program may have its port. Java cannot see the server's lock on
     * every platform: the process that the file names lives, and is older than the file, only where it is the server itself.
     */
    static boolean alive(Path runtime, String pid) throws Exception {
        Instant written = Files.getLastModifiedTime(runtime).toInstant();
        return ProcessHandle.of(Long.parseLong(pid))
            .flatMap(process -> process.info().startInstant())
            .filter(started -> started.isBefore(written.plusSeconds(2))) // the start is known to a second
            .isPresent();
    }

    public static void main(String[] arguments) throws Exception {
        String named = System.getenv("BASKETGEX_HOME");
        Path home = named != null ? Path.of(named)
            : Path.of(System.getProperty("user.home"), ".local", "share", "basketgex");
        Path runtime = home.resolve("runtime.json");
        String said = Files.exists(runtime) ? Files.readString(runtime) : "";
        String address = find(said, "\"grpc\": \"([^\"]+)\"");
        if (address.isEmpty() || !alive(runtime, find(said, "\"pid\": (\\d+)"))) {
            throw new IllegalStateException("No server runs: start one with basketgex serve.");
        }
        Metadata metadata = new Metadata();
        metadata.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
            "Bearer " + Files.readString(home.resolve("token")).strip());

        ManagedChannel channel = ManagedChannelBuilder.forTarget(address).usePlaintext()
            .proxyDetector(target -> null)
            .keepAliveTime(30, TimeUnit.SECONDS)
            .maxInboundMessageSize(64 << 20)
            .build();
        var service = ExposureServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
        List<String> symbols = List.of("AAPL", "MSFT", "NVDA");
        List<Double> weights = List.of(0.4, 0.3, 0.3);

        var reply = service.withDeadlineAfter(30, TimeUnit.SECONDS)
            .getBasket(GetBasketRequest.newBuilder().addAllSymbols(symbols).addAllWeights(weights).build());
        System.out.printf("net GEX %.1f m USD per 1 %% (%s)%n",
            reply.getBasket().getNet().getGex() / 1e6, reply.getOrigin().getLabel());
        reply.getBasket().getConstituentsList().forEach(name -> System.out.printf("%s %.1f %s%n",
            name.getSymbol(), name.getNet().getGex() / 1e6, name.getRegime()));

        var baskets = BatchGetBasketsRequest.newBuilder().addAllSymbols(symbols).addAllWeights(weights)
            .addAllOffsets(List.of(0, 3)).addAllSymbolIndex(List.of(0, 1, 2)).build();
        var messages = service.withDeadlineAfter(30, TimeUnit.SECONDS).watchBaskets(
            WatchBasketsRequest.newBuilder().setBaskets(baskets).setPace(2).setHeartbeat(1).build());
        while (messages.hasNext()) {
            var message = messages.next();
            if (message.getChangedCount() == 0) {
                System.out.println("nothing new");
                break;
            }
            System.out.printf("changed: %s %.0f%n", message.getChangedList(), message.getBaskets().getBaskets().getGex(0));
        }
        channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
}
