package repo

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fence     = regexp.MustCompile("(?ms)^```.*?^```")
	code      = regexp.MustCompile("`[^`\n]*`")
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	title     = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// links returns the targets of a document's links, except those inside code.
func links(markdown string) (targets []string) {
	for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(fence.ReplaceAllString(markdown, ""), ""), -1) {
		targets = append(targets, match[1])
	}
	return targets
}

// slugs returns the anchors of a document's headings, as GitHub and cgit form them.
func slugs(markdown string) (names []string) {
	for _, match := range title.FindAllStringSubmatch(fence.ReplaceAllString(markdown, ""), -1) {
		text := notInSlug.ReplaceAllString(strings.ToLower(match[1]), "")
		names = append(names, strings.ReplaceAll(text, " ", "-"))
	}
	return names
}

func TestLinksAndSlugs(t *testing.T) {
	const text = "# A *title*: §2.1, `code`\n[a](b.md#c) `[x](y)`\n```\n# no title\n[x](z)\n```\n"
	if found, want := links(text), []string{"b.md#c"}; !slices.Equal(found, want) {
		t.Errorf("links: expected %v, found %v", want, found)
	}
	if found, want := slugs(text), []string{"a-title-21-code"}; !slices.Equal(found, want) {
		t.Errorf("slugs: expected %v, found %v", want, found)
	}
}

func TestEveryLinkInADocumentLeadsSomewhere(t *testing.T) {
	total := 0
	for _, from := range files(t, ".md") {
		for _, target := range links(read(t, from)) {
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			total++
			file, fragment, _ := strings.Cut(target, "#")
			to := from
			if file != "" {
				to = path.Join(path.Dir(from), file)
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s links to %s: %v", from, target, err)
				continue
			}
			if fragment != "" && !slices.Contains(slugs(read(t, to)), fragment) {
				t.Errorf("%s links to %s: no heading has this name", from, target)
			}
		}
	}
	if total < 50 {
		t.Errorf("expected at least 50 links, found %d: does this test still look everywhere?", total)
	}
}
