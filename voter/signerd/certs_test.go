package signerd

import (
	"crypto/x509"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// plan is a good one.
func plan(folder string) Plan {
	return Plan{
		Folder: folder, Hosts: []string{"signer.example", "10.0.0.1", "::1"}, Clients: []string{"voter-a", "voter-b"},
		Authority: 365 * day, Leaf: 30 * day,
	}
}

func readAll(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		info, err := entry.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: expected mode 0600, found %v, %v", entry.Name(), info.Mode(), err)
		}
		all[entry.Name()] = string(content)
	}
	return all
}

func TestIssuedCertificatesAreWhatThePlanSays(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "tls")
	issued, err := Issue(plan(folder))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ca.crt", "ca.key", "server.crt", "server.key", "voter-a.crt", "voter-a.key", "voter-b.crt", "voter-b.key"}
	if found := slices.Sorted(maps.Keys(readAll(t, folder))); !slices.Equal(found, want) {
		t.Errorf("expected %q, found %q", want, found)
	}
	authority, err := Files{CA: issued[0].Certificate, Certificate: issued[0].Certificate, Key: issued[0].Key}.read()
	if err != nil {
		t.Fatal(err)
	}
	for i, days := range []int{365, 30, 30, 30} {
		own, err := Files{CA: issued[0].Certificate, Certificate: issued[i].Certificate, Key: issued[i].Key}.read()
		if err != nil {
			t.Fatal(err)
		}
		c := own.pair.Leaf
		usage := map[string]x509.ExtKeyUsage{"ca": x509.ExtKeyUsageAny, "server": x509.ExtKeyUsageServerAuth}[issued[i].Name]
		if strings.HasPrefix(issued[i].Name, "voter") {
			usage = x509.ExtKeyUsageClientAuth
		}
		if _, err := c.Verify(x509.VerifyOptions{Roots: authority.pool(), KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
			t.Errorf("%s: %v", issued[i].Name, err)
		}
		if valid := c.NotAfter.Sub(c.NotBefore); valid != time.Duration(days)*day+backdate || !issued[i].New || issued[i].Until != c.NotAfter {
			t.Errorf("%s: expected a new one for %d days, found %s and %+v", issued[i].Name, days, valid, issued[i])
		}
		if i > 0 && !slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{usage}) { // a voter must not be able to pose as the signer
			t.Errorf("%s: expected one use, found %v", issued[i].Name, c.ExtKeyUsage)
		}
		for _, host := range []string{"signer.example", "10.0.0.1", "::1"} {
			if err := c.VerifyHostname(host); (err == nil) != (issued[i].Name == "server") {
				t.Errorf("%s: host %s: found %v", issued[i].Name, host, err)
			}
		}
	}
}

func TestNothingIsEverReplaced(t *testing.T) {
	folder := t.TempDir()
	first, err := Issue(plan(folder))
	if err != nil {
		t.Fatal(err)
	}
	before := readAll(t, folder)
	p := plan(folder)
	p.Clients = append(p.Clients, "voter-c")
	second, err := Issue(p)
	if err != nil {
		t.Fatal(err)
	}
	after := readAll(t, folder)
	for name, content := range before {
		if after[name] != content {
			t.Errorf("%s: expected it unchanged", name)
		}
	}
	for i := range first {
		if second[i].New || second[i].Fingerprint != first[i].Fingerprint || !second[i].Until.Equal(first[i].Until) {
			t.Errorf("expected %+v again, found %+v", first[i], second[i])
		}
	}
	if last := second[len(second)-1]; last.Name != "voter-c" || !last.New || len(after) != len(before)+2 {
		t.Errorf("expected a new voter-c, found %+v", last)
	}
}

func TestRenewingKeepsTheAuthority(t *testing.T) {
	s := newSite(t).serve(&stub{})
	s.remove("alice")
	if _, err := Issue(Plan{Folder: s.folder, Hosts: []string{"h"}, Clients: []string{"alice"}, Authority: day, Leaf: day}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client("alice").Keys(t.Context()); err != nil {
		t.Errorf("expected an answer, found %v", err)
	}
	own, err := s.files("alice").read()
	if err != nil || !own.pair.Leaf.NotAfter.Equal(own.authority[0].NotAfter) {
		t.Errorf("expected it to end with the authority after an hour, found %s, %v", own.pair.Leaf.NotAfter, err)
	}
}

func TestPlansThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Plan)
		says   string // nothing if it is good
	}{
		"good":                   {change: func(*Plan) {}},
		"no client":              {change: func(p *Plan) { p.Clients = nil }},
		"no host":                {func(p *Plan) { p.Hosts = nil }, "hosts: expected at least one, found none"},
		"a host with a port":     {func(p *Plan) { p.Hosts = []string{"h:1"} }, `hosts: expected names and addresses, found "h:1"`},
		"an empty host":          {func(p *Plan) { p.Hosts = []string{""} }, "hosts"},
		"a client named ca":      {func(p *Plan) { p.Clients = []string{"ca"} }, `found "ca"`},
		"a client named server":  {func(p *Plan) { p.Clients = []string{"server"} }, `found "server"`},
		"a client twice":         {func(p *Plan) { p.Clients = []string{"a", "a"} }, `different names`},
		"a path for a client":    {func(p *Plan) { p.Clients = []string{"../a"} }, `found "../a"`},
		"as long as authority":   {change: func(p *Plan) { p.Leaf = p.Authority }},
		"longer than authority":  {func(p *Plan) { p.Leaf = p.Authority + 1 }, "expected an authority valid as long as the others"},
		"shortest":               {change: func(p *Plan) { p.Leaf = 1 }},
		"shorter than shortest":  {func(p *Plan) { p.Leaf = 0 }, "expected an authority"},
		"a file in the way":      {func(p *Plan) { p.Folder = filepath.Join(p.Folder, "file", "tls") }, "file"},
		"a key without its cert": {func(p *Plan) { p.Clients = []string{"orphan"} }, "orphan.key or neither, found one of them"},
		"a key that is no key":   {func(p *Plan) { p.Clients = []string{"garbage"} }, "garbage.crt"},
	} {
		p := plan(t.TempDir())
		for file, content := range map[string]string{"file": "", "orphan.key": "", "garbage.crt": "a", "garbage.key": "a"} {
			if err := os.WriteFile(filepath.Join(p.Folder, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		tc.change(&p)
		_, err := Issue(p)
		if tc.says == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: expected %q, found %v", name, tc.says, err)
		}
	}
}

func TestAnExpiredAuthorityIssuesNothing(t *testing.T) {
	folder := t.TempDir()
	if _, err := plan(folder).issue(time.Now().Add(-366 * day)); err != nil {
		t.Fatal(err)
	}
	p := plan(folder)
	p.Clients = []string{"voter-c"}
	if _, err := Issue(p); !errors.Is(err, ErrCertificate) || !strings.Contains(err.Error(), "ca.crt: expected it to be valid on") {
		t.Errorf("expected %v naming the authority, found %v", ErrCertificate, err)
	}
}
