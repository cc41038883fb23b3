// The official Go SDK, with the public key and with platform certificates, against a running sandbox: one line of JSON
// for each operation.
package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/certificates"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/app"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

const total = int64(100)

// Whether the environment leads to `tongbao wechat proxy`, so that the SDK is left as it is.
var throughProxy = os.Getenv("HTTPS_PROXY") != ""

// Shop is a merchant with a client.
type Shop struct {
	box      *Sandbox
	client   *core.Client
	handler  *notify.Handler
	receiver *Receiver
	// renew downloads the platform's certificates as the SDK's manager does once a day; nil without certificates.
	renew func(context.Context)
	paid  string
	code  string
	id    string
}

func number(mark string) string {
	return fmt.Sprintf("GO%s%d", mark, time.Now().UnixNano())
}

func must(holds bool, why any) error {
	if holds {
		return nil
	}
	return fmt.Errorf("%v", why)
}

// trust is how a merchant verifies.
type trust struct {
	cipher   core.ClientOption
	verifier auth.Verifier
	renew    func(context.Context)
}

// byPublicKey verifies with the platform's public key.
func byPublicKey(box *Sandbox, key *rsa.PrivateKey, _ core.ClientOption) (*trust, error) {
	public, err := utils.LoadPublicKeyWithPath(box.file(box.Wechat.PublicKeyFile))
	if err != nil {
		return nil, err
	}
	shop := box.Wechat
	verifier := verifiers.NewSHA256WithRSAPubkeyVerifier(shop.PublicKeyID, *public)
	cipher := option.WithWechatPayPublicKeyAuthCipher(shop.Mchid, shop.SerialNo, key, shop.PublicKeyID, public)
	return &trust{cipher: cipher, verifier: verifier}, nil
}

// byCertificates downloads the platform's certificates first, as the SDK does by itself; only the transport differs.
func byCertificates(box *Sandbox, key *rsa.PrivateKey, there core.ClientOption) (*trust, error) {
	shop := box.Wechat
	signer := option.WithMerchantCredential(shop.Mchid, shop.SerialNo, key)
	ctx := context.Background()
	client, err := core.NewClient(ctx, signer, option.WithoutValidator(), there)
	if err != nil {
		return nil, err
	}
	manager := downloader.NewCertificateDownloaderMgr(ctx)
	if err := manager.RegisterDownloaderWithClient(ctx, client, shop.Mchid, shop.APIv3Key); err != nil {
		return nil, err
	}
	verifier := verifiers.NewSHA256WithRSAVerifier(manager.GetCertificateVisitor(shop.Mchid))
	cipher := option.WithWechatPayAutoAuthCipherUsingDownloaderMgr(shop.Mchid, shop.SerialNo, key, manager)
	return &trust{cipher: cipher, verifier: verifier, renew: manager.DownloadCertificates}, nil
}

// untouched is what the SDK's documents tell: nothing leads it here but the environment.
func untouched(box *Sandbox, key *rsa.PrivateKey, _ core.ClientOption) (*trust, error) {
	shop, manager := box.Wechat, downloader.MgrInstance()
	cipher := option.WithWechatPayAutoAuthCipher(shop.Mchid, shop.SerialNo, key, shop.APIv3Key)
	verifier := verifiers.NewSHA256WithRSAVerifier(manager.GetCertificateVisitor(shop.Mchid))
	return &trust{cipher: cipher, verifier: verifier, renew: manager.DownloadCertificates}, nil
}

type mode func(*Sandbox, *rsa.PrivateKey, core.ClientOption) (*trust, error)

