// The official Java SDK, with the public key and with platform certificates, against a running sandbox: one line of
// JSON for each operation.

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.wechat.pay.java.core.Config;
import com.wechat.pay.java.core.RSAAutoCertificateConfig;
import com.wechat.pay.java.core.RSAPublicKeyConfig;
import com.wechat.pay.java.core.auth.Credential;
import com.wechat.pay.java.core.certificate.AutoCertificateService;
import com.wechat.pay.java.core.cipher.AeadAesCipher;
import com.wechat.pay.java.core.cipher.SignatureResult;
import com.wechat.pay.java.core.cipher.Signer;
import com.wechat.pay.java.core.exception.ServiceException;
import com.wechat.pay.java.core.exception.ValidationException;
import com.wechat.pay.java.core.http.DefaultHttpClientBuilder;
import com.wechat.pay.java.core.http.HttpClient;
import com.wechat.pay.java.core.notification.NotificationConfig;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RequestParam;
import com.wechat.pay.java.core.util.NonceUtil;
import com.wechat.pay.java.service.certificate.CertificateService;
import com.wechat.pay.java.service.payments.app.AppServiceExtension;
import com.wechat.pay.java.service.payments.h5.H5Service;
import com.wechat.pay.java.service.payments.h5.model.H5Info;
import com.wechat.pay.java.service.payments.h5.model.SceneInfo;
import com.wechat.pay.java.service.payments.jsapi.JsapiServiceExtension;
import com.wechat.pay.java.service.payments.jsapi.model.Payer;
import com.wechat.pay.java.service.payments.model.Transaction;
import com.wechat.pay.java.service.payments.nativepay.NativePayService;
import com.wechat.pay.java.service.payments.nativepay.model.Amount;
import com.wechat.pay.java.service.payments.nativepay.model.CloseOrderRequest;
import com.wechat.pay.java.service.payments.nativepay.model.PrepayRequest;
import com.wechat.pay.java.service.payments.nativepay.model.QueryOrderByIdRequest;
import com.wechat.pay.java.service.payments.nativepay.model.QueryOrderByOutTradeNoRequest;
import com.wechat.pay.java.service.payments.nativepay.model.SettleInfo;
import com.wechat.pay.java.service.refund.RefundService;
import com.wechat.pay.java.service.refund.model.AmountReq;
import com.wechat.pay.java.service.refund.model.CreateRequest;
import com.wechat.pay.java.service.refund.model.QueryByOutRefundNoRequest;
import com.wechat.pay.java.service.refund.model.Refund;
import com.wechat.pay.java.service.refund.model.RefundNotification;
import com.wechat.pay.java.service.refund.model.Status;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

public final class Client {
  private static final int TOTAL = 100;

  /** By which the clock is slow. */
  private static final int SKEW_S = 400;

  private static final String ROTATION = "certificate rotated in mid-run";

  /** How the merchant verifies. */
  private enum Kind {
    PUBLIC_KEY("public key"),
    CERTIFICATES("certificates");

    private final String name;

    Kind(String name) {
      this.name = name;
    }
  }

  private interface Operation {
    void tryIt() throws Exception;
  }

  private final Sandbox box;
  private final Kind kind;
  private final Config config;
  private final HttpClient http;
  private final NotificationParser parser;
  private final NativePayService orders;
  private final Products products;
  private final Sandbox.Receiver receiver = new Sandbox.Receiver();
  private boolean failed;
  private String paid;
  private String codeUrl;
  private String transactionId;

  private Client(Sandbox box, Kind kind) throws Exception {
    this.box = box;
    this.kind = kind;
    config = config(box, kind, null);
    http = http(config);
    parser = new NotificationParser((NotificationConfig) config);
    orders = new NativePayService.Builder().httpClient(http).build();
    products = new Products(box, config, http, receiver.url());
  }

