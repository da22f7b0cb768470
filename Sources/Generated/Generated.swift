// The rest of this module appears at `swift build`: the plugin `ContractGen` makes one Swift file of each file under `openapi` and
// `jsonschema`, which are links because SwiftPM looks for new and deleted files only inside a target's folder.