func openShop(box *Sandbox, by mode) (*Shop, error) {
	key, err := utils.LoadPrivateKeyWithPath(box.file(box.Wechat.PrivateKeyFile))
	if err != nil {
		return nil, err
	}
	api, err := url.Parse(box.API)
	if err != nil {
		return nil, err
	}
	there := option.WithHTTPClient(&http.Client{Transport: elsewhere{api}, Timeout: patience})
	trusted, err := by(box, key, there)
	if err != nil {
		return nil, err
	}
	options := []core.ClientOption{trusted.cipher, there}
	if throughProxy {
		options = options[:1]
	}
	client, err := core.NewClient(context.Background(), options...)
	if err != nil {
		return nil, err
	}
	handler, err := notify.NewRSANotifyHandler(box.Wechat.APIv3Key, trusted.verifier)
	if err != nil {
		return nil, err
	}
	receiver, err := receive()
	return &Shop{box: box, client: client, handler: handler, receiver: receiver, renew: trusted.renew}, err
}

func (shop *Shop) native(ctx context.Context, outTradeNo string) (string, error) {
	return shop.nativeWith(ctx, outTradeNo, nil)
}

func (shop *Shop) nativeWith(ctx context.Context, outTradeNo string, settle *native.SettleInfo) (string, error) {
	wechat := shop.box.Wechat
	service := native.NativeApiService{Client: shop.client}
	placed, _, err := service.Prepay(ctx, native.PrepayRequest{
		Appid:       core.String(wechat.Appid),
		Mchid:       core.String(wechat.Mchid),
		Description: core.String("一壶茶"),
		OutTradeNo:  core.String(outTradeNo),
		TimeExpire:  core.Time(time.Now().Add(time.Hour)),
		Attach:      core.String("桌号 7"),
		NotifyUrl:   core.String(shop.receiver.URL),
		Amount:      &native.Amount{Total: core.Int64(total), Currency: core.String("CNY")},
		SettleInfo:  settle,
	})
	if err != nil {
		return "", err
	}
	return *placed.CodeUrl, nil
}

func (shop *Shop) query(ctx context.Context, outTradeNo string) (*payments.Transaction, error) {
	service := native.NativeApiService{Client: shop.client}
	mchid := core.String(shop.box.Wechat.Mchid)
	found, _, err := service.QueryOrderByOutTradeNo(
		ctx, native.QueryOrderByOutTradeNoRequest{OutTradeNo: core.String(outTradeNo), Mchid: mchid})
	return found, err
}

func (shop *Shop) placeNative(ctx context.Context) error {
	shop.paid = number("")
	code, err := shop.native(ctx, shop.paid)
	if err != nil {
		return err
	}
	shop.code = code
	return must(strings.HasPrefix(code, "weixin://wxpay/bizpayurl?pr="), code)
}

func (shop *Shop) placeJsapi(ctx context.Context) error {
	wechat := shop.box.Wechat
	service := jsapi.JsapiApiService{Client: shop.client}
	placed, _, err := service.PrepayWithRequestPayment(ctx, jsapi.PrepayRequest{
		Appid:       core.String(wechat.Appid),
		Mchid:       core.String(wechat.Mchid),
		Description: core.String("一壶茶"),
		OutTradeNo:  core.String(number("")),
		NotifyUrl:   core.String(shop.receiver.URL),
		Amount:      &jsapi.Amount{Total: core.Int64(total)},
		Payer:       &jsapi.Payer{Openid: core.String(wechat.Openids[1].Openid)},
	})
	if err != nil {
		return err
	}
	if err := must(len(*placed.PaySign) == 344, *placed.PaySign); err != nil {
		return err
	}
	if err := shop.box.pay(*placed.Package, 1); err != nil {
		return err
	}
	_, err = shop.receiver.next()
	return err
}

func (shop *Shop) placeApp(ctx context.Context) error {
	wechat := shop.box.Wechat
	service := app.AppApiService{Client: shop.client}
	placed, _, err := service.PrepayWithRequestPayment(ctx, app.PrepayRequest{
		Appid:       core.String(wechat.Appid),
		Mchid:       core.String(wechat.Mchid),
		Description: core.String("一壶茶"),
		OutTradeNo:  core.String(number("")),
		NotifyUrl:   core.String(shop.receiver.URL),
		Amount:      &app.Amount{Total: core.Int64(total)},
	})
	if err != nil {
		return err
	}
	return must(len(*placed.PrepayId) == 36, *placed.PrepayId)
}

