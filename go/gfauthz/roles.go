package gfauthz

import "strings"

// Level is a role as a number.
type Level int

// Levels by rising power.
const (
	Viewer Level = iota
	Tagger
	Editor
	Admin
	Owner
)

func (l Level) String() string {
	return [...]string{"viewer", "tagger", "editor", "admin", "owner"}[l]
}

// commands are the command paths of the levels, each within the one of the next level (AZ10). The owner has the admin's,
// by the root.
var commands = [...]string{"/gf/flow/edit/tag/view", "/gf/flow/edit/tag", "/gf/flow/edit", "/gf/flow", "/gf/flow"}

func (l Level) command() string { return commands[l] }

// operations says which level's command each of GloFlow's operations, and membership, needs.
var operations = map[string]Level{
	"flow_get":             Viewer,
	"flow_add_tag":         Tagger,
	"flow_remove_tag":      Tagger,
	"flow_add_img_tag":     Tagger,
	"flow_remove_img_tag":  Tagger,
	"flow_add_img_note":    Tagger,
	"flow_remove_img_note": Tagger,
	"flow_add_img":         Editor,
	"flow_remove_img":      Editor,
	"flow_delete":          Admin,
	"membership":           Admin,
}

func levelOf(command string) (Level, error) {
	for level := Viewer; level <= Admin; level++ {
		if level.command() == command {
			return level, nil
		}
	}
	return 0, errorf(CommandInvalid, "a command is one of the four role paths, such as /gf/flow/edit")
}

// covers is true where granted is needed or an ancestor of it, compared segment by segment.
func covers(granted, needed string) bool {
	have, want := strings.Split(granted, "/"), strings.Split(needed, "/")
	if len(have) > len(want) {
		return false
	}
	for i, segment := range have {
		if segment != want[i] {
			return false
		}
	}
	return true
}
