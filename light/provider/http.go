// Package provider asks a node over its REST interface for what a light client verifies.
package provider

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/foreign"
	"github.com/dualchain/dualchain/internal/redact"
)

// Bounds of a request. Honest nodes keep to them: a proof has at most 3 MiB and a page of hand-overs 1 MiB, in base64; a trust point
// has its members twice, 200 bytes for each.
const (
	httpTimeout = 15 * time.Second
	maxAnswer   = 8 << 20 // bytes
	maxPage     = 1_000   // hand-overs
)

var _ light.Provider = (*HTTP)(nil)

// HTTP is a node's REST interface (api.address in its app.toml) as a light.Provider.
type HTTP struct {
	base   string
	client *http.Client
}

// New takes an address like http://127.0.0.1:1317. It doesn't connect.
func New(address string) (*HTTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("use node: expected http://HOST:PORT or https://…, found %q", redact.URL(address))
	}
	return &HTTP{base: strings.TrimSuffix(u.String(), "/"), client: &http.Client{Timeout: httpTimeout}}, nil
}

// Name implements light.Provider.
func (h *HTTP) Name() string { return h.base }

// canonical is the part of an answer that is read: the encoding that package cert defines.
type canonical struct {
	Canonical []byte `json:"canonical"`
}

// TrustPoint implements light.Provider.
func (h *HTTP) TrustPoint(ctx context.Context, epoch uint64) (cert.Trust, error) {
	return getCanonical(ctx, h, "/dualchain/finality/v1/trust_points/"+number(epoch), cert.DecodeTrust)
}

// HandOvers implements light.Provider.
func (h *HTTP) HandOvers(ctx context.Context, pair uint64) ([]cert.HandOver, bool, error) {
	return h.list(ctx, "/dualchain/finality/v1/hand_overs/"+number(pair))
}

// Follow implements light.Provider.
func (h *HTTP) Follow(ctx context.Context, epoch uint64) ([]cert.HandOver, bool, error) {
	return h.list(ctx, "/dualchain/finality/v1/follow/"+number(epoch))
}

// Certificate implements light.Provider.
func (h *HTTP) Certificate(ctx context.Context, epoch uint64) (cert.Certificate, error) {
	return getCanonical(ctx, h, "/dualchain/finality/v1/certificates/"+number(epoch), cert.DecodeCertificate)
}

// Newest implements light.Provider.
func (h *HTTP) Newest(ctx context.Context) (cert.Certificate, error) {
	return getCanonical(ctx, h, "/dualchain/finality/v1/certificates/finalized", cert.DecodeCertificate)
}

// Consistency implements light.Provider.
func (h *HTTP) Consistency(ctx context.Context, from, to uint64) ([]ffg.Root, error) {
	var answer struct {
		Path []ffg.Root `json:"path"`
	}
	query := url.Values{"from_size": {number(from)}, "to_size": {number(to)}}
	err := h.get(ctx, "/dualchain/checkpoint/v1/proofs/consistency?"+query.Encode(), &answer)
	return answer.Path, err
}

// Prove implements light.Provider.
func (h *HTTP) Prove(ctx context.Context, request light.Request, epoch uint64, members bool) (cert.Proof, error) {
	var answer struct {
		Proof canonical `json:"proof"`
	}
	query := url.Values{"trust.epoch": {number(epoch)}, "trust.members": {strconv.FormatBool(members)}}
	path := "/dualchain/finality/v1/proofs/"
	switch request.Kind {
	case cert.KindTx:
		path += "tx/" + request.TxHash.String()
	case cert.KindBlock:
		path += "block/" + number(request.Height)
	default:
		path += "state/" + url.PathEscape(request.Store) + "/" + hex.EncodeToString(request.Key)
		if request.Height > 0 {
			query.Set("height", number(request.Height))
		}
	}
	if err := h.get(ctx, path+"?"+query.Encode(), &answer); err != nil {
		return cert.Proof{}, err
	}
	proof, err := cert.DecodeProof(answer.Proof.Canonical)
	if err != nil {
		return cert.Proof{}, fmt.Errorf("%s: %w", path, err)
	}
	return proof, nil
}

// ChainID implements light.Provider.
func (h *HTTP) ChainID(ctx context.Context) (string, error) {
	var answer struct {
		ChainID string `json:"chain_id"`
	}
	const path = "/dualchain/checkpoint/v1/status"
	if err := h.get(ctx, path, &answer); err != nil {
		return "", err
	}
	if answer.ChainID == "" {
		return "", fmt.Errorf("%s: expected a chain_id, found none", path)
	}
	return answer.ChainID, nil
}