func (shop *Shop) placeH5(ctx context.Context) error {
	wechat := shop.box.Wechat
	service := h5.H5ApiService{Client: shop.client}
	placed, _, err := service.Prepay(ctx, h5.PrepayRequest{
		Appid:       core.String(wechat.Appid),
		Mchid:       core.String(wechat.Mchid),
		Description: core.String("一壶茶"),
		OutTradeNo:  core.String(number("")),
		NotifyUrl:   core.String(shop.receiver.URL),
		Amount:      &h5.Amount{Total: core.Int64(total)},
		SceneInfo: &h5.SceneInfo{
			PayerClientIp: core.String("127.0.0.1"),
			H5Info:        &h5.H5Info{Type: core.String("Wap")},
		},
	})
	if err != nil {
		return err
	}
	return must(strings.HasPrefix(*placed.H5Url, shop.box.API), *placed.H5Url)
}

func (shop *Shop) again(ctx context.Context) error {
	outTradeNo := number("")
	first, err := shop.native(ctx, outTradeNo)
	if err != nil {
		return err
	}
	// The SDK writes whole seconds, so the same second gives the same order, and another one differs in nothing else.
	second, err := shop.native(ctx, outTradeNo)
	if err != nil {
		return err
	}
	return must(first != second, "the same code twice")
}

func (shop *Shop) callback(ctx context.Context) error {
	if err := shop.box.pay(shop.code, 0); err != nil {
		return err
	}
	notice, err := shop.receiver.next()
	if err != nil {
		return err
	}
	told := new(payments.Transaction)
	read, err := shop.handler.ParseNotifyRequest(ctx, notice, told)
	if err != nil {
		return err
	}
	if err := must(read.EventType == "TRANSACTION.SUCCESS", read.EventType); err != nil {
		return err
	}
	if err := must(*told.OutTradeNo == shop.paid, *told.OutTradeNo); err != nil {
		return err
	}
	// The SDK leaves the body readable, so it is the nonce that makes the difference.
	notice.Header.Set("Wechatpay-Nonce", "another")
	_, err = shop.handler.ParseNotifyRequest(ctx, notice, told)
	return must(err != nil, "altered and believed")
}

func (shop *Shop) queries(ctx context.Context) error {
	found, err := shop.query(ctx, shop.paid)
	if err != nil {
		return err
	}
	if err := must(*found.TradeState == "SUCCESS" && *found.Attach == "桌号 7", found); err != nil {
		return err
	}
	shop.id = *found.TransactionId
	service := native.NativeApiService{Client: shop.client}
	again, _, err := service.QueryOrderById(ctx, native.QueryOrderByIdRequest{
		TransactionId: found.TransactionId, Mchid: core.String(shop.box.Wechat.Mchid)})
	if err != nil {
		return err
	}
	return must(*again.OutTradeNo == shop.paid, again)
}

func (shop *Shop) refund(ctx context.Context) error {
	service := refunddomestic.RefundsApiService{Client: shop.client}
	outRefundNo := number("R@")
	made, _, err := service.Create(ctx, refunddomestic.CreateRequest{
		TransactionId: core.String(shop.id),
		OutRefundNo:   core.String(outRefundNo),
		Reason:        core.String("凉了"),
		Amount: &refunddomestic.AmountReq{
			Refund: core.Int64(40), Total: core.Int64(total), Currency: core.String("CNY")},
	})
	if err != nil {
		return err
	}
	if err := must(len(*made.RefundId) == 29, *made.RefundId); err != nil {
		return err
	}
	found, _, err := service.QueryByOutRefundNo(
		ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: core.String(outRefundNo)})
	if err != nil {
		return err
	}
	if err := must(*found.Status == refunddomestic.STATUS_SUCCESS, *found.Status); err != nil {
		return err
	}
	notice, err := shop.receiver.next()
	if err != nil {
		return err
	}
	told, err := shop.read(ctx, notice, "REFUND.SUCCESS")
	if err != nil {
		return err
	}
	return must(told["out_refund_no"] == outRefundNo, told)
}

