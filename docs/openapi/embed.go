// Package openapi carries the OpenAPI document of a node's REST routes, generated from the .proto files by make proto,
// and the page that shows it.
package openapi

import "embed"

// Files holds index.html and dualchain.swagger.json.
//
//go:embed index.html dualchain.swagger.json
var Files embed.FS