// UnbondingTime implements light.Provider.
func (h *HTTP) UnbondingTime(ctx context.Context) (time.Duration, error) {
	var answer struct {
		Params struct {
			UnbondingTime string `json:"unbonding_time"`
		} `json:"params"`
	}
	const path = "/dualchain/finality/v1/params"
	if err := h.get(ctx, path, &answer); err != nil {
		return 0, err
	}
	found, err := time.ParseDuration(answer.Params.UnbondingTime)
	if err != nil || found <= 0 {
		return 0, fmt.Errorf("%s: expected an unbonding_time above 0, found %q", path, foreign.Text(answer.Params.UnbondingTime))
	}
	return found, nil
}

func (h *HTTP) list(ctx context.Context, path string) ([]cert.HandOver, bool, error) {
	var answer struct {
		HandOvers json.RawMessage `json:"hand_overs"`
		More      bool            `json:"more"`
	}
	if err := h.get(ctx, path, &answer); err != nil {
		return nil, false, err
	}
	out, err := decodePage(answer.HandOvers)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	return out, answer.More, nil
}

// decodePage reads a list item by item: an empty item takes a hundred times as much memory as JSON.
func decodePage(text json.RawMessage) (out []cert.HandOver, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('[') {
		return nil, fmt.Errorf("expected a list of hand-overs, found %v", start)
	}
	for d.More() {
		if len(out) == maxPage {
			return nil, fmt.Errorf("expected at most %d hand-overs, found more", maxPage)
		}
		var item canonical
		if err := d.Decode(&item); err != nil {
			return nil, fmt.Errorf("hand-over %d: %w", len(out), err)
		}
		h, err := cert.DecodeHandOver(item.Canonical)
		if err != nil {
			return nil, fmt.Errorf("hand-over %d: %w", len(out), err)
		}
		out = append(out, h)
	}
	return out, nil
}

func getCanonical[T any](ctx context.Context, h *HTTP, path string, decode func([]byte) (T, error)) (T, error) {
	var answer canonical
	var none T
	if err := h.get(ctx, path, &answer); err != nil {
		return none, err
	}
	out, err := decode(answer.Canonical)
	if err != nil {
		return none, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// get reads an answer in JSON. Errors quote the node, and wrap light.ErrNotFound, ErrNotFinal or ErrInvalidRequest if its reason says so.
func (h *HTTP) get(ctx context.Context, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.base+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", path, err)
	}
	response, err := h.client.Do(request)
	if err != nil {
		if outer := new(url.Error); errors.As(err, &outer) {
			err = outer.Err // the outer error would name the path a second time
		}
		return fmt.Errorf("ask for %s: %w", path, err)
	}
	defer response.Body.Close() //nolint:errcheck // there is nothing to lose
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("ask for %s: %w", path, err)
	case len(body) > maxAnswer:
		return fmt.Errorf("ask for %s: expected at most %d bytes, found more", path, maxAnswer)
	case response.StatusCode != http.StatusOK:
		return refused(path, response, body)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("ask for %s: expected JSON: %w", path, err)
	}
	return nil
}

// gRPC codes in the gateway's answers, for refusals that carry no reason.
const (
	codeInvalidArgument    = 3
	codeNotFound           = 5
	codeFailedPrecondition = 9
	codeOutOfRange         = 11
)

// status is the gateway's form of a gRPC error.
type status struct {
	Code    uint32 `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Reason reason.Reason `json:"reason"`
		Domain string        `json:"domain"`
	} `json:"details"`
}

// refused returns the error for an answer of the gateway that isn't status 200.
func refused(path string, response *http.Response, body []byte) error {
	var answer status
	if json.Unmarshal(body, &answer) != nil || answer.Message == "" {
		hint := ""
		if response.StatusCode == http.StatusNotFound { // what an RPC port answers
			hint = ": is this the REST address, api.address in the node's app.toml?"
		}
		return fmt.Errorf("ask for %s: expected status 200, found %s%s", path, foreign.Text(response.Status), hint)
	}
	return fmt.Errorf("ask for %s: %w: %s", path, answer.kind(), foreign.Text(answer.Message))
}

// kind decides by the reason, or by the gRPC code if there is no known one. It never reads the message.
func (s status) kind() error {
	code := s.Code
	for _, detail := range s.Details {
		if entry, known := reason.Find(detail.Reason); known && detail.Domain == reason.Domain {
			if code = entry.Code; entry.Later {
				return light.ErrNotFinal
			}
		}
	}
	switch code {
	case codeInvalidArgument, codeOutOfRange:
		return light.ErrInvalidRequest
	case codeNotFound, codeFailedPrecondition:
		return light.ErrNotFound
	default:
		return errors.New("the node failed")
	}
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }
