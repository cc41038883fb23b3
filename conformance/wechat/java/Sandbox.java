// The sandbox, by its file: its keys, its phone, the SDK's transport with another host, and a receiver.

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

final class Sandbox {
  private final Path directory;
  private final JsonObject file;
  final JsonObject wechat;
  final HttpUrl api;
  private final OkHttpClient own = new OkHttpClient();

  Sandbox(Path path) throws IOException {
    directory = path.toAbsolutePath().getParent();
    file = new Gson().fromJson(Files.readString(path), JsonObject.class);
    wechat = file.getAsJsonObject("wechat");
    api = HttpUrl.get(file.get("api").getAsString());
  }

  String text(String name) {
    return wechat.get(name).getAsString();
  }

  String file(String name) {
    return directory.resolve(text(name)).toString();
  }

  String openid(int payer) {
    return wechat.getAsJsonArray("openids").get(payer).getAsJsonObject().get("openid").getAsString();
  }

  private JsonObject ask(String path, JsonObject body) throws IOException {
    RequestBody sent = RequestBody.create(body.toString(), MediaType.get("application/json"));
    Request request = new Request.Builder().url(api.resolve(path)).post(sent).build();
    try (Response answer = own.newCall(request).execute()) {
      String text = answer.body().string();
      must(answer.isSuccessful(), path + ": " + answer.code() + " " + text);
      return new Gson().fromJson(text, JsonObject.class);
    }
  }

  void pay(String code, int payer) throws IOException {
    JsonObject body = new JsonObject();
    JsonObject found = file.getAsJsonArray("payers").get(payer).getAsJsonObject();
    body.addProperty("payer", found.get("id").getAsString());
    body.addProperty("code", code);
    must(ask("/sandbox/phone/pay", body).get("paid").getAsBoolean(), "it was not paid");
  }

  void fault(String name) throws IOException {
    JsonObject body = new JsonObject();
    body.addProperty("fault", name);
    ask("/sandbox/faults", body);
  }

  void confirm(String transfer, int payer) throws IOException {
    JsonObject body = new JsonObject();
    JsonObject found = file.getAsJsonArray("payers").get(payer).getAsJsonObject();
    body.addProperty("payer", found.get("id").getAsString());
    body.addProperty("package", transfer);
    ask("/sandbox/phone/confirm-transfer", body);
  }

  /** How many notifications are on their way. */
  private int due() throws IOException {
    Request request =
        new Request.Builder()
            .url(api.resolve("/v1/deliveries?status=due"))
            .header("Authorization", "Bearer " + file.get("secret_key").getAsString())
            .build();
    try (Response answer = own.newCall(request).execute()) {
      return new Gson()
          .fromJson(answer.body().string(), JsonObject.class)
          .getAsJsonArray("data")
          .size();
    }
  }

  /** Moves the clock once what was sent is noted as sent: else its lease ends, and it is sent again. */
  private void advance(int seconds) throws IOException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(Receiver.PATIENCE_S);
    while (due() > 0 && System.nanoTime() < until) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
    JsonObject body = new JsonObject();
    body.addProperty("advance_s", seconds);
    ask("/sandbox/clock", body);
  }

  /** Moves the clock on: nothing is shared in the first minute after a payment. */
  void nextMinute() throws IOException {
    advance(61);
  }

  /** Moves the clock beyond the day, and an hour more: bills are not made at midnight. */
  void nextDay() throws IOException {
    advance(25 * 3_600);
  }

  /** Makes the next platform certificate ("rotate"), or lets it sign ("switch"). Both are listed, the old one first. */
  String[] replaceCertificate(String step) throws IOException {
    JsonObject body = new JsonObject();
    body.addProperty("step", step);
    JsonObject found = ask("/sandbox/wechat/platform-certificate", body);
    return new Gson().fromJson(found.get("listed"), String[].class);
  }

  /** A transport that leads here. The signature is over the path, so another host leaves it good. */
  OkHttpClient transport() {
    return new OkHttpClient.Builder()
        .addInterceptor(
            chain -> {
              HttpUrl asked = chain.request().url();
              HttpUrl here =
                  asked.newBuilder().scheme(api.scheme()).host(api.host()).port(api.port()).build();
              return chain.proceed(chain.request().newBuilder().url(here).build());
            })
        .build();
  }

  static void must(boolean holds, Object why) {
    if (!holds) throw new IllegalStateException(String.valueOf(why));
  }

  /** A notification as it came. */
  record Notice(Headers headers, String body, int status) {
    String header(String name) {
      return headers.getFirst(name);
    }
  }

  /**
   * Takes notifications on this machine; {@code good} decides what each is answered with. Its path is its own: what was
   * meant for a client before, whose port this is now, is not taken. Nor is what was taken already and is sent again,
   * as it may be.
   */
  static final class Receiver {
    /** Longer than a delivery and its first retry, which comes after 15 seconds. */
    static final int PATIENCE_S = 60;

    private final BlockingQueue<Notice> taken = new LinkedBlockingQueue<>();
    private final Set<String> known = ConcurrentHashMap.newKeySet();
    private final String path = "/notify/" + UUID.randomUUID();
    private final HttpServer server;
    volatile Predicate<Notice> good = notice -> true;

    Receiver() throws IOException {
      server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
      server.createContext(
          path,
          exchange -> {
            byte[] bytes = exchange.getRequestBody().readAllBytes();
            String body = new String(bytes, StandardCharsets.UTF_8);
            String id = new Gson().fromJson(body, JsonObject.class).get("id").getAsString();
            if (known.contains(id)) {
              exchange.sendResponseHeaders(204, -1);
              exchange.close();
              return;
            }
            int status = good.test(new Notice(exchange.getRequestHeaders(), body, 0)) ? 204 : 401;
            if (status == 204) known.add(id);
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
            taken.add(new Notice(exchange.getRequestHeaders(), body, status));
          });
      server.start();
    }

    String url() {
      return "http://127.0.0.1:" + server.getAddress().getPort() + path;
    }

    Notice next() throws InterruptedException {
      Notice notice = taken.poll(PATIENCE_S, TimeUnit.SECONDS);
      must(notice != null, "no notification came");
      return notice;
    }
  }
}
