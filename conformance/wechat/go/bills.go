// Bills, and a platform certificate that is replaced. The SDK has no service for bills; its client signs any request,
// and one without a validator takes what is not signed.
package main

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

func (shop *Shop) bills(ctx context.Context) error {
	paid, err := shop.query(ctx, shop.paid)
	if err != nil {
		return err
	}
	if err := shop.box.nextDay(); err != nil {
		return err
	}
	date := (*paid.SuccessTime)[:10]
	for _, path := range []string{"/v3/bill/tradebill", "/v3/bill/fundflowbill"} {
		var offered struct {
			HashValue   string `json:"hash_value"`
			DownloadURL string `json:"download_url"`
		}
		if err := shop.ask(ctx, path+"?bill_date="+date, nil, &offered); err != nil {
			return err
		}
		text, err := shop.download(ctx, offered.DownloadURL)
		if err != nil {
			return err
		}
		digest := sha1.Sum([]byte(text))
		if err := must(hex.EncodeToString(digest[:]) == offered.HashValue, "another digest"); err != nil {
			return err
		}
		if err := must(strings.Contains(text, ",`"+*paid.TransactionId+",`"), text); err != nil {
			return err
		}
	}
	return nil
}

func (shop *Shop) download(ctx context.Context, from string) (string, error) {
	wechat := shop.box.Wechat
	key, err := utils.LoadPrivateKeyWithPath(shop.box.file(wechat.PrivateKeyFile))
	if err != nil {
		return "", err
	}
	api, err := url.Parse(shop.box.API)
	if err != nil {
		return "", err
	}
	client, err := core.NewClient(ctx,
		option.WithMerchantCredential(wechat.Mchid, wechat.SerialNo, key),
		option.WithoutValidator(),
		option.WithHTTPClient(&http.Client{Transport: elsewhere{api}, Timeout: patience}))
	if err != nil {
		return "", err
	}
	result, err := client.Get(ctx, from)
	if err != nil {
		return "", err
	}
	defer result.Response.Body.Close()
	text, err := io.ReadAll(result.Response.Body)
	return string(text), err
}

// paidNotice is an order's notification, not read yet.
func (shop *Shop) paidNotice(ctx context.Context) (*http.Request, error) {
	code, err := shop.native(ctx, number(""))
	if err != nil {
		return nil, err
	}
	if err := shop.box.pay(code, 0); err != nil {
		return nil, err
	}
	return shop.receiver.next()
}

// rotation replaces the platform's certificate: what the old one has signed stays good, and the new one is known
// when it begins to sign.
func (shop *Shop) rotation(ctx context.Context) error {
	before, err := shop.paidNotice(ctx)
	if err != nil {
		return err
	}
	if _, err := shop.read(ctx, before, "TRANSACTION.SUCCESS"); err != nil {
		return err
	}
	listed, err := shop.box.replaceCertificate("rotate")
	if err != nil {
		return err
	}
	if _, err := shop.query(ctx, shop.paid); err != nil {
		return err
	}
	shop.renew(ctx)
	if _, err := shop.box.replaceCertificate("switch"); err != nil {
		return err
	}
	if _, err := shop.query(ctx, shop.paid); err != nil {
		return err
	}
	after, err := shop.paidNotice(ctx)
	if err != nil {
		return err
	}
	if _, err := shop.read(ctx, after, "TRANSACTION.SUCCESS"); err != nil {
		return err
	}
	if _, err := shop.read(ctx, before, "TRANSACTION.SUCCESS"); err != nil {
		return fmt.Errorf("signed before: %w", err)
	}
	serials := []any{before.Header.Get("Wechatpay-Serial"), after.Header.Get("Wechatpay-Serial")}
	if err := must(serials[0] == listed[0] && serials[1] == listed[1], serials); err != nil {
		return err
	}
	_, err = shop.offer(ctx, core.String("张三"), "")
	return err
}
