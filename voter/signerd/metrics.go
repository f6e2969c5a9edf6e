package signerd

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dualchain/dualchain/internal/foreign"
)

// Metrics of a signer. Labels are in this order.
var (
	buildInfo    = describeMetric("build_info", "1, with the program's version and the chain.", "version", "chain_id")
	healthy      = describeMetric("healthy", "1 if /healthz answers 200.")
	keysHeld     = describeMetric("keys", "Keys that sign.")
	signaturesOf = describeMetric("signatures_total", "Signatures given, repeated ones included.", "key", "client")
	lastEpoch    = describeMetric("last_signed_epoch", "Epoch of the key's newest vote; absent before the first since the start.", "key")
	sinceLast    = describeMetric("seconds_since_last_signature", "Seconds since the key's latest signature; absent before the first since the start.", "key")
	refusalsOf   = describeMetric("refusals_total", "Requests to sign that were refused, by reason.", "client", "reason")
	requestsOf   = describeMetric("requests_refused_total", "Requests of clients that may not ask, or for another chain.", "client")
	connections  = describeMetric("connections_refused_total", "Connections without a good certificate.")
	secondsLeft  = describeMetric("certificate_seconds_left", "Seconds until the signer's certificate ends; absent if it can't be read.")
	alarmsNow    = describeMetric("alarms", "Reasons that stand now, by reason.", "reason")
)

func describeMetric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("dualchain_signer_"+name, help, labels, nil)
}

func newMetrics(r *record) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{r}) // panics only if two have one name: every test would
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry})
}

// collector reads the record on each scrape.
type collector struct{ r *record }

// Describe sends nothing, so the registry does not check the collected metrics against it.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	r := c.r
	send := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		for i := range labels {
			labels[i] = foreign.Text(labels[i]) // of certificates
		}
		metric, err := prometheus.NewConstMetric(d, kind, value, labels...)
		if err != nil {
			metric = prometheus.NewInvalidMetric(d, err)
		}
		out <- metric
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		send(d, prometheus.GaugeValue, value, labels...)
	}
	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		send(d, prometheus.CounterValue, float64(value), labels...)
	}
	keys, err := r.keys.Keys(context.Background())
	reasons := r.reasons(keys, err)
	gauge(buildInfo, 1, r.version, r.config.ChainID)
	gauge(keysHeld, float64(len(keys)))
	well := 1.0
	standing := map[string]float64{}
	for _, s := range reasons {
		well = 0
		standing[s.Code]++
	}
	gauge(healthy, well)
	for code, number := range standing {
		gauge(alarmsNow, number, code)
	}
	if own, err := r.config.TLS.read(); err == nil {
		gauge(secondsLeft, own.pair.Leaf.NotAfter.Sub(r.now()).Seconds())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	counter(connections, r.connections)
	for who, number := range r.signatures {
		counter(signaturesOf, number, who.key.String(), who.client)
	}
	for key, last := range r.last {
		gauge(lastEpoch, float64(last.epoch), key.String())
		gauge(sinceLast, r.now().Sub(last.at).Seconds(), key.String())
	}
	for of, number := range r.refusals {
		counter(refusalsOf, number, of.client, of.code)
	}
	for client, number := range r.requests {
		counter(requestsOf, number, client)
	}
}
