package bootstrap

import (
	"regexp"
	"runtime/debug"
)

// release is the version that this source is, or becomes. A build sets another one by
// -ldflags "-X coffeeshop/bootstrap.release=1.2.3".
var release = "0.1.0"

// version is the release, without a v. A build from a tag has the tag's.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return versionOf(info)
	}
	return release
}

// build is the version with the revision of the source, as far as the build knows it.
func build() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return describe(info)
	}
	return release
}

// tag is a version as Go knows it of a tag. Between two tags it has a time and a revision behind it.
var tag = regexp.MustCompile(`^v(\d+\.\d+\.\d+(-(alpha|beta|rc)\.\d+)?)$`)

func versionOf(info *debug.BuildInfo) string {
	if found := tag.FindStringSubmatch(info.Main.Version); found != nil {
		return found[1]
	}
	return release
}

func describe(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	text, revision := versionOf(info), settings["vcs.revision"]
	if len(revision) < 12 {
		return text
	}
	if settings["vcs.modified"] == "true" {
		return text + " (" + revision[:12] + ", modified)"
	}
	return text + " (" + revision[:12] + ")"
}
