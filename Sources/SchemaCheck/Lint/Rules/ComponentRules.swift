import ContractCompiler
import Foundation

extension LintRules {
    /// Rules about components.
    static let componentRules: [LintRule] = [
        LintRule("no-unused-components", "Every component is used.", .levels(.warn, minimal: .warn)) {
            context,
            findings in
            var used = Set(context.walk.references.compactMap(\.target).map(NodeKey.init))
            for discriminator in context.visits(.discriminator) {
                for member in discriminator["mapping"]?.members ?? [] {
                    let name = member.value.string ?? ""
                    let target =
                        name.hasPrefix("#")
                        ? context.root.node(at: String(name.dropFirst()))
                        : context.root["components"]?["schemas"]?[name]
                    if let target { used.insert(NodeKey(target)) }
                }
            }
            for section in context.root["components"]?.members ?? []
            where section.key != "securitySchemes" && !section.key.hasPrefix("x-") {
                for member in section.value.members ?? [] where !used.contains(NodeKey(member.value)) {
                    findings.report("the component '\(member.key)' is not used", at: member)
                }
            }
            // Our own extension names the schemes that a server may require.
            let optional = context.visits(.operation).flatMap { $0.node["x-optional-security"]?.items ?? [] }
            let required = Set(
                (context.visits(.securityRequirement).map(\.node) + optional).flatMap { ($0.members ?? []).map(\.key) }
            )
            for member in context.root["components"]?["securitySchemes"]?.members ?? []
            where !required.contains(member.key) {
                findings.report("the security scheme '\(member.key)' is not used", at: member)
            }
        },
        LintRule(
            "spec-components-invalid-map-name",
            "Component names contain only letters, digits, '.', '-' and '_'.",
            .levels(.error, minimal: .warn, spec: .error)
        ) { context, findings in
            for section in context.root["components"]?.members ?? [] where !section.key.hasPrefix("x-") {
                for member in section.value.members ?? [] where member.key.wholeMatch(of: #/[A-Za-z0-9.\-_]+/#) == nil {
                    findings.report(
                        "the name '\(member.key)' contains characters other than letters, digits, '.', '-' and '_'",
                        at: member
                    )
                }
            }
        },
        LintRule("component-name-unique", "Component names are unique.", .off) { context, findings in
            var seen: [String: Location] = [:]
            func check(_ name: String, _ location: Location, _ pointer: String) {
                guard let other = seen.updateValue(location, forKey: name) else { return }
                let note = Diagnostic.Note(message: "the other definition", location: other)
                findings.report("two components are named '\(name)'", at: location, pointer: pointer, notes: [note])
            }
            for section in context.root["components"]?.members ?? [] where !section.key.hasPrefix("x-") {
                for member in section.value.members ?? [] {
                    check(member.key, member.keyLocation, member.value.pointer)
                }
            }
            // The name of a schema file names its schema.
            let files = context.walk.visits.filter { $0.kind == .schema && $0.node.pointer.isEmpty }
            for visit in files {
                let name = URL(fileURLWithPath: visit.node.location.file.path).lastPathComponent
                check(String(name.prefix { $0 != "." }), visit.node.location, "")
            }
        },
    ]
}
