// Package licenses holds the licences of the service and of all that its program contains.
package licenses

import _ "embed"

//go:embed third_party.txt
var thirdParty string

const ours = `Coffee Shop API is licensed under the MIT License: see the file LICENSE of its source.

It contains the modules and files below, each under the licence that follows its names.
`

// All is the text of all licences.
func All() string { return ours + thirdParty }
