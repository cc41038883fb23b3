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
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
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

  /** Takes notifications on this machine; {@code good} decides what each is answered with. */
  static final class Receiver {
    /** Longer than a delivery and its first retry, which comes after 15 seconds. */
    private static final int PATIENCE_S = 60;

    private final BlockingQueue<Notice> taken = new LinkedBlockingQueue<>();
    private final HttpServer server;
    volatile Predicate<Notice> good = notice -> true;

    Receiver() throws IOException {
      server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
      server.createContext(
          "/notify",
          exchange -> {
            byte[] bytes = exchange.getRequestBody().readAllBytes();
            String body = new String(bytes, StandardCharsets.UTF_8);
            int status = good.test(new Notice(exchange.getRequestHeaders(), body, 0)) ? 204 : 401;
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
            taken.add(new Notice(exchange.getRequestHeaders(), body, status));
          });
      server.start();
    }

    String url() {
      return "http://127.0.0.1:" + server.getAddress().getPort() + "/notify";
    }

    Notice next() throws InterruptedException {
      Notice notice = taken.poll(PATIENCE_S, TimeUnit.SECONDS);
      must(notice != null, "no notification came");
      return notice;
    }
  }
}
