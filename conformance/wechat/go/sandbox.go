// The sandbox, by its file: its keys, its phone, the SDK's transport with another host, and a receiver.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Longer than a delivery and its first retry, which comes after 15 seconds.
const patience = time.Minute

// Sandbox is what sandbox.json says.
type Sandbox struct {
	API       string `json:"api"`
	SecretKey string `json:"secret_key"`
	Payers    []struct {
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

// confirm accepts a transfer on a payer's phone.
func (box *Sandbox) confirm(transfer string, payer int) error {
	body := map[string]string{"payer": box.Payers[payer].ID, "package": transfer}
	_, err := box.ask("/sandbox/phone/confirm-transfer", body)
	return err
}

// due is how many notifications are on their way.
func (box *Sandbox) due() (int, error) {
	request, err := http.NewRequest(http.MethodGet, box.API+"/v1/deliveries?status=due", nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+box.SecretKey)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var found struct{ Data []json.RawMessage }
	return len(found.Data), json.NewDecoder(answer.Body).Decode(&found)
}

// advance moves the clock once what was sent is noted as sent: else its lease ends, and it is sent again.
func (box *Sandbox) advance(seconds int) error {
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		if due, err := box.due(); err != nil {
			return err
		} else if due == 0 {
			break
		}
	}
	_, err := box.ask("/sandbox/clock", map[string]int{"advance_s": seconds})
	return err
}

// nextMinute moves the clock on: nothing is shared in the first minute after a payment.
func (box *Sandbox) nextMinute() error {
	return box.advance(61)
}

// nextDay moves the clock beyond the day, and an hour more: bills are not made at midnight.
func (box *Sandbox) nextDay() error {
	return box.advance(25 * 3_600)
}

// replaceCertificate makes the next platform certificate ("rotate"), or lets it sign ("switch"). It gives the serial
// numbers of all that are listed, the oldest first.
func (box *Sandbox) replaceCertificate(step string) ([]any, error) {
	found, err := box.ask("/sandbox/wechat/platform-certificate", map[string]string{"step": step})
	if err != nil {
		return nil, err
	}
	listed, _ := found["listed"].([]any)
	return listed, must(len(listed) == 2, found)
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

// Receiver takes notifications on this machine; answer decides what each is answered with. Its path is its own: what
// was meant for a client before, whose port this is now, is not taken. Nor is what was taken already and is sent again,
// as it may be.
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
	path := "/notify/" + rand.Text()
	receiver := &Receiver{
		URL:    fmt.Sprintf("http://%s%s", listener.Addr(), path),
		taken:  make(chan *http.Request, 16),
		answer: func(*http.Request) int { return http.StatusNoContent },
	}
	var known sync.Map
	take := func(writer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		var notice struct{ ID string }
		if request.URL.Path != path || json.Unmarshal(body, &notice) != nil {
			writer.WriteHeader(http.StatusNotFound)
			return
		}
		if _, taken := known.Load(notice.ID); taken {
			writer.WriteHeader(http.StatusNoContent)
			return
		}
		again := func() *http.Request {
			copied := request.Clone(request.Context())
			copied.Body = io.NopCloser(bytes.NewReader(body))
			return copied
		}
		status := receiver.answer(again())
		if status == http.StatusNoContent {
			known.Store(notice.ID, true)
		}
		writer.WriteHeader(status)
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