// read verifies and opens a notification, and looks at what it tells of.
func (shop *Shop) read(ctx context.Context, notice *http.Request, eventType string) (map[string]any, error) {
	told := map[string]any{}
	read, err := shop.handler.ParseNotifyRequest(ctx, notice, &told)
	if err != nil {
		return nil, err
	}
	return told, must(read.EventType == eventType, read.EventType)
}

// told is the next notification.
func (shop *Shop) told(ctx context.Context, eventType string) (map[string]any, error) {
	notice, err := shop.receiver.next()
	if err != nil {
		return nil, err
	}
	return shop.read(ctx, notice, eventType)
}

func (shop *Shop) close(ctx context.Context) error {
	outTradeNo := number("")
	if _, err := shop.native(ctx, outTradeNo); err != nil {
		return err
	}
	service := native.NativeApiService{Client: shop.client}
	result, err := service.CloseOrder(ctx, native.CloseOrderRequest{
		OutTradeNo: core.String(outTradeNo), Mchid: core.String(shop.box.Wechat.Mchid)})
	if err != nil {
		return err
	}
	if err := must(result.Response.StatusCode == http.StatusNoContent, result.Response.Status); err != nil {
		return err
	}
	found, err := shop.query(ctx, outTradeNo)
	if err != nil {
		return err
	}
	return must(*found.TradeState == "CLOSED", *found.TradeState)
}

func (shop *Shop) strangeNumber(ctx context.Context) error {
	outTradeNo := number("|*_-")
	if _, err := shop.native(ctx, outTradeNo); err != nil {
		return err
	}
	found, err := shop.query(ctx, outTradeNo)
	if err != nil {
		return err
	}
	return must(*found.TradeState == "NOTPAY", *found.TradeState)
}

func refused(err error, status int, code string) error {
	var answer *core.APIError
	if !errors.As(err, &answer) {
		return fmt.Errorf("it was not refused with %d: %v", status, err)
	}
	return must(answer.StatusCode == status && answer.Code == code, answer)
}

func (shop *Shop) unknown(ctx context.Context) error {
	_, err := shop.query(ctx, number(""))
	return refused(err, http.StatusNotFound, "ORDER_NOT_EXIST")
}

func (shop *Shop) wrongKey(ctx context.Context) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	api, err := url.Parse(shop.box.API)
	if err != nil {
		return err
	}
	wechat := shop.box.Wechat
	stranger, err := core.NewClient(ctx,
		option.WithMerchantCredential(wechat.Mchid, wechat.SerialNo, key),
		option.WithoutValidator(),
		option.WithHTTPClient(&http.Client{Transport: elsewhere{api}, Timeout: patience}))
	if err != nil {
		return err
	}
	_, err = stranger.Get(ctx, "https://api.mch.weixin.qq.com/v3/certificates")
	return refused(err, http.StatusUnauthorized, "SIGN_ERROR")
}

func (shop *Shop) certificates(ctx context.Context) error {
	service := certificates.CertificatesApiService{Client: shop.client}
	list, _, err := service.DownloadCertificates(ctx)
	if err != nil {
		return err
	}
	sealed := list.Data[0].EncryptCertificate
	text, err := utils.DecryptAES256GCM(
		shop.box.Wechat.APIv3Key, *sealed.AssociatedData, *sealed.Nonce, *sealed.Ciphertext)
	if err != nil {
		return err
	}
	certificate, err := utils.LoadCertificate(text)
	if err != nil {
		return err
	}
	return must(utils.GetCertificateSerialNumber(*certificate) == *list.Data[0].SerialNo, "another serial number")
}

