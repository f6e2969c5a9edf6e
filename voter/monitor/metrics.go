package monitor

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "dualchain_voter_"

// metrics is the source for Prometheus: two histograms that grow with each event, and a collector that reads the rest from
// the monitor.
type metrics struct {
	registry  *prometheus.Registry
	latency   prometheus.Histogram
	inclusion *prometheus.HistogramVec
}

func newMetrics(m *Monitor) *metrics {
	out := &metrics{
		registry: prometheus.NewRegistry(),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: namespace + "vote_latency_seconds", Help: "From the news of a block to the node's acceptance of the vote.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10},
		}),
		inclusion: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: namespace + "inclusion_delay_blocks", Help: "Blocks from sending a vote to seeing it recorded.",
			Buckets: []float64{1, 2, 3, 5, 8, 13, 21, 34, 64},
		}, []string{"key"}),
	}
	out.registry.MustRegister(out.latency, out.inclusion, &collector{m}) // panics only if two have one name: every test would
	return out
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Metrics of the collector. Labels are in this order.
var (
	buildInfo    = describe("build_info", "1, with the program's version and the chain.", "version", "chain_id")
	healthy      = describe("healthy", "1 if /healthz answers 200.")
	blockHeight  = describe("block_height", "Height of the latest block that a node told of.")
	headEpoch    = describe("head_epoch", "Epoch of the latest checkpoint.")
	signerUp     = describe("signer_up", "1 if the signer answers, or the keys are the voter's own.")
	alarmsBegun  = describe("alarms_total", "Alarms that began, by reason.", "reason")
	alarmsNow    = describe("alarms", "Alarms that stand now, by reason.", "reason")
	nodeHealthy  = describe("node_healthy", "1 if the node is healthy.", "node", "role")
	nodeInUse    = describe("node_in_use", "1 if the voter follows this node.", "node", "role")
	nodeHeight   = describe("node_height", "Height of the node's latest block.", "node", "role")
	member       = describe("member", "1 if the key has a bit in the voter set of the head.", "key")
	jailed       = describe("jailed", "1 if the voter is jailed or tombstoned.", "key")
	lastEpoch    = describe("last_voted_epoch", "Epoch of the key's latest vote; absent before the first.", "key")
	sinceVote    = describe("seconds_since_last_vote", "Seconds since the key's latest vote; absent before the first.", "key")
	votesSigned  = describe("votes_signed_total", "Votes signed.", "key")
	votesOnChain = describe("votes_recorded_total", "Votes seen recorded on the chain.", "key")
	votesResent  = describe("votes_resent_total", "Times that a vote was sent again.", "key")
	votesLost    = describe("votes_lost_total", "Votes given up: not recorded within the vote window.", "key")
	refusals     = describe("guard_refusals_total", "Blocks at which slashing protection refused the key's vote.", "key")
	failures     = describe("failures_total", "Blocks at which the key did not do what was due, by reason.", "key", "reason")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+name, help, labels, nil)
}

// collector reads the monitor's state on each scrape.
type collector struct{ m *Monitor }

// Describe sends nothing, so the registry does not check the collected metrics against it.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	m := c.m
	nodes, elsewhere := m.config.Nodes(), m.config.Alarms()
	m.mu.Lock()
	defer m.mu.Unlock()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- constant(d, prometheus.GaugeValue, value, labels)
	}
	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		out <- constant(d, prometheus.CounterValue, float64(value), labels)
	}
	reasons := m.reasons(nodes, elsewhere)
	gauge(buildInfo, 1, m.config.Version, m.config.ChainID)
	gauge(healthy, truth(len(reasons) == 0))
	gauge(blockHeight, float64(m.height))
	gauge(headEpoch, float64(m.epoch))
	gauge(signerUp, truth(m.signer == nil))
	standing := map[string]float64{}
	for code, begun := range m.alarms {
		counter(alarmsBegun, begun, code)
		standing[code] = 0 // it may have ended
	}
	for _, r := range reasons {
		standing[r.Code]++
	}
	for code, alarms := range standing {
		gauge(alarmsNow, alarms, code)
	}
	for _, n := range nodes {
		role := "node"
		if n.Witness {
			role = "witness"
		}
		gauge(nodeHealthy, truth(n.Healthy), n.Address, role)
		gauge(nodeInUse, truth(n.InUse), n.Address, role)
		gauge(nodeHeight, float64(n.Height), n.Address, role)
	}
	for public, k := range m.keys {
		key := public.String()
		gauge(member, truth(k.member), key)
		gauge(jailed, truth(k.jail != Jail{}), key)
		if k.signed > 0 {
			gauge(lastEpoch, float64(k.last.Epoch), key)
			gauge(sinceVote, m.config.Now().Sub(k.last.At).Seconds(), key)
		}
		counter(votesSigned, k.signed, key)
		counter(votesOnChain, k.recorded, key)
		counter(votesResent, k.resent, key)
		counter(votesLost, k.lost, key)
		refused := uint64(0)
		for code, times := range k.failures {
			counter(failures, times, key, code)
			if strings.HasPrefix(code, GuardPrefix) {
				refused += times
			}
		}
		counter(refusals, refused, key)
	}
}

// constant makes a metric. Its labels come from a configuration and may not be valid UTF-8.
func constant(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels []string) prometheus.Metric {
	metric, err := prometheus.NewConstMetric(d, kind, value, labels...)
	if err != nil {
		return prometheus.NewInvalidMetric(d, err)
	}
	return metric
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
