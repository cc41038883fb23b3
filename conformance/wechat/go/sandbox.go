// The sandbox, by its file: its keys, its phone, the SDK's transport with another host, and a receiver.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Longer than a delivery and its first retry, which comes after 15 seconds.
const patience = time.Minute

// Sandbox is what sandbox.json says.
type Sandbox struct {
	API    string `json:"api"`
	Payers []struct {
		ID string `json:"id"`
	} `json:"payers"`
	Wechat struct {
		Mchid          string `json:"mchid"`
		Appid          string `json:"appid"`
		SerialNo       string `json:"serial_no"`
		PrivateKeyFile string `json:"private_key_file"`
		APIv3Key       string `json:"apiv3_key"`
		PublicKeyID    string `json:"public_key_id"`
		PublicKeyFile  string `json:"public_key_file"`
		Openids        []struct {
			Openid string `json:"openid"`
		} `json:"openids"`
	} `json:"wechat"`
	directory string
}

func open(path string) (*Sandbox, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	box := &Sandbox{directory: filepath.Dir(path)}
	return box, json.Unmarshal(text, box)
}

func (box *Sandbox) file(name string) string {
	return filepath.Join(box.directory, name)
}

func (box *Sandbox) ask(path string, body any) (map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	answer, err := http.Post(box.API+path, "application/json", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var found map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %d %v", path, answer.StatusCode, found)
	}
	return found, nil
}

func (box *Sandbox) pay(code string, payer int) error {
	paid, err := box.ask("/sandbox/phone/pay", map[string]string{"payer": box.Payers[payer].ID, "code": code})
	if err == nil && paid["paid"] != true {
		err = fmt.Errorf("it was not paid: %v", paid)
	}
	return err
}

// elsewhere is a transport that leads to the sandbox. The signature is over the path, so another host leaves it good.
type elsewhere struct {
	api *url.URL
}

func (there elsewhere) RoundTrip(request *http.Request) (*http.Response, error) {
	moved := request.Clone(request.Context())
	moved.URL.Scheme, moved.URL.Host, moved.Host = there.api.Scheme, there.api.Host, there.api.Host
	return http.DefaultTransport.RoundTrip(moved)
}

// Receiver takes notifications on this machine; answer decides what each is answered with.
type Receiver struct {
	URL    string
	taken  chan *http.Request
	answer func(*http.Request) int
}

func receive() (*Receiver, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	receiver := &Receiver{
		URL:    fmt.Sprintf("http://%s/notify", listener.Addr()),
		taken:  make(chan *http.Request, 16),
		answer: func(*http.Request) int { return http.StatusNoContent },
	}
	take := func(writer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		again := func() *http.Request {
			copied := request.Clone(request.Context())
			copied.Body = io.NopCloser(bytes.NewReader(body))
			return copied
		}
		writer.WriteHeader(receiver.answer(again()))
		receiver.taken <- again()
	}
	go http.Serve(listener, http.HandlerFunc(take))
	return receiver, nil
}

func (receiver *Receiver) next() (*http.Request, error) {
	select {
	case request := <-receiver.taken:
		return request, nil
	case <-time.After(patience):
		return nil, fmt.Errorf("no notification came")
	}
}