func (shop *Shop) probe(ctx context.Context) error {
	if _, err := shop.box.ask("/sandbox/faults", map[string]string{"fault": "signature_probe"}); err != nil {
		return err
	}
	statuses, usual := make(chan int, 2), shop.receiver.answer
	defer func() { shop.receiver.answer = usual }()
	shop.receiver.answer = func(request *http.Request) int {
		status := http.StatusNoContent
		if _, err := shop.handler.ParseNotifyRequest(ctx, request, &map[string]any{}); err != nil {
			status = http.StatusUnauthorized
		}
		statuses <- status
		return status
	}
	code, err := shop.native(ctx, number(""))
	if err != nil {
		return err
	}
	if err := shop.box.pay(code, 0); err != nil {
		return err
	}
	for _, expected := range []int{http.StatusUnauthorized, http.StatusNoContent} {
		if _, err := shop.receiver.next(); err != nil {
			return err
		}
		if status := <-statuses; status != expected {
			return fmt.Errorf("%d, not %d", status, expected)
		}
	}
	return nil
}

// operation is tried, or cannot be: then it says why.
type operation struct {
	name string
	try  func(context.Context) error
	why  string
}

func (shop *Shop) run(ctx context.Context, name string) bool {
	good := true
	operations := []operation{
		{name: "native", try: shop.placeNative},
		{name: "jsapi, paySign", try: shop.placeJsapi},
		{name: "app", try: shop.placeApp},
		{name: "h5", try: shop.placeH5},
		{name: "place again", try: shop.again},
		{name: "callback", try: shop.callback},
		{name: "query by both numbers", try: shop.queries},
		{name: "refund, query, callback", try: shop.refund},
		{name: "transfer, query, callback", try: shop.transfer},
		{name: "transfer, cancel", try: shop.cancelTransfer},
		{name: "transfer batch, queries, callback", try: shop.batch},
		{name: "profit sharing", try: shop.share},
		{name: "combine, query, callback", try: shop.combine},
		{name: "combine, close", try: shop.closeCombined},
		{name: "close", try: shop.close},
		{name: "number with | and *", try: shop.strangeNumber},
		{name: "unknown order", try: shop.unknown},
		{name: "trade bill, fund flow bill, download", try: shop.bills},
		{name: "wrong key", try: shop.wrongKey},
		{name: "skewed clock", why: "asks the system for the time, and can be given no other"},
		{name: "certificates", try: shop.certificates},
	}
	if shop.renew == nil {
		// Fifteen seconds between the two notifications: once is enough.
		operations = append(operations, operation{name: "signature probe", try: shop.probe},
			operation{name: "certificate rotated in mid-run", why: "verifies with the public key, which stays"})
	} else {
		operations = append(operations, operation{name: "certificate rotated in mid-run", try: shop.rotation})
	}
	for _, operation := range operations {
		found := map[string]any{"client": "wechatpay-go (" + name + ")", "operation": operation.name, "ok": true}
		if operation.try == nil {
			found["ok"], found["why"] = nil, operation.why
		} else if err := operation.try(ctx); err != nil {
			found["ok"], found["why"], good = false, err.Error(), false
		}
		line, _ := json.Marshal(found)
		fmt.Println(string(line))
	}
	return good
}

type kind struct {
	name string
	by   mode
}

func main() {
	box, err := open(os.Getenv("TONGBAO_SANDBOX"))
	good := err == nil
	kinds := []kind{{"public key", byPublicKey}, {"certificates", byCertificates}}
	if throughProxy {
		kinds = []kind{{"untouched", untouched}}
	}
	for _, kind := range kinds {
		if err != nil {
			break
		}
		var shop *Shop
		if shop, err = openShop(box, kind.by); err != nil {
			break
		}
		good = shop.run(context.Background(), kind.name) && good
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !good {
		os.Exit(1)
	}
}
