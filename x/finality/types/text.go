package types

import (
	"fmt"
	"unicode/utf8"
)

// steering are the characters that free text must not have: controls, those that set a direction or join lines, those that
// nobody sees, and tags. They steer a terminal, or show a name that is not what its bytes say. The table is fixed, since
// that of package unicode changes with Go's version and would fork the chain. The joiners U+200C and U+200D are not in it:
// several scripts need them.
var steering = [][2]rune{
	{0x00, 0x1f},
	{0x7f, 0x9f},
	{0xad, 0xad},
	{0x61c, 0x61c},
	{0x180e, 0x180e},
	{0x200b, 0x200b},
	{0x200e, 0x200f},
	{0x2028, 0x202e},
	{0x2060, 0x206f},
	{0xfeff, 0xfeff},
	{0xfff9, 0xfffb},
	{0xe0000, 0xe007f},
}

// checkText returns an error unless a text is UTF-8 without characters of steering.
func checkText(field, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s: expected UTF-8, found other bytes", field)
	}
	for _, r := range text {
		for _, span := range steering {
			if span[0] <= r && r <= span[1] {
				return fmt.Errorf("%s: expected no control or direction characters, found U+%04X", field, r)
			}
		}
	}
	return nil
}
