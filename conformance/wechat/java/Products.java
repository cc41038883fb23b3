// What a shop does beside single orders: transfers, profit sharing, combined orders, bills. Where the SDK has no service,
// its HTTP client signs, sends and verifies.

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.wechat.pay.java.core.Config;
import com.wechat.pay.java.core.cipher.PrivacyEncryptor;
import com.wechat.pay.java.core.exception.ServiceException;
import com.wechat.pay.java.core.http.HttpClient;
import com.wechat.pay.java.core.http.HttpHeaders;
import com.wechat.pay.java.core.http.JsonRequestBody;
import com.wechat.pay.java.core.http.UrlEncoder;
import com.wechat.pay.java.service.billdownload.BillDownloadServiceExtension;
import com.wechat.pay.java.service.billdownload.DigestBillEntity;
import com.wechat.pay.java.service.billdownload.model.GetFundFlowBillRequest;
import com.wechat.pay.java.service.billdownload.model.GetTradeBillRequest;
import com.wechat.pay.java.service.billdownload.model.TarType;
import com.wechat.pay.java.service.profitsharing.ProfitsharingService;
import com.wechat.pay.java.service.profitsharing.model.AddReceiverRequest;
import com.wechat.pay.java.service.profitsharing.model.CreateOrderReceiver;
import com.wechat.pay.java.service.profitsharing.model.CreateOrderRequest;
import com.wechat.pay.java.service.profitsharing.model.DeleteReceiverRequest;
import com.wechat.pay.java.service.profitsharing.model.DetailStatus;
import com.wechat.pay.java.service.profitsharing.model.OrdersEntity;
import com.wechat.pay.java.service.profitsharing.model.QueryOrderAmountRequest;
import com.wechat.pay.java.service.profitsharing.model.QueryOrderRequest;
import com.wechat.pay.java.service.profitsharing.model.ReceiverRelationType;
import com.wechat.pay.java.service.profitsharing.model.ReceiverType;
import com.wechat.pay.java.service.profitsharing.model.UnfreezeOrderRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

final class Products {
  private static final String OFFICIAL = "https://api.mch.weixin.qq.com";
  private static final String BILLS = "/v3/fund-app/mch-transfer/transfer-bills";
  private static final String COMBINE = "/v3/combine-transactions";

  private final Sandbox box;
  private final Config config;
  private final HttpClient http;
  private final String notifyUrl;

  Products(Sandbox box, Config config, HttpClient http, String notifyUrl) {
    this.box = box;
    this.config = config;
    this.http = http;
    this.notifyUrl = notifyUrl;
  }

  private static HttpHeaders headers() {
    HttpHeaders headers = new HttpHeaders();
    headers.addHeader("Accept", "application/json");
    headers.addHeader("Content-Type", "application/json");
    return headers;
  }

  private JsonObject get(String path) {
    return http.get(headers(), OFFICIAL + path, JsonObject.class).getServiceResponse();
  }

  private JsonObject post(String path, Map<String, ?> body) {
    return post(headers(), path, body);
  }

  private JsonObject post(HttpHeaders headers, String path, Map<String, ?> body) {
    JsonRequestBody json = new JsonRequestBody.Builder().body(new Gson().toJson(body)).build();
    return http.post(headers, OFFICIAL + path, json, JsonObject.class).getServiceResponse();
  }

  private static String text(JsonObject found, String name) {
    return found.get(name).getAsString();
  }

  /** A transfer that waits for its recipient; its number and what the recipient confirms it with. */
  String[] offer() {
    String outBillNo = Client.number("");
    PrivacyEncryptor encryptor = config.createEncryptor();
    HttpHeaders headers = headers();
    headers.addHeader("Wechatpay-Serial", encryptor.getWechatpaySerial());
    Map<String, ?> info = Map.of("info_type", "活动名称", "info_content", "新会员有礼");
    Map<String, ?> asked =
        Map.of(
            "appid", box.text("appid"),
            "out_bill_no", outBillNo,
            "transfer_scene_id", "1000",
            "openid", box.openid(0),
            "user_name", encryptor.encrypt("张三"),
            "transfer_amount", 30,
            "transfer_remark", "报销",
            "notify_url", notifyUrl,
            "transfer_scene_report_infos", List.of(info));
    JsonObject made = post(headers, BILLS, asked);
    Sandbox.must("WAIT_USER_CONFIRM".equals(text(made, "state")), made);
    return new String[] {outBillNo, text(made, "package_info")};
  }

  /** A transfer that was confirmed; its number. */
  String transfer() throws IOException {
    String[] made = offer();
    box.confirm(made[1], 0);
    JsonObject found = get(BILLS + "/out-bill-no/" + UrlEncoder.urlEncode(made[0]));
    Sandbox.must("SUCCESS".equals(text(found, "state")), found);
    Sandbox.must("张三".equals(config.createDecryptor().decrypt(text(found, "user_name"))), found);
    return made[0];
  }

  void cancelTransfer() {
    String path = BILLS + "/out-bill-no/" + UrlEncoder.urlEncode(offer()[0]) + "/cancel";
    JsonObject done = post(path, Map.of());
    Sandbox.must("CANCELLED".equals(text(done, "state")), done);
  }

  private ProfitsharingService sharing() {
    return new ProfitsharingService.Builder()
        .httpClient(http)
        .encryptor(config.createEncryptor())
        .decryptor(config.createDecryptor())
        .build();
  }