  /** The configuration as the SDK's documents make it. Platform certificates are downloaded by it. */
  private static Config config(Sandbox box, Kind kind, PrivateKey another) {
    if (kind == Kind.PUBLIC_KEY) {
      RSAPublicKeyConfig.Builder builder =
          new RSAPublicKeyConfig.Builder()
              .merchantId(box.text("mchid"))
              .privateKeyFromPath(box.file("private_key_file"))
              .publicKeyFromPath(box.file("public_key_file"))
              .publicKeyId(box.text("public_key_id"))
              .merchantSerialNumber(box.text("serial_no"))
              .apiV3Key(box.text("apiv3_key"));
      return another == null ? builder.build() : builder.privateKey(another).build();
    }
    return new RSAAutoCertificateConfig.Builder()
        .merchantId(box.text("mchid"))
        .privateKeyFromPath(box.file("private_key_file"))
        .merchantSerialNumber(box.text("serial_no"))
        .apiV3Key(box.text("apiv3_key"))
        .httpClientBuilder(new DefaultHttpClientBuilder().okHttpClient(box.transport()))
        .build();
  }

  private HttpClient http(Config with) {
    return new DefaultHttpClientBuilder().config(with).okHttpClient(box.transport()).build();
  }

  static String number(String mark) {
    return "JV" + mark + System.nanoTime();
  }

  private PrepayRequest order(String outTradeNo) {
    PrepayRequest order = new PrepayRequest();
    Amount amount = new Amount();
    amount.setTotal(TOTAL);
    order.setAmount(amount);
    order.setAppid(box.text("appid"));
    order.setMchid(box.text("mchid"));
    order.setDescription("一壶茶");
    order.setAttach("桌号 7");
    order.setNotifyUrl(receiver.url());
    order.setOutTradeNo(outTradeNo);
    return order;
  }

  private Transaction query(NativePayService by, String outTradeNo) {
    QueryOrderByOutTradeNoRequest request = new QueryOrderByOutTradeNoRequest();
    request.setMchid(box.text("mchid"));
    request.setOutTradeNo(outTradeNo);
    return by.queryOrderByOutTradeNo(request);
  }

  private <T> T told(Sandbox.Notice notice, String body, Class<T> as) {
    RequestParam param =
        new RequestParam.Builder()
            .serialNumber(notice.header("Wechatpay-Serial"))
            .nonce(notice.header("Wechatpay-Nonce"))
            .signature(notice.header("Wechatpay-Signature"))
            .timestamp(notice.header("Wechatpay-Timestamp"))
            .signType(notice.header("Wechatpay-Signature-Type"))
            .body(body)
            .build();
    return parser.parse(param, as);
  }

  private static void refused(Operation operation, int status, String code) throws Exception {
    try {
      operation.tryIt();
    } catch (ServiceException error) {
      Sandbox.must(error.getHttpStatusCode() == status && code.equals(error.getErrorCode()), error);
      return;
    }
    throw new IllegalStateException("it was not refused with " + status);
  }

  private void placeNative() {
    paid = number("");
    codeUrl = orders.prepay(order(paid)).getCodeUrl();
    Sandbox.must(codeUrl.startsWith("weixin://wxpay/bizpayurl?pr="), codeUrl);
  }

  private void placeJsapi() throws Exception {
    var order = new com.wechat.pay.java.service.payments.jsapi.model.PrepayRequest();
    var amount = new com.wechat.pay.java.service.payments.jsapi.model.Amount();
    amount.setTotal(TOTAL);
    Payer payer = new Payer();
    payer.setOpenid(box.openid(1));
    order.setAmount(amount);
    order.setPayer(payer);
    order.setAppid(box.text("appid"));
    order.setMchid(box.text("mchid"));
    order.setDescription("一壶茶");
    order.setNotifyUrl(receiver.url());
    order.setOutTradeNo(number(""));
    var service = new JsapiServiceExtension.Builder().config(config).httpClient(http).build();
    var placed = service.prepayWithRequestPayment(order);
    Sandbox.must(placed.getPaySign().length() == 344, placed);
    box.pay(placed.getPackageVal(), 1);
    Transaction told = told(receiver.next());
    Sandbox.must(box.openid(1).equals(told.getPayer().getOpenid()), told);
  }

  private Transaction told(Sandbox.Notice notice) {
    return told(notice, notice.body(), Transaction.class);
  }

  private void placeApp() {
    var order = new com.wechat.pay.java.service.payments.app.model.PrepayRequest();
    var amount = new com.wechat.pay.java.service.payments.app.model.Amount();
    amount.setTotal(TOTAL);
    order.setAmount(amount);
    order.setAppid(box.text("appid"));
    order.setMchid(box.text("mchid"));
    order.setDescription("一壶茶");
    order.setNotifyUrl(receiver.url());
    order.setOutTradeNo(number(""));
    var service = new AppServiceExtension.Builder().config(config).httpClient(http).build();
    var placed = service.prepayWithRequestPayment(order);
    Sandbox.must(placed.getPrepayId().length() == 36, placed);
  }

  private void placeH5() {
    var order = new com.wechat.pay.java.service.payments.h5.model.PrepayRequest();
    var amount = new com.wechat.pay.java.service.payments.h5.model.Amount();
    amount.setTotal(TOTAL);
    H5Info kindOfPage = new H5Info();
    kindOfPage.setType("Wap");
    SceneInfo scene = new SceneInfo();
    scene.setPayerClientIp("127.0.0.1");
    scene.setH5Info(kindOfPage);
    order.setAmount(amount);
    order.setSceneInfo(scene);
    order.setAppid(box.text("appid"));
    order.setMchid(box.text("mchid"));
    order.setDescription("一壶茶");
    order.setNotifyUrl(receiver.url());
    order.setOutTradeNo(number(""));
    var placed = new H5Service.Builder().httpClient(http).build().prepay(order);
    Sandbox.must(placed.getH5Url().startsWith("http"), placed);
  }

  private void again() throws Exception {
    PrepayRequest order = order(number(""));
    String first = orders.prepay(order).getCodeUrl();
    Sandbox.must(!first.equals(orders.prepay(order).getCodeUrl()), "the same code twice");
    order.setDescription("two");
    refused(() -> orders.prepay(order), 400, "INVALID_REQUEST");
  }

  private void callback() throws Exception {
    box.pay(codeUrl, 0);
    Sandbox.Notice notice = receiver.next();
    Transaction told = told(notice);
    Sandbox.must(paid.equals(told.getOutTradeNo()), told);
    Sandbox.must(told.getTradeState() == Transaction.TradeStateEnum.SUCCESS, told);
    try {
      told(notice, notice.body().replace("支付", "支出"), Transaction.class);
    } catch (ValidationException expected) {
      return;
    }
    throw new IllegalStateException("altered and believed");
  }

  private void queries() {
    Transaction found = query(orders, paid);
    Sandbox.must(found.getTradeState() == Transaction.TradeStateEnum.SUCCESS, found);
    Sandbox.must("桌号 7".equals(found.getAttach()), found);
    transactionId = found.getTransactionId();
    QueryOrderByIdRequest request = new QueryOrderByIdRequest();
    request.setMchid(box.text("mchid"));
    request.setTransactionId(transactionId);
    Sandbox.must(paid.equals(orders.queryOrderById(request).getOutTradeNo()), "another order");
  }

  private void refund() throws Exception {
    CreateRequest request = new CreateRequest();
    AmountReq amount = new AmountReq();
    amount.setRefund(40L);
    amount.setTotal((long) TOTAL);
    amount.setCurrency("CNY");
    request.setAmount(amount);
    request.setTransactionId(transactionId);
    request.setOutRefundNo(number("R@"));
    request.setReason("凉了");
    RefundService service = new RefundService.Builder().httpClient(http).build();
    Sandbox.must(service.create(request).getRefundId().length() == 29, "refund_id");
    QueryByOutRefundNoRequest query = new QueryByOutRefundNoRequest();
    query.setOutRefundNo(request.getOutRefundNo());
    Refund found = service.queryByOutRefundNo(query);
    Sandbox.must(found.getStatus() == Status.SUCCESS && found.getAmount().getRefund() == 40, found);
    Sandbox.Notice notice = receiver.next();
    RefundNotification told = told(notice, notice.body(), RefundNotification.class);
    Sandbox.must(told.getRefundStatus() == Status.SUCCESS, told);
    Sandbox.must(request.getOutRefundNo().equals(told.getOutRefundNo()), told);
  }