  void addReceiver() {
    AddReceiverRequest added = new AddReceiverRequest();
    added.setAppid(box.text("appid"));
    added.setType(ReceiverType.PERSONAL_OPENID);
    added.setAccount(box.openid(1));
    added.setName("李四");
    added.setRelationType(ReceiverRelationType.STAFF);
    Sandbox.must("李四".equals(sharing().addReceiver(added).getName()), "another name");
  }

  void share(String transactionId) {
    CreateOrderReceiver receiver = new CreateOrderReceiver();
    receiver.setType("PERSONAL_OPENID");
    receiver.setAccount(box.openid(1));
    receiver.setName("李四");
    receiver.setAmount(30L);
    receiver.setDescription("提成");
    CreateOrderRequest asked = new CreateOrderRequest();
    asked.setAppid(box.text("appid"));
    asked.setTransactionId(transactionId);
    asked.setOutOrderNo(Client.number("@"));
    asked.setReceivers(List.of(receiver));
    asked.setUnfreezeUnsplit(false);
    OrdersEntity shared = sharing().createOrder(asked);
    Sandbox.must(shared.getReceivers().get(0).getResult() == DetailStatus.SUCCESS, shared);
    QueryOrderRequest query = new QueryOrderRequest();
    query.setTransactionId(transactionId);
    query.setOutOrderNo(asked.getOutOrderNo());
    Sandbox.must(shared.getOrderId().equals(sharing().queryOrder(query).getOrderId()), "another");
  }

  void unfreeze(String transactionId) {
    QueryOrderAmountRequest left = new QueryOrderAmountRequest();
    left.setTransactionId(transactionId);
    Sandbox.must(sharing().queryOrderAmount(left).getUnsplitAmount() == 69, "another sum");
    UnfreezeOrderRequest rest = new UnfreezeOrderRequest();
    rest.setTransactionId(transactionId);
    rest.setOutOrderNo(Client.number(""));
    rest.setDescription("解冻全部剩余资金");
    OrdersEntity done = sharing().unfreezeOrder(rest);
    Sandbox.must(done.getReceivers().get(0).getAmount() == 69, done);
    DeleteReceiverRequest deleted = new DeleteReceiverRequest();
    deleted.setAppid(box.text("appid"));
    deleted.setType(ReceiverType.PERSONAL_OPENID);
    deleted.setAccount(box.openid(1));
    Sandbox.must(box.openid(1).equals(sharing().deleteReceiver(deleted).getAccount()), "another");
  }

  private Map<String, ?> part() {
    return Map.of(
        "mchid", box.text("mchid"),
        "attach", "桌号 7",
        "description", "一壶茶",
        "out_trade_no", Client.number(""),
        "amount", Map.of("total_amount", 50, "currency", "CNY"));
  }

  /** A combined order of these parts; what pays it. */
  private String placeCombined(String whole, List<Map<String, ?>> parts) {
    Map<String, ?> asked =
        Map.of(
            "combine_appid", box.text("appid"),
            "combine_mchid", box.text("mchid"),
            "combine_out_trade_no", whole,
            "sub_orders", parts,
            "notify_url", notifyUrl);
    return text(post(COMBINE + "/native", asked), "code_url");
  }

  private void findCombined(String whole, String state) {
    JsonObject found = get(COMBINE + "/out-trade-no/" + UrlEncoder.urlEncode(whole));
    JsonArray parts = found.getAsJsonArray("sub_orders");
    for (JsonElement part : parts) {
      Sandbox.must(state.equals(text(part.getAsJsonObject(), "trade_state")), found);
    }
    Sandbox.must(parts.size() == 2 && whole.equals(text(found, "combine_out_trade_no")), found);
  }

  /** A combined order that was paid; its number. */
  String combine() throws IOException {
    String whole = Client.number("C");
    box.pay(placeCombined(whole, List.of(part(), part())), 0);
    findCombined(whole, "SUCCESS");
    return whole;
  }

  void closeCombined() {
    String whole = Client.number("C");
    List<Map<String, ?>> parts = List.of(part(), part());
    placeCombined(whole, parts);
    List<Map<String, Object>> named =
        parts.stream()
            .map(part -> Map.<String, Object>of(
                "mchid", part.get("mchid"), "out_trade_no", part.get("out_trade_no")))
            .toList();
    String path = COMBINE + "/out-trade-no/" + UrlEncoder.urlEncode(whole) + "/close";
    String appid = box.text("appid");
    try {
      post(path, Map.of("combine_appid", appid, "sub_orders", named.subList(0, 1)));
      throw new IllegalStateException("a part was closed alone");
    } catch (ServiceException error) {
      Sandbox.must("INVALID_REQUEST".equals(error.getErrorCode()), error);
    }
    post(path, Map.of("combine_appid", appid, "sub_orders", named));
    findCombined(whole, "CLOSED");
  }

  void bills(String date, String transactionId) throws IOException {
    box.nextDay();
    BillDownloadServiceExtension service =
        new BillDownloadServiceExtension.Builder()
            .httpClient(http)
            .decryptor(config.createDecryptor())
            .build();
    GetTradeBillRequest trade = new GetTradeBillRequest();
    trade.setBillDate(date);
    trade.setTarType(TarType.GZIP);
    GetFundFlowBillRequest flows = new GetFundFlowBillRequest();
    flows.setBillDate(date);
    for (DigestBillEntity bill :
        List.of(service.getTradeBill(trade), service.getFundFlowBill(flows))) {
      try (InputStream stream = bill.getInputStream()) {
        String lines = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        Sandbox.must(bill.verifyHash(), "another digest");
        Sandbox.must(lines.contains(",`" + transactionId + ",`"), lines);
      }
    }
  }
}