  private void close() {
    String outTradeNo = number("");
    orders.prepay(order(outTradeNo));
    CloseOrderRequest request = new CloseOrderRequest();
    request.setMchid(box.text("mchid"));
    request.setOutTradeNo(outTradeNo);
    orders.closeOrder(request);
    orders.closeOrder(request);
    Transaction found = query(orders, outTradeNo);
    Sandbox.must(found.getTradeState() == Transaction.TradeStateEnum.CLOSED, found);
  }

  private void strangeNumber() {
    String outTradeNo = number("|*_-");
    orders.prepay(order(outTradeNo));
    Transaction found = query(orders, outTradeNo);
    Sandbox.must(found.getTradeState() == Transaction.TradeStateEnum.NOTPAY, found);
  }

  private void wrongKey() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    Config stranger = config(box, Kind.PUBLIC_KEY, generator.generateKeyPair().getPrivate());
    NativePayService other = new NativePayService.Builder().httpClient(http(stranger)).build();
    refused(() -> query(other, number("")), 401, "SIGN_ERROR");
  }

  /** What the SDK's own credential writes, with another time: the place it has for another credential. */
  private record Late(Credential usual, Signer signer) implements Credential {
    @Override
    public String getSchema() {
      return usual.getSchema();
    }

    @Override
    public String getMerchantId() {
      return usual.getMerchantId();
    }

    @Override
    public String getAuthorization(URI uri, String method, String body) {
      long timestamp = Instant.now().getEpochSecond() - SKEW_S;
      String nonce = NonceUtil.createNonce(32);
      String target = uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
      SignatureResult signed =
          signer.sign(String.join("\n", method, target, "" + timestamp, nonce, body) + "\n");
      String form = "%s mchid=\"%s\",nonce_str=\"%s\",timestamp=\"%d\",serial_no=\"%s\",signature=\"%s\"";
      String serial = signed.getCertificateSerialNumber();
      return form.formatted(getSchema(), getMerchantId(), nonce, timestamp, serial, signed.getSign());
    }
  }

  private void skewedClock() throws Exception {
    Credential late = new Late(config.createCredential(), config.createSigner());
    HttpClient slow =
        new DefaultHttpClientBuilder()
            .config(config)
            .credential(late)
            .okHttpClient(box.transport())
            .build();
    NativePayService other = new NativePayService.Builder().httpClient(slow).build();
    refused(() -> query(other, number("")), 401, "SIGN_ERROR");
  }

  private void transfer() throws Exception {
    String outBillNo = products.transfer();
    Sandbox.Notice notice = receiver.next();
    JsonObject told = told(notice, notice.body(), JsonObject.class);
    Sandbox.must(outBillNo.equals(told.get("out_bill_no").getAsString()), told);
    Sandbox.must("SUCCESS".equals(told.get("state").getAsString()), told);
  }

  private void cancelTransfer() throws Exception {
    products.cancelTransfer();
    Sandbox.Notice notice = receiver.next();
    JsonObject told = told(notice, notice.body(), JsonObject.class);
    Sandbox.must("CANCELLED".equals(told.get("state").getAsString()), told);
  }

  private void profitSharing() throws Exception {
    products.addReceiver();
    PrepayRequest order = order(number(""));
    SettleInfo settle = new SettleInfo();
    settle.setProfitSharing(true);
    order.setSettleInfo(settle);
    box.pay(orders.prepay(order).getCodeUrl(), 0);
    String id = told(receiver.next()).getTransactionId();
    box.nextMinute();
    products.share(id);
    products.unfreeze(id);
  }

  private void combine() throws Exception {
    String whole = products.combine();
    Sandbox.Notice notice = receiver.next();
    JsonObject told = told(notice, notice.body(), JsonObject.class);
    Sandbox.must(whole.equals(told.get("combine_out_trade_no").getAsString()), told);
  }

  private Sandbox.Notice paidNotice() throws Exception {
    box.pay(orders.prepay(order(number(""))).getCodeUrl(), 0);
    return receiver.next();
  }

  /** The SDK downloads certificates by itself: each hour, here each second. What the old one has signed stays good. */
  private void rotation() throws Exception {
    Sandbox.Notice before = paidNotice();
    told(before);
    String[] listed = box.replaceCertificate("rotate");
    query(orders, paid);
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(Sandbox.Receiver.PATIENCE_S);
    while (AutoCertificateService.getCertificate(box.text("mchid"), "RSA", listed[1]) == null) {
      Sandbox.must(System.nanoTime() < until, "it was not downloaded");
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
    box.replaceCertificate("switch");
    query(orders, paid);
    Sandbox.Notice after = paidNotice();
    told(after);
    told(before);
    Sandbox.must(listed[0].equals(before.header("Wechatpay-Serial")), before.headers());
    Sandbox.must(listed[1].equals(after.header("Wechatpay-Serial")), after.headers());
    cancelTransfer();
  }

  private void certificates() {
    CertificateService service = new CertificateService.Builder().httpClient(http).build();
    AeadAesCipher cipher = new AeadAesCipher(box.text("apiv3_key").getBytes(StandardCharsets.UTF_8));
    List<X509Certificate> found = service.downloadCertificate(cipher);
    Sandbox.must(!found.isEmpty(), "no certificate");
  }

  /** A deliberately wrong signature is refused, and the right one follows. */
  private void probe() throws Exception {
    box.fault("signature_probe");
    receiver.good =
        notice -> {
          try {
            return told(notice) != null;
          } catch (RuntimeException error) {
            return false;
          }
        };
    box.pay(orders.prepay(order(number(""))).getCodeUrl(), 0);
    int[] statuses = {receiver.next().status(), receiver.next().status()};
    receiver.good = notice -> true;
    Sandbox.must(statuses[0] == 401 && statuses[1] == 204, statuses[0] + ", " + statuses[1]);
  }

  private JsonObject found(String operation) {
    JsonObject found = new JsonObject();
    found.addProperty("client", "wechatpay-java (" + kind.name + ")");
    found.addProperty("operation", operation);
    return found;
  }

  /** The SDK has no such operation. */
  private void cannot(String operation, String why) {
    JsonObject found = found(operation);
    found.add("ok", JsonNull.INSTANCE);
    found.addProperty("why", why);
    System.out.println(found);
  }

  private void check(String operation, Operation tried) {
    JsonObject found = found(operation);
    try {
      tried.tryIt();
      found.addProperty("ok", true);
    } catch (Exception error) {
      failed = true;
      found.addProperty("ok", false);
      found.addProperty("why", error.toString());
    }
    System.out.println(found);
  }

  private boolean run() {
    check("native", this::placeNative);
    check("jsapi, paySign", this::placeJsapi);
    check("app", this::placeApp);
    check("h5", this::placeH5);
    check("place again", this::again);
    check("callback", this::callback);
    check("query by both numbers", this::queries);
    check("refund, query, callback", this::refund);
    check("transfer, query, callback", this::transfer);
    check("transfer, cancel", this::cancelTransfer);
    check("profit sharing", this::profitSharing);
    check("combine, query, callback", this::combine);
    check("combine, close", products::closeCombined);
    check("close", this::close);
    check("number with | and *", this::strangeNumber);
    check("unknown order", () -> refused(() -> query(orders, number("")), 404, "ORDER_NOT_EXIST"));
    check("trade bill, fund flow bill, download", () -> {
      String date = query(orders, paid).getSuccessTime().substring(0, 10);
      products.bills(date, transactionId);
    });
    check("wrong key", this::wrongKey);
    check("skewed clock", this::skewedClock);
    check("certificates", this::certificates);
    // Fifteen seconds between the two notifications: once is enough.
    if (kind == Kind.PUBLIC_KEY) {
      check("signature probe", this::probe);
      cannot(ROTATION, "verifies with the public key, which stays");
    } else {
      check(ROTATION, this::rotation);
    }
    return failed;
  }

  public static void main(String[] arguments) throws Exception {
    Sandbox box = new Sandbox(Path.of(System.getenv("TONGBAO_SANDBOX")));
    boolean failed = false;
    AutoCertificateService.start(Duration.ofSeconds(1));
    for (Kind kind : Kind.values()) failed |= new Client(box, kind).run();
    System.exit(failed ? 1 : 0);
  }
}
